package dev.cpniguard

import java.nio.ByteBuffer

/** Where a value comes from: a view, a batch of them, or a view on an agent's machine. */
internal interface ValueSource {
    fun <R> value(block: (Value) -> R): R

    fun matches(given: CharArray): Boolean
}

/** A value that the library holds: each look is a copy, which is overwritten. */
internal abstract class HeldValue(private val isCalls: Boolean) : ValueSource {
    protected abstract fun reveal(): ByteArray

    protected abstract fun matches(given: ByteBuffer): Boolean

    override fun <R> value(block: (Value) -> R): R {
        val bytes = reveal()
        try {
            return block(Value(bytes, 0, bytes.size, isCalls))
        } finally {
            bytes.fill(0)
        }
    }

    override fun matches(given: CharArray): Boolean = given.lend(::matches)
}

/** A value that was given out, and the ways to read it. Each makes a copy for its block, and overwrites it after. */
public sealed interface DisclosedValue {
    /** Whether it is a list of calls, rather than a text. */
    public val isCalls: Boolean

    /** In which form. */
    public val form: DisclosureForm?

    /** The duties that come with it. */
    public val obligations: List<Obligation>

    /** The text: [Value.withChars]. */
    public fun <R> withChars(block: (CharArray) -> R): R

    /** The text: [Value.withText]. */
    public fun <R> withText(block: (CharSequence) -> R): R

    /** The text as UTF-8: [Value.withBytes]. */
    public fun <R> withBytes(block: (ByteBuffer) -> R): R

    /** The calls: [Value.withCalls]. */
    public fun <R> withCalls(block: (List<CallRow>) -> R): R

    /** Whether a text is the value, in constant time. To compare without looking. */
    public fun matches(given: CharArray): Boolean
}

internal class SourcedValue(
    private val source: ValueSource,
    private val decision: Decision,
    override val isCalls: Boolean,
) : DisclosedValue {
    override val form: DisclosureForm? get() = decision.form

    override val obligations: List<Obligation> get() = decision.obligations

    override fun <R> withChars(block: (CharArray) -> R): R = source.value { it.withChars(block) }

    override fun <R> withText(block: (CharSequence) -> R): R = source.value { it.withText(block) }

    override fun <R> withBytes(block: (ByteBuffer) -> R): R = source.value { it.withBytes(block) }

    override fun <R> withCalls(block: (List<CallRow>) -> R): R = source.value { it.withCalls(block) }

    override fun matches(given: CharArray): Boolean = source.matches(given)
}
