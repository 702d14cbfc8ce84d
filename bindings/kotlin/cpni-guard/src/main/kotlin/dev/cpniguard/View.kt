package dev.cpniguard

import dev.cpniguard.ffi.ActionAnswer
import dev.cpniguard.ffi.Decisions
import dev.cpniguard.ffi.FfiConverterTypeExplanation
import dev.cpniguard.ffi.SendAnswer
import dev.cpniguard.ffi.UniffiLib
import dev.cpniguard.ffi.VerifyAnswer
import dev.cpniguard.ffi.ViewAnswer
import java.nio.ByteBuffer

/**
 * The answer to a view. The values stay in the library until a block asks for one, and end with [close] or with the
 * interaction: [ErrorCode.DISCLOSE_CLOSED].
 */
public class View private constructor(
    private val handle: Handle,
    said: ByteArray,
    private val callFields: Set<String>,
) : AutoCloseable {
    private val told = Told(said)

    // As UniFFI writes `ViewAnswer`. From the first on somebody frees it, whatever the rest is.
    internal constructor(reader: WireReader, callFields: Set<String>) :
        this(Handle(reader.u64(), Kind.VIEW), reader.bytes32(), callFields)

    /** The number of the audit event that records this view, from 0. */
    public val auditIndex: ULong get() = told.auditIndex

    /** The fields, in the order in which they were asked for. */
    public val fields: List<Field> by lazy(LazyThreadSafetyMode.PUBLICATION) {
        told.fields().mapIndexed { at, (state, decision) ->
            val isCalls = decision.field in callFields
            Field.of(state, decision, isCalls, Source(at, isCalls))
        }
    }

    /** The field of this name, which was asked for. */
    public operator fun get(name: String): Field =
        fields.firstOrNull { it.name == name } ?: throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)

    /** Every value that is given out, in one call; they are overwritten when [block] returns. */
    public fun <R> withValues(block: (Values) -> R): R = call { number ->
        bytes { UniffiLib.uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal_all(number, it) }
    }.asValues(block)

    override fun close() {
        handle.close()
    }

    override fun toString(): String = "View(..)"

    private inline fun <R> call(work: Door.(Long) -> R): R = calling { handle.call(work) }

    private inner class Source(private val at: Int, isCalls: Boolean) : HeldValue(isCalls), FieldSource {
        override fun reveal(): ByteArray = call { number ->
            bytes { UniffiLib.uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal(number, at, it) }
        }

        override fun matches(given: ByteBuffer): Boolean = call { number ->
            checked { UniffiLib.uniffi_cpni_guard_ffi_fn_method_disclosedview_matches(number, at, lend(0, given), it) } != NO
        }

        override fun explain(): Explanation = call { number ->
            val explained = answer { UniffiLib.uniffi_cpni_guard_ffi_fn_method_disclosedview_explain(number, at, it) }
            FfiConverterTypeExplanation.read(ByteBuffer.wrap(explained))
        }
    }

    internal companion object {
        private const val NO: Byte = 0

        fun of(answer: ViewAnswer, callFields: Set<String>): View =
            answer.view.use { View(Handle(it.uniffiCloneHandle(), Kind.VIEW), answer.told, callFields) }
    }
}

/** Where a field's value and explanation come from. */
internal interface FieldSource : ValueSource {
    fun explain(): Explanation
}

/** What came of asking for one field. It prints its decision, never its value. */
public sealed class Field private constructor(private val source: FieldSource, public val decision: Decision) {
    /** The field of the schema. */
    public val name: String get() = decision.field

    /** One or two sentences that the agent may say: nothing in them helps a pretexter. */
    public val forAgent: String get() = decision.forAgent

    /** The decision with its rules, facts and remedies: worked out when it is asked for. */
    public fun explain(): Explanation = source.explain()

    override fun toString(): String = "${javaClass.simpleName}($decision)"

    /** Not given out. */
    public class Withheld internal constructor(source: FieldSource, decision: Decision) : Field(source, decision) {
        /** Why. */
        public val because: WithheldBecause? get() = decision.because

        /** What would lawfully change the answer, the shortest way first: worked out when it is asked for. */
        public val remedies: List<RemedyPath> get() = explain().remedies
    }

    /** It may be given out, and the record does not hold it. */
    public class Absent internal constructor(source: FieldSource, decision: Decision) : Field(source, decision)

    /** Given out. */
    public class Disclosed internal constructor(source: FieldSource, decision: Decision, isCalls: Boolean) :
        Field(source, decision), DisclosedValue by SourcedValue(source, decision, isCalls)

    internal companion object {
        fun of(state: Int, decision: Decision, isCalls: Boolean, source: FieldSource): Field = when (state) {
            WITHHELD -> Withheld(source, decision)
            ABSENT -> Absent(source, decision)
            else -> Disclosed(source, decision, isCalls)
        }
    }
}

/** What was decided about an action. */
public sealed class ActionDecision(public val decision: Decision, private val why: Decisions) {
    /** The decision with its rules, facts and remedies: worked out when it is asked for. */
    public fun explain(): Explanation = calling { why.explain(0u) }

    override fun toString(): String = "${javaClass.simpleName}($decision)"

    /** It may proceed, with these duties. */
    public class Allowed internal constructor(decision: Decision, why: Decisions) : ActionDecision(decision, why) {
        /** The duties that come with it. */
        public val obligations: List<Obligation> get() = decision.obligations
    }

    /** It may not proceed. */
    public class Refused internal constructor(decision: Decision, why: Decisions) : ActionDecision(decision, why) {
        /** What the agent may say. */
        public val forAgent: String get() = decision.forAgent

        /** Why. */
        public val because: WithheldBecause? get() = decision.because

        /** What would lawfully change the answer. */
        public val remedies: List<RemedyPath> get() = explain().remedies
    }

    internal companion object {
        fun of(answer: ActionAnswer): ActionDecision =
            if (answer.answer.outcome == Outcome.DISCLOSE) {
                Allowed(answer.answer, answer.why)
            } else {
                Refused(answer.answer, answer.why)
            }
    }
}

/** The answer to a verification. */
public sealed class Verification(public val decision: Decision, private val why: Decisions) {
    /** The decision with its rules, facts and remedies: worked out when it is asked for. */
    public fun explain(): Explanation = calling { why.explain(0u) }

    override fun toString(): String = "${javaClass.simpleName}($decision)"

    /** What the customer stated is the value. */
    public class Match internal constructor(decision: Decision, why: Decisions) : Verification(decision, why)

    /** It is not, or the record does not hold one. */
    public class NoMatch internal constructor(decision: Decision, why: Decisions) : Verification(decision, why)

    /** It is not compared. */
    public class Withheld internal constructor(decision: Decision, why: Decisions) : Verification(decision, why)

    internal companion object {
        fun of(answer: VerifyAnswer): Verification = when (answer.result) {
            Presented.MATCH -> Match(answer.answer, answer.why)
            Presented.NO_MATCH, Presented.NOTED -> NoMatch(answer.answer, answer.why)
            null -> Withheld(answer.answer, answer.why)
        }
    }
}

/** What an agent learns of a sending. */
public class Receipt internal constructor(private val answer: SendAnswer) {
    /** Whether anything was handed over to be sent. */
    public val sent: Boolean get() = answer.sent

    /** The decision on each field that was asked for. */
    public val decisions: List<Decision> get() = answer.answers

    /** The number of the audit event that records it, from 0. */
    public val auditIndex: ULong get() = answer.auditIndex

    /** Explains the decision at a place of [decisions]. */
    public fun explain(at: Int): Explanation =
        if (at in decisions.indices) calling { answer.why.explain(at.toUInt()) }
        else throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)

    override fun toString(): String = "Receipt(sent=$sent, decisions=$decisions)"
}
