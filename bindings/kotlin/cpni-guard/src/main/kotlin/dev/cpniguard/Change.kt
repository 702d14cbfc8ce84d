package dev.cpniguard

import dev.cpniguard.ffi.RequestAnswer
import java.nio.ByteBuffer
import java.time.Instant
import dev.cpniguard.ffi.ChangeRequest as FfiChange
import dev.cpniguard.ffi.ExecutePermit as FfiPermit
import dev.cpniguard.ffi.Execution as FfiExecution
import dev.cpniguard.ffi.NextStep as FfiStep

public typealias AccountChange = dev.cpniguard.ffi.AccountChange
public typealias ContactChange = dev.cpniguard.ffi.ContactChange
public typealias ContactChannel = dev.cpniguard.ffi.ContactChannel
public typealias LockKind = dev.cpniguard.ffi.LockKind
public typealias NoticeTarget = dev.cpniguard.ffi.NoticeTarget
public typealias RiskFact = dev.cpniguard.ffi.RiskFact

/**
 * What is to be changed: which line, and what it becomes. Its texts are the customer's: they are compared under a key, and
 * kept nowhere, so it prints nothing. State the same texts at every step of the transaction. The characters stay yours to
 * overwrite.
 */
public class ChangeRequest private constructor(internal val ffi: FfiChange) : AutoCloseable {
    /** The action that policy decides. */
    public val action: Action by lazy { calling { ffi.action() } }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "ChangeRequest(..)"

    public companion object {
        /**
         * Moves [line] (the telephone number, or the host's id of the line) to this SIM or eSIM profile: the ICCID, or the
         * EID.
         */
        @JvmStatic
        public fun simChange(line: CharArray, newSim: CharArray): ChangeRequest = two(line, newSim) { a, b -> FfiChange.simChange(a, b) }

        /** Ports this number to that carrier: the new network service provider's code of the port request. */
        @JvmStatic
        public fun portOut(number: CharArray, toCarrier: CharArray): ChangeRequest =
            two(number, toCarrier) { a, b -> FfiChange.portOut(a, b) }

        /** Releases the handset with this IMEI from its network lock. */
        @JvmStatic
        public fun unlockHandset(imei: CharArray): ChangeRequest =
            ChangeRequest(calling { imei.lend { FfiChange.unlockHandset(it) } })

        /** Sets a secret, or opens an online account. The secret itself is not stated: no digest of it is made. */
        @JvmStatic
        public fun account(change: AccountChange): ChangeRequest = ChangeRequest(calling { FfiChange.account(change) })

        /** Changes an address or number of record to [new], which the host will know as [point]. */
        @JvmStatic
        public fun contact(change: ContactChange, point: String, new: CharArray): ChangeRequest =
            ChangeRequest(calling { new.lend { FfiChange.contact(change, point, it) } })

        private inline fun two(first: CharArray, second: CharArray, make: (ByteBuffer, ByteBuffer) -> FfiChange) =
            ChangeRequest(calling { first.lend { a -> second.lend { b -> make(a, b) } } })
    }
}

/** What happens next with a request. */
public sealed class NextStep {
    /** It may be carried out now, in this interaction: [permit]. */
    public object Execute : NextStep() {
        override fun toString(): String = "Execute"
    }

    /** It waits. @property until from when on it may be carried out, by [Transactions.permit]. */
    public data class Wait(val until: Instant) : NextStep()

    /**
     * A second person has to approve it ([Transactions.approve]).
     *
     * @property until from when on it may be carried out; in the past where only the person is missing.
     */
    public data class SecondPerson(val until: Instant) : NextStep()

    /** It is not done. @property code why; [Requested.explain] says by which rules. */
    public data class Refused(val code: Int) : NextStep() {
        /** The code; `null`: it is newer than this package. */
        public val known: ErrorCode? get() = ErrorCode.of(code)
    }

    internal companion object {
        fun of(ffi: FfiStep): NextStep = when (ffi) {
            is FfiStep.Execute -> Execute
            is FfiStep.Wait -> Wait(instantOfMicros(ffi.untilMicros.toLong()))
            is FfiStep.SecondPerson -> SecondPerson(instantOfMicros(ffi.untilMicros.toLong()))
            is FfiStep.Refused -> Refused(ffi.code.toInt())
        }
    }
}

/**
 * What came of a request.
 *
 * @property id the transaction: 32 lower-case hexadecimal digits, also in audit events.
 * @property action what it does.
 * @property at when it was asked for.
 * @property decision what policy decided.
 * @property risk what was held to be so of the request.
 * @property riskRules the rules of risk that applied.
 * @property notified where notices of it went; empty where the law suppresses them, and where it is refused.
 * @property next what happens next.
 * @property forCustomer what the customer is told: what happens next, and how to object. Without a value.
 * @property beyondSimplePort for a simple port that is refused: the rules of the host's own that refuse it for more than
 *   47 CFR 52.36 lets a carrier ask for. Such a refusal is not the library's.
 */
public class Requested internal constructor(private val answer: RequestAnswer) {
    public val id: String get() = answer.id
    public val action: Action get() = answer.action
    public val at: Instant = instantOfMicros(answer.atMicros.toLong())
    public val decision: Decision get() = answer.answer
    public val risk: Set<RiskFact> = answer.risk.toSet()
    public val riskRules: List<String> get() = answer.riskRules
    public val notified: List<NoticeTarget> get() = answer.notified
    public val next: NextStep = NextStep.of(answer.next)
    public val forCustomer: String get() = answer.forCustomer
    public val beyondSimplePort: List<String> get() = answer.beyondSimplePort

    /** The decision with its rules, facts and remedies: worked out when it is asked for. */
    public fun explain(): Explanation = calling { answer.why.explain(0u) }

    override fun toString(): String = "Requested($action, $next)"
}

/**
 * That a lock goes.
 *
 * @property until from then on it is off.
 * @property forCustomer what the customer is told.
 */
public data class LockRemoval(val until: Instant, val forCustomer: String)

/**
 * Leave to carry out one transaction, once. One call uses it up, whatever comes of that call; a second is
 * [ErrorCode.BINDING_USED_UP], also of another thread. Take it in a `use` block: what is not used by its end is forgotten.
 */
public class ExecutePermit internal constructor(internal val ffi: FfiPermit) : AutoCloseable {
    /** The transaction. */
    public val id: String = calling { ffi.id() }

    /** From when on it is good for nothing. */
    public val ends: Instant = instantOfMicros(calling { ffi.endsMicros() }.toLong())

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "ExecutePermit($id, ends=$ends)"
}

/**
 * A transaction that the host carries out now: do it, and say how it went with [Transactions.confirm] or
 * [Transactions.notDone]. One that is closed without, or dies with its process, stays executing until
 * [Transactions.settle].
 */
public class Execution internal constructor(internal val ffi: FfiExecution) : AutoCloseable {
    /** The transaction: the key by which the host's own systems can tell that they did it already. */
    public val id: String = calling { ffi.id() }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "Execution($id)"
}

/**
 * Asks for a change. It is decided, customers are told where they could be reached before, and [Requested.next] says what
 * happens next: it may be carried out ([permit]), waits, or is refused.
 *
 * [ErrorCode.TRANSACTION_ALREADY_UNDER_WAY], [ErrorCode.TRANSACTION_FROZEN], [ErrorCode.INTERACTION_NOT_NOTIFIED]: nothing
 * may be done.
 */
public fun Interaction.request(change: ChangeRequest): Requested = Requested(calling { ffi.request(change.ffi) })

/**
 * Leave to carry out a transaction, once, within ten minutes: where it waits for nothing more, and everything on which it
 * was decided is still so. [change] is what was asked for: another one is [ErrorCode.TRANSACTION_ANOTHER_TARGET].
 *
 * [ErrorCode.TRANSACTION_NOT_YET]: it waits; [ErrorCode.TRANSACTION_NEEDS_APPROVAL]: have somebody approve it;
 * [ErrorCode.TRANSACTION_FACTS_CHANGED]: ask for it anew.
 */
public fun Interaction.permit(id: String, change: ChangeRequest): ExecutePermit =
    ExecutePermit(calling { ffi.permit(id, change.ffi) })

/**
 * Uses a permit: everything is looked at once more, and then the transaction is the host's to carry out. Do it when this
 * returns. Where this fails do nothing; the permit is used up all the same.
 */
public fun Interaction.execute(permit: ExecutePermit, change: ChangeRequest): Execution =
    Execution(calling { ffi.execute(permit.ffi, change.ffi) })

/** Stops a transaction of the account, as long as the host does not have it in its hands: from any live contact about it. */
public fun Interaction.cancel(id: String): Unit = calling { ffi.cancel(id) }

/** Sets a lock, for the customer who proved to be the customer; else [ErrorCode.TRANSACTION_NOT_AUTHENTICATED]. */
public fun Interaction.setLock(kind: LockKind): Unit = calling { ffi.setLock(kind) }

/**
 * Has a lock go after the delay of the carrier's rules, for the customer who could do, without the lock, what it stops. Told
 * before, where the customer could be reached before; until then it holds, may be set again, and kept by whoever was told
 * ([Transactions.keepLock]).
 */
public fun Interaction.removeLock(kind: LockKind): LockRemoval = calling { ffi.removeLock(kind) }.let {
    LockRemoval(instantOfMicros(it.untilMicros.toLong()), it.forCustomer)
}
