package dev.cpniguard

import dev.cpniguard.ffi.AccountFlag
import java.time.Instant

// What the host answers. Rules: synchronous; called on the thread of the call that needs it, checkpoints on a
// thread of the log's own; whatever is thrown means that the host could not answer, and opens nothing: the text
// of the exception ends in this package, so log it yourself. A method must not call the interaction that asks it.

/** The host's directory of agents. It verifies the session; this library does not. */
public fun interface AgentDirectory {
    /** Who holds this session; `null`: nobody, or no longer. */
    public fun agent(session: String): AgentProfile?
}

/** The host's telephony or CRM. */
public fun interface ContactSource {
    /** The contact with this id; `null`: there is none. */
    public fun contact(id: String): ContactState?
}

/** What the host knows of accounts. */
public fun interface AccountFactSource {
    /** The facts about an account. */
    public fun accountFacts(account: String): AccountFacts
}

/** The list of covered hotlines (47 CFR 64.6408). It is taken over whole when its date changes. */
public interface HotlineSource {
    /** When the list that is held was released. */
    public fun released(): Instant

    /** The numbers: ten digits where it is a NANP number, else as it is dialled. */
    public fun numbers(): List<String>
}

/** Where values, codes and calls to customers go. */
public interface Delivery {
    /** Sends values to this address, the customer's address of record. They are gone when this returns. */
    public fun send(account: String, to: String, values: Values)

    /** Sends a one-time code to the number of record, or to this address. The code is overwritten after. */
    public fun sendCode(account: String, to: CodeTo, address: String?, code: CharArray)

    /** Has the host's dialler call the telephone number of record. */
    public fun callBack(account: String)
}

/** Takes notices of account changes, in place of the library's own queue. */
public fun interface Notifier {
    /** Queues a notice. It is on stable storage when this returns. */
    public fun queue(account: String, notice: NoticeFacts)
}

/** Takes alarms: a queue, a pager, a case system. */
public fun interface AlarmSink {
    /** In the middle of a contact: hand it on and return. The audit log holds it, also where this fails. */
    public fun alarm(alarm: AlarmFacts)
}

/** Takes checkpoints of the audit log to where who can write the log cannot write. */
public fun interface CheckpointSink {
    /** Publishes a signed note. Give up after a while: closing the guard waits for it. */
    public fun publish(note: String)
}

/**
 * Keeps the key that wraps the root keys: a KMS, an HSM, the Android Keystore. Asked when a guard is built and when keys
 * are changed ([KeyDesk]), never while fields are sealed or opened.
 */
public interface KeyProvider {
    /** Wraps a key of 1 to 4,096 bytes, with authentication, to at most 8,192 bytes. The array is overwritten after. */
    public fun wrap(key: ByteArray): ByteArray

    /** Unwraps what was wrapped; fails if the bytes were changed. The answer stays in memory until it is collected: it cannot be overwritten after it was handed over. */
    public fun unwrap(wrapped: ByteArray): ByteArray

    /** The keyring document that was stored last; `null` if none ever was. */
    public fun load(): ByteArray?

    /** Replaces the keyring document, atomically, and returns when it is durable. */
    public fun store(document: ByteArray)

    /**
     * Replaces the document as [store] does, if it is still [before]; `false`: it is another one now. Every change of a
     * keyring goes through here. Left to itself it looks first and stores then: where several processes may change the
     * keyring at once, do both in one step, or a key is destroyed that somebody has just sealed under.
     */
    public fun replace(before: ByteArray, document: ByteArray): Boolean {
        if (!load().contentEquals(before)) return false
        store(document)
        return true
    }
}

/**
 * Who asks, as the host's directory says. What is not given is unknown, and counts as least. It prints nothing.
 *
 * [country]: two letters of ISO 3166-1. [trainedUntil]: the last moment at which the training of 47 CFR 64.2009(b) is
 * current. [mayApprove]: a supervisor. [ownAccount]: for a signed-in customer. [site]: where they sit; the watch counts
 * by it.
 */
public class AgentProfile @JvmOverloads constructor(
    id: String,
    role: Role,
    employer: String,
    country: String? = null,
    trainedUntil: Instant? = null,
    mayApprove: Boolean = false,
    ownAccount: String? = null,
    site: String? = null,
) {
    internal val ffi = calling {
        val known = dev.cpniguard.ffi.AgentProfile.of(
            id, role, employer, country, trainedUntil?.micros(), mayApprove, ownAccount,
        )
        if (site == null) known else known.use { it.atSite(site) }
    }

    override fun toString(): String = "AgentProfile(..)"
}

/**
 * A call, chat, visit or case, as the host's telephony or CRM says. It prints nothing.
 *
 * [channel]: on the back office it is a ticket. [live]: going on (a ticket: open) right now. [agent]: whose it is.
 * [account]: the account that it is about, where the host knows. [caseId]: the case that is worked on.
 * [legalReview]: counsel's review of the legal demand. [groupSize]: for aggregates. [calledBack]: for a call that the
 * carrier placed. [callerIdMatches]: proves nothing by itself. [attested]: what systems of the host's established of the
 * customer in this contact, and never what the agent's tool says.
 */
public class ContactState @JvmOverloads constructor(
    channel: Channel,
    live: Boolean,
    agent: String,
    account: String? = null,
    caseId: String? = null,
    legalReview: String? = null,
    groupSize: ULong? = null,
    calledBack: CallBack? = null,
    callerIdMatches: Boolean = false,
    attested: List<Attested> = emptyList(),
) {
    internal val ffi = calling {
        val known = dev.cpniguard.ffi.ContactState.of(channel, live, agent, account, caseId)
        val isAll = legalReview == null && groupSize == null && calledBack == null && !callerIdMatches && attested.isEmpty()
        if (isAll) known else known.use { it.and(legalReview, groupSize, calledBack, callerIdMatches, attested) }
    }

    override fun toString(): String = "ContactState(..)"
}

/**
 * What the host knows of an account. What is not given is unknown, and takes its least privileged value. It prints
 * nothing.
 *
 * [address]: the host's id of the address to which something would be sent, not the address, and [addressSince] when
 * it has been on the account; one without the other is no address.
 */
public class AccountFacts @JvmOverloads constructor(
    address: String? = null,
    addressSince: Instant? = null,
    simChange: SimChange? = null,
    business: Boolean? = null,
    dedicatedRepresentative: Boolean? = null,
    cpniContract: Boolean? = null,
    writtenRequest: Boolean? = null,
    serviceInitiation: Boolean? = null,
    survivor: Boolean? = null,
    simLock: Boolean? = null,
    portLock: Boolean? = null,
    simplePort: Boolean? = null,
) {
    internal val ffi = calling {
        val flags = listOf(
            AccountFlag.BUSINESS to business,
            AccountFlag.DEDICATED_REPRESENTATIVE to dedicatedRepresentative,
            AccountFlag.CPNI_CONTRACT to cpniContract,
            AccountFlag.WRITTEN_REQUEST to writtenRequest,
            AccountFlag.SERVICE_INITIATION to serviceInitiation,
            AccountFlag.SURVIVOR to survivor,
            AccountFlag.SIM_LOCK to simLock,
            AccountFlag.PORT_LOCK to portLock,
            AccountFlag.SIMPLE_PORT to simplePort,
        )
        val holds = flags.filter { it.second == true }.map { it.first }
        val holdsNot = flags.filter { it.second == false }.map { it.first }
        dev.cpniguard.ffi.AccountFacts.of(address, addressSince?.micros(), simChange?.ffi(), holds, holdsNot)
    }

    override fun toString(): String = "AccountFacts(..)"
}

/** When the SIM last changed. */
public sealed class SimChange {
    /** Never since the service began. */
    public object Never : SimChange()

    /** Then. */
    public class At(internal val time: Instant) : SimChange()

    internal fun ffi(): dev.cpniguard.ffi.SimChange = when (this) {
        is Never -> dev.cpniguard.ffi.SimChange.Never
        is At -> dev.cpniguard.ffi.SimChange.At(time.micros())
    }

    override fun toString(): String = "SimChange(..)"
}
