package dev.cpniguard

import dev.cpniguard.ffi.Day
import dev.cpniguard.ffi.Decisions
import dev.cpniguard.ffi.SecretKind
import dev.cpniguard.ffi.UniffiLib
import java.nio.ByteBuffer
import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.Interaction as Ffi

/** What establishes who the customer is. The characters stay yours to overwrite. */
public class Evidence private constructor(internal val present: (Ffi) -> Presented) {
    override fun toString(): String = "Evidence(..)"

    public companion object {
        /** The account password. */
        @JvmStatic
        public fun password(given: CharArray): Evidence = secret(SecretKind.PASSWORD, given)

        /** The answer to the back-up question. */
        @JvmStatic
        public fun backup(given: CharArray): Evidence = secret(SecretKind.BACKUP, given)

        /** The passcode that the customer set for port-outs. */
        @JvmStatic
        public fun portPasscode(given: CharArray): Evidence = secret(SecretKind.PORT_PASSCODE, given)

        /** The one-time code that went to the number or the address of record. */
        @JvmStatic
        public fun oneTimeCode(to: CodeTo, given: CharArray): Evidence = secret(
            if (to == CodeTo.NUMBER_OF_RECORD) SecretKind.CODE_TO_NUMBER else SecretKind.CODE_TO_ADDRESS,
            given,
        )

        /** What a system of the host's established: never an agent's word. */
        @JvmStatic
        public fun attested(what: Attested): Evidence = Evidence { it.attest(what) }

        /** What the customer stated and never authenticates. The value itself is not taken. */
        @JvmStatic
        public fun stated(what: Stated): Evidence = Evidence { it.noteStated(what) }

        private fun secret(kind: SecretKind, given: CharArray) =
            Evidence { call -> given.lend { call.present(kind, it) } }
    }
}

/**
 * A customer contact in progress, on one account. Threads wait for each other.
 *
 * [close] ends it: everything that it disclosed is wiped and nothing more is readable. That the end could not be
 * recorded is thrown; it has ended all the same.
 */
public class Interaction internal constructor(
    internal val ffi: Ffi,
    private val callFields: Set<String>,
) : AutoCloseable {
    private val handle = Handle(calling { ffi.uniffiCloneHandle() }, Kind.INTERACTION)

    /** Presents evidence. The caller learns match or no match, nothing else. */
    public fun present(evidence: Evidence): Presented = calling { evidence.present(ffi) }

    /** Presents a photo ID at a retail location. The library compares the name with the sealed one in [field]. */
    public fun showPhotoId(
        kind: PhotoIdKind,
        expires: LocalDate,
        name: CharArray,
        stored: Stored,
        field: String,
    ): Presented = calling {
        val year = expires.year.coerceIn(Short.MIN_VALUE.toInt(), Short.MAX_VALUE.toInt()).toShort()
        val day = Day(year, expires.monthValue.toByte(), expires.dayOfMonth.toByte())
        stored.request(listOf(field), false) { request ->
            stored.bytes.lend { bytes -> name.lend { ffi.showPhotoId(kind, day, it, bytes, request) } }
        }
    }

    /** Presents a call that the customer names without help. It is looked for in [field]. */
    @JvmOverloads
    public fun nameCall(
        number: CharArray,
        started: Instant,
        stored: Stored,
        field: String,
        seconds: UInt? = null,
    ): Presented = calling {
        stored.request(listOf(field), false) { request ->
            stored.bytes.lend { bytes ->
                number.lend { ffi.nameCall(it, started.micros(), seconds, bytes, request) }
            }
        }
    }

    /** Asks to see fields. The record of it is durable before any value is opened. Nothing is disclosed if it fails. */
    public fun view(stored: Stored, vararg fields: String): View = view(stored, fields.asList(), false)

    /** The same, of a list of fields. */
    public fun view(stored: Stored, fields: Collection<String>): View = view(stored, fields, false)

    /** Asks to see, of fields of calls, only the call that the customer named unaided (47 CFR 64.2010(b)). */
    public fun viewNamedCall(stored: Stored, vararg fields: String): View = view(stored, fields.asList(), true)

    private fun view(stored: Stored, fields: Collection<String>, named: Boolean): View = calling {
        stored.request(fields, named) { request ->
            stored.bytes.lend { sealed ->
                val answer = handle.call { number ->
                    answer {
                        UniffiLib.uniffi_cpni_guard_ffi_fn_method_interaction_view(number, lend(0, sealed), lend(1, request), it)
                    }
                }
                View(WireReader(answer), callFields)
            }
        }
    }

    /**
     * As [view], sealed for the device session that made [request] (`DeviceRequest.toByteArray`): the reply for the
     * agent's machine, which no other session opens. The first request binds the interaction to its session.
     */
    public fun viewForDevice(stored: Stored, fields: Collection<String>, request: ByteArray): ByteArray = calling {
        stored.request(fields, false) { asked ->
            stored.bytes.lend { bytes -> request.lend { ffi.viewForDevice(bytes, asked, it) } }
        }
    }

    /**
     * Asks the same of several records, or several fields, of this account: 10,000 at most. Each is decided and recorded
     * by itself, and its values die with the interaction.
     */
    public fun viewAll(stored: List<Stored>, vararg fields: String): List<Each<View>> {
        val one = stored.firstOrNull() ?: return emptyList()
        if (stored.any { it.recordId != one.recordId || (it is SealedField) != (one is SealedField) }) {
            return stored.map { each -> eachOf { view(each, *fields) } }
        }
        val answer = asked(one, stored, fields) { sealed, request ->
            handle.call { number ->
                answer {
                    UniffiLib.uniffi_cpni_guard_ffi_fn_method_interaction_view_many(
                        number, lend(0, sealed), lend(1, request), it,
                    )
                }
            }
        }
        val reader = WireReader(answer)
        return List(reader.count(LEAST_RESULT)) {
            // As UniFFI writes `ViewResult`.
            when (reader.u32()) {
                1 -> Each.Done(View(reader, callFields))
                2 -> Each.Failed(CpniException.of(reader.u16()))
                else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
            }
        }
    }

    /**
     * Asks the same of many records, or many fields, of this account, in one call that brings every value with it:
     * for lists, where [viewAll] costs some calls a record. Each is decided, counted and recorded by itself; 10,000
     * at most, all under the same record id ([ErrorCode.BINDING_LAYOUT]; nothing is opened then).
     *
     * The values are in this JVM from here on: [BatchView.close] overwrites them, the end of the interaction does not.
     */
    public fun viewBatch(stored: List<Stored>, vararg fields: String): BatchView {
        val one = stored.firstOrNull()
        if (stored.any { it.recordId != one?.recordId || (it is SealedField) != (one is SealedField) }) {
            throw CpniException(ErrorCode.BINDING_LAYOUT)
        }
        val why = calling { Decisions() }
        val answer = asked(one ?: NOTHING, stored, fields) { sealed, request ->
            handle.call { number ->
                bytes {
                    UniffiLib.uniffi_cpni_guard_ffi_fn_method_interaction_view_batch(
                        number, lend(0, sealed), lend(1, request), why.uniffiCloneHandle(), it,
                    )
                }
            }
        }
        return BatchView(answer, why)
    }

    /** Asks the same of sealed bytes that are all of one kind. */
    private inline fun asked(
        one: Stored,
        stored: List<Stored>,
        fields: Array<out String>,
        ask: (sealed: ByteBuffer, request: ByteBuffer) -> ByteArray,
    ): ByteArray {
        val length = stored.fold(4L) { length, each -> length + 4 + each.bytes.remaining() }
        if (length > Int.MAX_VALUE) throw CpniException(ErrorCode.BINDING_LAYOUT)
        return Wire(pooled = false, expected = length.toInt()).use { batch ->
            batch.u32(stored.size)
            for (each in stored) batch.u32(each.bytes.remaining()).bytes(each.bytes)
            calling { one.request(fields.asList(), false) { request -> ask(batch.lent(), request) } }
        }
    }

    /**
     * Asks to see what a vault token stands for: a view of one field, decided, watched and recorded as any.
     * [ErrorCode.TOKEN_NOT_VALID]: unknown, expired, used up, revoked, of another account or for another purpose; the
     * answer says no more.
     */
    public fun detokenise(token: VaultToken): View = View.of(calling { ffi.detokenise(token.ffi) }, callFields)

    /**
     * The way back from a token of a column: a view of the field that it stands for, out of [stored] of this account, if it
     * is the token of the account's own value. [ErrorCode.TOKEN_NOT_OF_THIS_ACCOUNT] counts as a comparison.
     */
    public fun <T : Token> viewToken(stored: Stored, column: TokenColumn<T>, token: T): View = calling {
        stored.request(emptyList(), false) { request ->
            stored.bytes.lend { bytes ->
                token.text.toCharArray().lend { View.of(ffi.viewToken(bytes, request, column.name, column.kind, it), callFields) }
            }
        }
    }

    /** Says whether what the customer stated is the stored value. The value is not shown. */
    public fun verify(stored: Stored, field: String, given: CharArray): Verification = calling {
        stored.request(listOf(field), false) { request ->
            stored.bytes.lend { bytes -> Verification.of(given.lend { ffi.verify(bytes, request, it) }) }
        }
    }

    /** Sends fields to the customer's address of record. The agent sees a receipt, not the values. */
    public fun sendToAddressOfRecord(stored: Stored, vararg fields: String): Receipt = calling {
        stored.request(fields.asList(), false) { request ->
            stored.bytes.lend { bytes -> Receipt(ffi.sendToAddressOfRecord(bytes, request)) }
        }
    }

    /** Makes a one-time code and has the host send it. */
    public fun sendOneTimeCode(to: CodeTo): Unit = calling { ffi.sendOneTimeCode(to) }

    /** Has the host's dialler call the customer at the telephone number of record. */
    public fun callBack(): Unit = calling { ffi.callBack() }

    /**
     * Keeps the customer's oral approval of a use of CPNI for this contact. [recording]: the host's pointer to the
     * proof; [script]: the version of the notice that was read out.
     */
    public fun recordOralApproval(recording: String, script: String): Unit =
        calling { ffi.recordOralApproval(recording, script) }

    /** Has a second person approve: an action, for one decision, or, without one, what is disclosed here. */
    @JvmOverloads
    public fun approve(approverSession: String, action: Action? = null): Unit =
        calling { ffi.approve(approverSession, action) }

    /**
     * Decides an action without carrying it out. Where a notice is due, it is queued before the decision is given:
     * call this before the change is made.
     */
    public fun decide(action: Action): ActionDecision = calling { ActionDecision.of(ffi.decide(action)) }

    override fun close() {
        try {
            unlessClosed(Unit) { ffi.end() }
        } finally {
            ffi.close()
            handle.close()
        }
    }

    override fun toString(): String = "Interaction(..)"

    private companion object {
        /** What a batch without records is asked as. */
        val NOTHING = SealedRecord(ByteArray(0))

        /** Which result, and a code. */
        const val LEAST_RESULT = 6
    }
}

private inline fun <T> eachOf(work: () -> T): Each<T> = try {
    Each.Done(work())
} catch (refused: CpniException) {
    Each.Failed(refused)
}
