package dev.cpniguard

import dev.cpniguard.ffi.CallDirection
import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.time.Instant

/**
 * A row of a call log. It holds characters and not strings, so that it can be overwritten; it prints nothing.
 *
 * @property direction who started the call.
 * @property number the other party's number.
 * @property start when it began.
 * @property seconds how long it lasted.
 * @property place where the customer was, if it is recorded.
 */
public class CallRow(
    public val direction: CallDirection,
    public val number: CharArray,
    public val start: Instant,
    public val seconds: UInt,
    public val place: CharArray? = null,
) : AutoCloseable {
    /** Overwrites the number and the place. */
    override fun close() {
        number.fill('\u0000')
        place?.fill('\u0000')
    }

    override fun toString(): String = "CallRow(..)"
}

/**
 * One value that was given out. It can be read inside the block that it was given to; each way to read it makes a
 * copy for a block of its own and overwrites it after.
 */
public class Value internal constructor(
    private val bytes: ByteArray,
    private val from: Int,
    private val len: Int,
    /** Whether it is a list of calls, rather than a text. */
    public val isCalls: Boolean,
) {
    /** The text. The array is overwritten when [block] returns: what must outlive it, copy, and overwrite yourself. */
    public fun <R> withChars(block: (CharArray) -> R): R {
        if (isCalls) throw CpniException(ErrorCode.DISCLOSE_WRONG_SHAPE)
        val chars = decode(bytes, from, len)
        try {
            return block(chars)
        } finally {
            chars.fill('\u0000')
        }
    }

    /** The text as what most views of a tool take. A `String` that is made of it stays until it is collected. */
    public fun <R> withText(block: (CharSequence) -> R): R =
        withChars { block(CharBuffer.wrap(it).asReadOnlyBuffer()) }

    /** The text as UTF-8, not to be written to. */
    public fun <R> withBytes(block: (ByteBuffer) -> R): R {
        if (isCalls) throw CpniException(ErrorCode.DISCLOSE_WRONG_SHAPE)
        return block(ByteBuffer.wrap(bytes, from, len).slice().asReadOnlyBuffer())
    }

    /** The calls, which are overwritten when [block] returns. */
    public fun <R> withCalls(block: (List<CallRow>) -> R): R {
        if (!isCalls) throw CpniException(ErrorCode.DISCLOSE_WRONG_SHAPE)
        val reader = WireReader(bytes, from, from + len)
        val rows = reader.calls()
        try {
            if (reader.at != from + len) throw CpniException(ErrorCode.BINDING_LAYOUT)
            return block(rows)
        } finally {
            rows.forEach(CallRow::close)
        }
    }

    override fun toString(): String = "Value(..)"
}

/** Several values that were given out, by the names of their fields. They are gone when the block returns. */
public class Values internal constructor(private val values: LinkedHashMap<String, Value>) {
    /** The fields that are given out, in the order in which they were asked for. */
    public val names: Set<String> get() = values.keys

    /** The value of a field; `null`: it is withheld, or absent. */
    public operator fun get(field: String): Value? = values[field]

    internal fun wipe() {
        values.clear()
    }

    override fun toString(): String = "Values(..)"
}

internal const val TEXT = 1
internal const val CALLS = 2

/** Reads a record's bytes, which are overwritten when [block] returns. */
internal inline fun <R> ByteArray.asValues(block: (Values) -> R): R {
    try {
        val values = Values(recordValues(this))
        try {
            return block(values)
        } finally {
            values.wipe()
        }
    } finally {
        fill(0)
    }
}

internal fun recordValues(bytes: ByteArray): LinkedHashMap<String, Value> {
    val values = LinkedHashMap<String, Value>()
    val reader = WireReader(bytes)
    repeat(reader.u16()) {
        val name = reader.string8()
        val shape = reader.u8()
        val len = reader.u32()
        val from = reader.skip(len)
        when (shape) {
            0 -> Unit
            TEXT, CALLS -> values[name] = Value(bytes, from, len, shape == CALLS)
            else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
        }
    }
    if (reader.at != bytes.size) throw CpniException(ErrorCode.BINDING_LAYOUT)
    return values
}

internal fun instantOfMicros(micros: Long): Instant =
    Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1_000L)

/** Microseconds since 1970; a time before that is no time of a customer's. */
internal fun Instant.micros(): ULong {
    val micros = try {
        Math.addExact(Math.multiplyExact(epochSecond, MICROS), nano / 1_000L)
    } catch (_: ArithmeticException) {
        if (epochSecond > 0) Long.MAX_VALUE else 0
    }
    return micros.coerceAtLeast(0).toULong()
}

private const val MICROS = 1_000_000L
