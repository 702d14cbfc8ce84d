package dev.cpniguard

import dev.cpniguard.ffi.FfiConverterTypeProtectedRecord
import dev.cpniguard.ffi.ProtectResult
import dev.cpniguard.ffi.UniffiLib
import java.nio.ByteBuffer
import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.Guard as Ffi

/** The contact that a request comes from: its id in the host's system, and its channel. */
public data class Contact(val id: String, val channel: Channel)

/**
 * Seals customers' records and opens interactions on them. One a process; threads share it. It holds the root keys,
 * so it is for a back end: on an agent's machine there is none.
 *
 * After [close] every call fails with [ErrorCode.BINDING_CLOSED].
 */
public class Guard private constructor(internal val ffi: Ffi) : AutoCloseable {
    /** The fields whose values are calls. The schema of a guard does not change. */
    internal val callFields: Set<String> =
        calling { ffi.schemaFields() }.filter { it.isCalls }.mapTo(HashSet()) { it.name }

    private val opened = lazy { Handle(calling { ffi.uniffiCloneHandle() }, Kind.GUARD) }
    private val handle by opened

    /** Seals a record of an account. The record is overwritten, also where this fails. */
    public fun protect(account: String, record: Record): Protected = record.use {
        Wire().use { wire ->
            wire.item(account, record)
            val answer = calling {
                handle.call { number ->
                    answer { UniffiLib.uniffi_cpni_guard_ffi_fn_method_guard_protect(number, lend(0, wire.lent()), it) }
                }
            }
            sealed(record.id, FfiConverterTypeProtectedRecord.read(ByteBuffer.wrap(answer)))
        }
    }

    /**
     * Seals a record that is to be deleted after a UTC day: from its end on it opens for nobody, and [Guard.deleteDue]
     * deletes what it was sealed under. Fields that are taken out of it have the same day. Needs [GuardBuilder.subjects].
     */
    public fun protectUntil(account: String, record: Record, deleteAfter: LocalDate): Protected = record.use {
        Wire().use { wire ->
            wire.item(account, record)
            sealed(record.id, calling { ffi.protectUntil(wire.lent(), deleteAfter.ffi()) })
        }
    }

    /** Seals many records, of one account or of many, in one call. They are overwritten. */
    public fun protectAll(items: List<Pair<String, Record>>): List<Each<Protected>> = try {
        Wire().use { wire ->
            wire.u32(items.size)
            for ((account, record) in items) wire.item(account, record)
            calling { ffi.protectBatch(wire.lent()) }.mapIndexed { at, result ->
                when (result) {
                    is ProtectResult.Sealed -> Each.Done(sealed(items[at].second.id, result.record))
                    is ProtectResult.Failed -> Each.Failed(CpniException.of(result.code.toInt()))
                }
            }
        }
    } finally {
        items.forEach { it.second.close() }
    }

    /**
     * Opens an interaction: who asks ([session], the token of the host's own sign-in), on which account, why, and from
     * which contact; without one it is back-office work without a case.
     */
    @JvmOverloads
    public fun interaction(session: String, account: String, purpose: Purpose, contact: Contact? = null): Interaction =
        Interaction(calling { ffi.openInteraction(session, account, purpose, contact?.id, contact?.channel) }, callFields)

    /** Takes over a secret that the customer established elsewhere. Recorded. */
    public fun importSecret(kind: ImportedSecret, account: String, value: CharArray): Unit =
        calling { value.lend { ffi.importSecret(kind, account, it) } }

    /** Keeps facts about an account, for a host without an [AccountFactSource]. Recorded, without the facts. */
    public fun setAccountFacts(account: String, facts: AccountFacts): Unit =
        calling { ffi.setAccountFacts(account, facts.ffi) }

    /** Adds to the history of a customer's approvals (47 CFR 64.2007, 64.2008). Recorded. */
    public fun recordConsent(account: String, at: Instant, change: ConsentChange): Unit =
        calling { ffi.recordConsent(account, at.micros(), change.ffi()) }

    /** Makes accounts decoys: whoever opens or reads one is told of at once. Not recorded. */
    public fun addDecoys(accounts: List<String>): Unit = calling { ffi.addDecoys(accounts) }

    /** Makes decoys ordinary accounts. */
    public fun removeDecoys(accounts: List<String>): Unit = calling { ffi.removeDecoys(accounts) }

    /** Lifts what the watch holds against an agent. The approver is another person, with a session of their own. */
    public fun liftWatch(agent: String, approverSession: String): Unit =
        calling { ffi.liftWatch(agent, approverSession) }

    /** The audit log. It ends with the guard. */
    public fun audit(): AuditLog = AuditLog(calling { ffi.audit() })

    /** The queue of notices to customers. */
    public fun notices(): Notices = Notices(this)

    /** The fields of the schema. */
    public fun schemaFields(): List<SchemaField> = calling { ffi.schemaFields() }

    /** The policy packs, and which of them decide now. */
    public fun policyStatus(): List<PolicyPack> = calling { ffi.policyStatus() }

    /**
     * What this guard enforces now, as JSON. It says which rules decide and what is missing; it never says that a
     * carrier meets its duties.
     */
    public fun attestationJson(): String = calling { ffi.attestationJson() }

    /** The same, as a page of text. */
    public fun attestationText(): String = calling { ffi.attestationText() }

    /**
     * What the audit log holds of a period, for the certificate of 47 CFR 64.2009(e). It reports; the officer
     * certifies. [checkpoint]: the signed note that was kept outside, if there is one.
     */
    @JvmOverloads
    public fun evidenceReport(
        from: Instant,
        until: Instant,
        carrier: CarrierNumbers? = null,
        checkpoint: String? = null,
    ): EvidencePages = calling { ffi.evidenceReport(from.micros(), until.micros(), carrier, checkpoint) }

    /**
     * Whose data an incident touched, with the names of the accounts. That it was asked is recorded first. [prove]:
     * every event is read and hashed; else the index is believed.
     */
    public fun breachScope(officerSession: String, accesses: IncidentAccesses, prove: Boolean): BreachScope =
        BreachScope(calling { ffi.breachScope(officerSession, accesses, prove) })

    /**
     * The same, of [accesses], of data that was [stolen] past the library, or of both, from this guard's log and from
     * [others] of the same tenant. `null` for [accesses]: only what was stolen.
     */
    public fun breachScope(
        officerSession: String,
        accesses: IncidentAccesses?,
        stolen: StolenRecords?,
        others: List<AuditLog>,
        prove: Boolean,
    ): BreachScope =
        BreachScope(calling { ffi.breachScopeOf(officerSession, accesses, stolen?.ffi, others.map { it.ffi }, prove) })

    /**
     * The account of one event of the log, for an alarm or an answer of [AuditLog.seenBy]; `null`: it is about none.
     * For breach officers; that it was asked is recorded first.
     */
    public fun nameAccount(officerSession: String, event: ULong): String? =
        calling { ffi.nameAccount(officerSession, event) }?.toString(Charsets.UTF_8)

    /** Shuts the guard down; its files are closed when the last of its interactions has ended. Twice is once. */
    override fun close() {
        try {
            unlessClosed(Unit) { ffi.shutDown() }
        } finally {
            ffi.close()
            if (opened.isInitialized()) handle.close()
        }
    }

    override fun toString(): String = "Guard(..)"

    private fun Wire.item(account: String, record: Record) {
        str8(account).str8(record.id).sized { bytes(record.wire.lent()) }
    }

    private fun sealed(id: String, record: dev.cpniguard.ffi.ProtectedRecord) =
        Protected(SealedRecord.of(ByteBuffer.wrap(record.sealed), id), record.concerns, record.terms)

    public companion object {
        /**
         * Builds a guard: loads the keys, compiles the policy, opens the audit log. [ErrorCode.GUARD_MISSING] if a
         * needed part is missing; else what the part itself says.
         */
        @JvmStatic
        public fun build(parts: GuardBuilder.() -> Unit): Guard =
            calling { dev.cpniguard.ffi.GuardBuilder() }.use { builder ->
                GuardBuilder(builder).parts()
                Guard(calling { builder.build() })
            }
    }
}

/** Checks a schema file: every fault that was found, with its place. */
public fun checkSchema(toml: String): List<Fault> = calling { dev.cpniguard.ffi.checkSchema(toml) }

/** Checks a grants file beside the built-in packs. */
public fun checkGrants(toml: String): List<Fault> = calling { dev.cpniguard.ffi.checkGrants(toml) }

/** Checks a file of watch rules. */
public fun checkWatch(toml: String): List<Fault> = calling { dev.cpniguard.ffi.checkWatch(toml) }

/** An event of the history of a customer's approvals (47 CFR 64.2007, 64.2008). */
public sealed class ConsentChange {
    /** A notice of the right to opt out was sent by e-mail. */
    public object NoticeByEmail : ConsentChange()

    /** The same, by mail. */
    public object NoticeByMail : ConsentChange()

    /** A notice was undeliverable. */
    public object Undeliverable : ConsentChange()

    /** The customer objected, to all uses. */
    public object Objection : ConsentChange()

    /** The customer opted in, after notice. [evidence]: the host's pointer to a form or a recording, not the evidence. */
    public class OptIn(internal val scope: ConsentScope, internal val evidence: String) : ConsentChange()

    /** The customer took an approval back. */
    public class Revocation(internal val scope: ConsentScope) : ConsentChange()

    internal fun ffi(): dev.cpniguard.ffi.ConsentChange = when (this) {
        is NoticeByEmail -> dev.cpniguard.ffi.ConsentChange.NoticeByEmail
        is NoticeByMail -> dev.cpniguard.ffi.ConsentChange.NoticeByMail
        is Undeliverable -> dev.cpniguard.ffi.ConsentChange.Undeliverable
        is Objection -> dev.cpniguard.ffi.ConsentChange.Objection
        is OptIn -> dev.cpniguard.ffi.ConsentChange.OptIn(scope, evidence)
        is Revocation -> dev.cpniguard.ffi.ConsentChange.Revocation(scope)
    }

    override fun toString(): String = javaClass.simpleName
}
