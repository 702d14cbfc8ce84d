package dev.cpniguard

import java.time.Duration
import java.time.Instant
import dev.cpniguard.ffi.ContactPoint as FfiPoint
import dev.cpniguard.ffi.FraudReport as FfiReport
import dev.cpniguard.ffi.LockState as FfiLock
import dev.cpniguard.ffi.ReportedChange as FfiChanged
import dev.cpniguard.ffi.SimStatistics as FfiStatistics
import dev.cpniguard.ffi.TransactionStatus as FfiStatus
import dev.cpniguard.ffi.Transactions as Ffi

public typealias NoticeAbout = dev.cpniguard.ffi.NoticeAbout
public typealias Objection = dev.cpniguard.ffi.Objection
public typealias TransactionKind = dev.cpniguard.ffi.TransactionKind
public typealias TransactionNotice = dev.cpniguard.ffi.TransactionNotice
public typealias TransactionState = dev.cpniguard.ffi.TransactionState

/** The transactions of the tenant's accounts, for the back end; not for an agent's tool. They end with the guard. */
public fun Guard.transactions(): Transactions = Transactions(calling { ffi.transactions() })

/** The 14 fields that a carrier may require for a simple port (47 CFR 52.36), and no other, by their names. */
public fun portFields(): List<String> = calling { dev.cpniguard.ffi.portFields() }

/** Transactions outside an interaction: the host's worker, the second person, objections, fraud, statistics. */
public class Transactions internal constructor(private val ffi: Ffi) : AutoCloseable {
    /** How a transaction stands. [ErrorCode.TRANSACTION_NO_SUCH_TRANSACTION]: the account has none of this id. */
    public fun status(account: String, id: String): TransactionStatus =
        TransactionStatus.of(calling { ffi.status(account, id) })

    /** The transactions of an account that are kept, oldest first. */
    public fun of(account: String): List<TransactionStatus> =
        calling { ffi.ofAccount(account) }.map { TransactionStatus.of(it) }

    /** Those of them that wait: for a time, for a second person, or for both. */
    public fun waiting(account: String): List<TransactionStatus> =
        of(account).filter { it.state == TransactionState.WAITING }

    /** The customer's lock. The host's own ([AccountFacts]) hold beside it. Where this fails, it is on. */
    public fun lock(account: String, kind: LockKind): LockState = LockState.of(calling { ffi.lock(account, kind) })

    /**
     * Somebody who was told that a lock goes did not ask for it: it stays. Recorded. Whoever says so, it does no harm: the
     * customer asks again.
     */
    public fun keepLock(account: String, kind: LockKind): Unit = calling { ffi.keepLock(account, kind) }

    /**
     * A second person approves a transaction: somebody else, of the carrier, whom the directory lets approve and whose
     * training is current, signed in with a session of their own; else [ErrorCode.INTERACTION_MAY_NOT_APPROVE]. [shown]: the
     * change that this person was shown; an approval of another target is none.
     */
    public fun approve(account: String, id: String, shown: ChangeRequest, approverSession: String): Unit =
        calling { ffi.approve(account, id, shown.ffi, approverSession) }

    /**
     * Leave to carry out a transaction that waited, for the host's worker: once its wait is over
     * ([ErrorCode.TRANSACTION_NOT_YET]) and its second person approved ([ErrorCode.TRANSACTION_NEEDS_APPROVAL]). One that
     * waited for nothing is permitted in its own interaction only.
     */
    public fun permit(account: String, id: String, change: ChangeRequest): ExecutePermit =
        ExecutePermit(calling { ffi.permit(account, id, change.ffi) })

    /** Uses a permit up, also where this fails. As [Interaction.execute], for a transaction that waited. */
    public fun execute(permit: ExecutePermit, change: ChangeRequest): Execution =
        Execution(calling { ffi.execute(permit.ffi, change.ffi) })

    /** The host carried it out. Recorded. May be said again where it failed. */
    public fun confirm(execution: Execution): Unit = calling { ffi.confirm(execution.ffi) }

    /** The host did not carry it out, and will not. Recorded. */
    public fun notDone(execution: Execution): Unit = calling { ffi.notDone(execution.ffi) }

    /**
     * Somebody looked into the host's own systems, after a process died with an execution in its hands: it was carried
     * out, or it was not. [session]: who looked.
     */
    public fun settle(account: String, id: String, isDone: Boolean, session: String): Unit =
        calling { ffi.settle(account, id, isDone, session) }

    /**
     * Somebody who was notified says that they did not ask for this: stops it. [from]: the contact point from which the
     * host's system has it. [ErrorCode.TRANSACTION_WRONG_STATE]: it is too late; report fraud.
     */
    public fun takeObjection(account: String, id: String, from: NoticeTarget): Objection =
        calling { ffi.takeObjection(account, id, from) }

    /**
     * Takes over which contact points an account has now, the telephone number of record apart: all of them. Those that are
     * not named any more went now. The first time they are believed as they are; a point that is named later is there from
     * then, and is told of nothing for 30 days. Recorded, but not which.
     */
    public fun setContactPoints(account: String, points: List<ContactPoint>): Unit =
        calling { ffi.setContactPoints(account, points.map { it.ffi() }) }

    /**
     * Fraud is reported: all that can be stopped is stopped, and nothing is asked for, permitted or executed until it is
     * [remedied]. Gives what changed since a time, by whom and on which evidence, and the order in which to reverse it.
     */
    public fun reportFraud(account: String, case: String, since: Instant, session: String): FraudReport =
        FraudReport.of(calling { ffi.reportFraud(account, case, since.micros(), session) })

    /** What was carried out was taken back by the host. Recorded. */
    public fun reverse(account: String, id: String, session: String): Unit = calling { ffi.reverse(account, id, session) }

    /** The fraud is remedied: the account is free again. How long that took stands in the statistics. */
    public fun remedied(account: String, case: String, session: String): Unit =
        calling { ffi.remedied(account, case, session) }

    /**
     * The records of SIM change requests of a period, as 47 CFR 64.2010(h)(8) asks for them (adopted and not yet required;
     * read in a secondary source). Reads the whole log; ask for at most three years.
     */
    public fun simStatistics(from: Instant, until: Instant): SimStatistics =
        SimStatistics.of(calling { ffi.simStatistics(from.micros(), until.micros()) })

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "Transactions(..)"
}

/**
 * How a transaction stands.
 *
 * @property id which one.
 * @property action what it does.
 * @property state where it is. One whose time is over is shown as expired.
 * @property requested when it was asked for.
 * @property notBefore not carried out before then.
 * @property ends not carried out from then on.
 * @property needsApproval whether a second person has to approve it, and did not yet.
 * @property agent who asked for it.
 * @property approver who approved it.
 * @property notified where notices of it went: each may object.
 */
public data class TransactionStatus(
    val id: String,
    val action: Action,
    val state: TransactionState,
    val requested: Instant,
    val notBefore: Instant,
    val ends: Instant,
    val needsApproval: Boolean,
    val agent: String,
    val approver: String?,
    val notified: List<NoticeTarget>,
) {
    internal companion object {
        fun of(ffi: FfiStatus) = TransactionStatus(
            ffi.id, ffi.action, ffi.state, instantOfMicros(ffi.requestedMicros.toLong()),
            instantOfMicros(ffi.notBeforeMicros.toLong()), instantOfMicros(ffi.endsMicros.toLong()), ffi.needsApproval,
            ffi.agent, ffi.approver, ffi.notified,
        )
    }
}

/** A lock of the customer's. */
public sealed class LockState {
    /** Whether it is on at a time. */
    public abstract fun isOn(now: Instant): Boolean

    /** Never set, or removed. */
    public object Off : LockState() {
        override fun isOn(now: Instant): Boolean = false

        override fun toString(): String = "Off"
    }

    /** Set. */
    public object On : LockState() {
        override fun isOn(now: Instant): Boolean = true

        override fun toString(): String = "On"
    }

    /** Its removal was asked for. @property until set until then. */
    public data class OnUntil(val until: Instant) : LockState() {
        override fun isOn(now: Instant): Boolean = now < until
    }

    internal companion object {
        fun of(ffi: FfiLock): LockState = when (ffi) {
            is FfiLock.Off -> Off
            is FfiLock.On -> On
            is FfiLock.OnUntil -> OnUntil(instantOfMicros(ffi.micros.toLong()))
        }
    }
}

/**
 * A contact point as the host tells it.
 *
 * @property id the host's id of it. Not the address.
 * @property channel how it is reached. The telephone number of record needs no telling: it is always there.
 * @property since since when the account has it.
 * @property fromTheBeginning whether it is there since the service began (64.2010(f)(1): that was no change).
 */
public data class ContactPoint(
    val id: String,
    val channel: ContactChannel,
    val since: Instant,
    val fromTheBeginning: Boolean = false,
) {
    internal fun ffi() = FfiPoint(id, channel, since.micros(), fromTheBeginning)
}

/**
 * A change of an account, of those that somebody who took it over would make.
 *
 * @property kind what the log tells of.
 * @property action what was done; `null`: a secret was imported, contact points were told.
 * @property transaction the transaction, where it is one: [Transactions.reverse] it.
 * @property at when.
 * @property by who asked for it; `null`: the back end itself.
 * @property evidence on which evidence.
 * @property auditIndex the number of the audit event, from 0.
 */
public data class ReportedChange(
    val kind: EventKind,
    val action: Action?,
    val transaction: String?,
    val at: Instant,
    val by: String?,
    val evidence: List<AuditedEvidence>,
    val auditIndex: ULong,
) {
    internal companion object {
        fun of(ffi: FfiChanged) = ReportedChange(
            ffi.kind, ffi.action, ffi.transaction, instantOfMicros(ffi.atMicros.toLong()), ffi.`by`, ffi.evidence, ffi.auditIndex,
        )
    }
}

/**
 * What is known once fraud is reported, and what to do.
 *
 * @property frozenSince since when the account is frozen.
 * @property stopped the transactions that were stopped.
 * @property inDoubt those that the host has in its hands: [Transactions.settle] them first.
 * @property changes what changed, in the order in which to reverse it: SIM and number first, as what is set anew would
 *   reach whoever has them; then contact points; then the rest. The last change first in each.
 */
public data class FraudReport(
    val frozenSince: Instant,
    val stopped: List<String>,
    val inDoubt: List<String>,
    val changes: List<ReportedChange>,
) {
    internal companion object {
        fun of(ffi: FfiReport) = FraudReport(
            instantOfMicros(ffi.frozenSinceMicros.toLong()), ffi.stopped, ffi.inDoubt, ffi.changes.map { ReportedChange.of(it) },
        )
    }
}

/**
 * How often customers were authenticated by something.
 *
 * @property count how often.
 * @property first the first time.
 * @property last the last time.
 */
public data class AuthenticationCount(val count: ULong, val first: Instant, val last: Instant)

/**
 * SIM change requests of a period. Every number is of events in the period; what was asked for before and ended in it counts
 * where it ended.
 *
 * @property requests the requests, also those that were refused at once.
 * @property successful those that were carried out.
 * @property failed those that were not: refused, cancelled, expired.
 * @property fraudulent those that were carried out and then taken back as fraud.
 * @property complaints reports of fraud on accounts, of whatever kind.
 * @property remedied of the reports that were remedied in the period: how many.
 * @property averageRemedy how long that took on average; `null`: none was.
 * @property authentication what customers were authenticated by in the requests.
 * @property logBegins the time of the first event of the log. Later than the beginning of the period: the figures are of a
 *   part.
 */
public data class SimStatistics(
    val requests: ULong,
    val successful: ULong,
    val failed: ULong,
    val fraudulent: ULong,
    val complaints: ULong,
    val remedied: ULong,
    val averageRemedy: Duration?,
    val authentication: Map<EvidenceKind, AuthenticationCount>,
    val logBegins: Instant,
) {
    internal companion object {
        fun of(ffi: FfiStatistics) = SimStatistics(
            ffi.requests, ffi.successful, ffi.failed, ffi.fraudulent, ffi.complaints, ffi.remedied,
            ffi.averageRemedyMicros?.let { Duration.ofNanos(Math.multiplyExact(it.toLong(), 1_000L)) },
            ffi.authentication.associate {
                val (first, last) = instantOfMicros(it.firstMicros.toLong()) to instantOfMicros(it.lastMicros.toLong())
                it.kind to AuthenticationCount(it.count, first, last)
            },
            instantOfMicros(ffi.logBeginsMicros.toLong()),
        )
    }
}
