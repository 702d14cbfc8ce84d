package dev.cpniguard

/** What a view says of its fields, as in `docs/spec/binding-layout-v1.md`: decoded when somebody looks. No value is in it. */
internal class Told(private val bytes: ByteArray) {
    val auditIndex: ULong = WireReader(bytes).u64().toULong()

    /** For each field its state and the decision. */
    fun fields(): List<Pair<Int, Decision>> {
        val reader = WireReader(bytes, AUDIT_INDEX)
        val decisions = List(reader.u16()) { reader.decision("") }
        val fields = List(reader.u16()) {
            val name = reader.string8()
            val state = reader.state()
            val decision = decisions.getOrNull(reader.u16()) ?: throw CpniException(ErrorCode.BINDING_LAYOUT)
            state to decision.copy(`field` = name)
        }
        if (reader.at != bytes.size) throw CpniException(ErrorCode.BINDING_LAYOUT)
        return fields
    }

    private companion object {
        const val AUDIT_INDEX = 8
    }
}

internal const val WITHHELD = 0
internal const val ABSENT = 1
internal const val DISCLOSED = 2

/** Whether there is a value. */
internal fun WireReader.state(): Int =
    u8().also { if (it > DISCLOSED) throw CpniException(ErrorCode.BINDING_LAYOUT) }

/** The decision on this field. */
internal fun WireReader.decision(field: String): Decision {
    val outcome = OUTCOMES.getOrNull(u8() - 1)
    val form = u8()
    val scope = SCOPES.getOrNull(u8() - 1)
    val because = u8()
    val bits = u32()
    val text = string32()
    val known = outcome != null && scope != null && form <= FORMS.size && because <= CAUSES.size
    if (!known || bits and 1 != 0 || bits ushr OBLIGATIONS.size + 1 != 0) {
        throw CpniException(ErrorCode.BINDING_LAYOUT)
    }
    val duties = OBLIGATIONS.filterIndexed { at, _ -> bits ushr at + 1 and 1 != 0 }
    return Decision(field, outcome!!, FORMS.getOrNull(form - 1), scope!!, CAUSES.getOrNull(because - 1), duties, text)
}

// The codes of docs/spec/binding-layout-v1.md, from 1.
private val OUTCOMES = listOf(Outcome.DISCLOSE, Outcome.DISCLOSE_LIMITED, Outcome.VERIFY_ONLY, Outcome.WITHHOLD)
private val FORMS = listOf(DisclosureForm.MATCH, DisclosureForm.TOKEN, DisclosureForm.MASKED, DisclosureForm.FULL)
private val SCOPES = listOf(DisclosureScope.WHOLE, DisclosureScope.NAMED_CALL)
private val CAUSES = listOf(
    WithheldBecause.FORBIDDEN,
    WithheldBecause.NOT_GRANTED,
    WithheldBecause.FACTS_MISSING,
    WithheldBecause.HELD,
)
private val OBLIGATIONS = listOf(
    Obligation.AUDIT,
    Obligation.NOTIFY_CHANGE,
    Obligation.NOTIFY_BEFORE,
    Obligation.SUPPRESS_CHANGE_NOTICE,
    Obligation.RECORD_DISCLOSURE,
    Obligation.RECORD_CAMPAIGN,
    Obligation.EXPIRE_AT_CONTACT_END,
    Obligation.OMIT_COVERED_HOTLINES,
    Obligation.COUNT_SIM_CHANGE,
    Obligation.ALERT,
    Obligation.HOLD_FOR_HUMAN,
)
