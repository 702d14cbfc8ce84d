package dev.cpniguard

import dev.cpniguard.ffi.CallDirection
import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CharsetDecoder
import java.nio.charset.CharsetEncoder
import java.nio.charset.CodingErrorAction
import java.util.concurrent.ArrayBlockingQueue

/**
 * Bytes on their way into the library, in the layout of `docs/spec/binding-layout-v1.md`. Native memory, because
 * the garbage collector leaves copies of what is on the heap, and because the library takes nothing else.
 *
 * Rules: a text is encoded in place; what is outgrown or closed is overwritten; what is lent begins at its first
 * byte, because the generated code ignores a buffer's position.
 */
internal class Wire(
    /** Of one call alone: a wire that a user holds must not share its buffer, whatever threads do to it. */
    private val pooled: Boolean = true,
    /** How much there will be, where that is known. */
    expected: Int = OWN,
) : AutoCloseable {
    private var buffer: ByteBuffer = if (pooled) Pool.take() else ByteBuffer.allocateDirect(expected)

    fun u8(value: Int): Wire = apply { room(1).put(value.toByte()) }

    fun u16(value: Int): Wire = apply { room(2).putShort(value.toShort()) }

    fun u32(value: Int): Wire = apply { room(4).putInt(value) }

    fun u64(value: Long): Wire = apply { room(8).putLong(value) }

    fun bytes(value: ByteBuffer): Wire = apply { room(value.remaining()).put(value.duplicate()) }

    fun bytes(value: ByteArray): Wire = apply { room(value.size).put(value) }

    /** A length of one byte, and a text. */
    fun str8(value: CharBuffer): Wire = apply {
        val at = buffer.position()
        u8(0)
        text(value)
        val length = buffer.position() - at - 1
        if (length > 255) throw CpniException(ErrorCode.BINDING_LAYOUT)
        buffer.put(at, length.toByte())
    }

    fun str8(value: CharSequence): Wire = str8(CharBuffer.wrap(value))

    /** A length of four bytes, and what [content] writes. */
    inline fun sized(content: Wire.() -> Unit): Wire = apply {
        val at = mark32()
        content()
        patch32(at)
    }

    /** A text. UTF-8 has no half of a surrogate pair: that is refused, or becomes U+FFFD, a unit for a unit. */
    fun text(value: CharBuffer, halves: CodingErrorAction = CodingErrorAction.REPORT): Wire = apply {
        val from = value.duplicate()
        ascii(from)
        if (!from.hasRemaining()) return@apply
        val encoder: CharsetEncoder = Charsets.UTF_8.newEncoder()
            .replaceWith(NO_CHARACTER)
            .onMalformedInput(halves)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
        while (true) {
            val result = encoder.encode(from, buffer, true)
            when {
                result.isUnderflow -> return@apply
                result.isOverflow -> room(from.remaining() * 3)
                else -> throw CpniException(ErrorCode.BINDING_NOT_TEXT)
            }
        }
    }

    /** Most texts are names and numbers: an encoder costs more than they do. */
    private fun ascii(from: CharBuffer) {
        val into = room(from.remaining())
        while (from.hasRemaining()) {
            val next = from.get(from.position())
            if (next.code >= 0x80) return
            into.put(next.code.toByte())
            from.position(from.position() + 1)
        }
    }

    fun mark32(): Int = buffer.position().also { u32(0) }

    fun patch32(at: Int) {
        buffer.putInt(at, buffer.position() - at - 4)
    }

    fun setU16(at: Int, value: Int) {
        buffer.putShort(at, value.toShort())
    }

    fun setU32(at: Int, value: Int) {
        buffer.putInt(at, value)
    }

    /** All of it, to be lent for one call. */
    fun lent(): ByteBuffer {
        if (buffer.capacity() == 0) throw CpniException(ErrorCode.BINDING_CLOSED)
        return buffer.duplicate().flip().slice()
    }

    /** Overwrites the bytes. */
    override fun close() {
        val used = buffer
        buffer = NOTHING
        wipe(used)
        if (pooled) Pool.give(used)
    }

    private fun room(len: Int): ByteBuffer {
        if (buffer.capacity() == 0) throw CpniException(ErrorCode.BINDING_CLOSED)
        if (buffer.remaining() < len) {
            val needed = buffer.position().toLong() + len
            if (needed > MOST) throw CpniException(ErrorCode.BINDING_LAYOUT)
            val larger = ByteBuffer.allocateDirect(maxOf(needed, minOf(MOST, buffer.capacity() * 2L)).toInt())
            larger.put(buffer.duplicate().flip())
            val outgrown = buffer
            buffer = larger
            wipe(outgrown)
            if (pooled) Pool.give(outgrown)
        }
        return buffer
    }

    private companion object {
        const val MOST = 1L shl 30
        const val OWN = 1024
        val NOTHING: ByteBuffer = ByteBuffer.allocateDirect(0)
        val NO_CHARACTER = "\uFFFD".toByteArray()
    }

    private fun wipe(used: ByteBuffer) {
        used.flip()
        while (used.remaining() >= 8) used.putLong(0)
        while (used.hasRemaining()) used.put(0)
        used.clear()
    }

    /** A few buffers that are used again: making one costs as much as a call. */
    private object Pool {
        private const val SIZE = 4096
        private val free = ArrayBlockingQueue<ByteBuffer>(32)

        fun take(): ByteBuffer = free.poll() ?: ByteBuffer.allocateDirect(SIZE)

        fun give(wiped: ByteBuffer) {
            if (wiped.capacity() == SIZE) free.offer(wiped)
        }
    }
}

/** Lends a secret to one call, and overwrites what was lent. The characters stay the caller's to overwrite. */
internal inline fun <R> CharArray.lend(use: (ByteBuffer) -> R): R = Wire().use { wire ->
    wire.text(CharBuffer.wrap(this))
    use(wire.lent())
}

/** Bytes, for one call. */
internal inline fun <R> ByteArray.lend(use: (ByteBuffer) -> R): R = ByteBuffer.wrap(this).lend(use)

/** Lends bytes that may be anywhere, from their position to their limit. */
internal inline fun <R> ByteBuffer.lend(use: (ByteBuffer) -> R): R =
    if (isDirect) use(slice()) else Wire().use { use(it.bytes(this).lent()) }

/** Reads from the front of bytes that the library gave. */
internal class WireReader(private val bytes: ByteArray, from: Int = 0, private val to: Int = bytes.size) {
    var at: Int = from
        private set

    fun u8(): Int = bytes[skip(1)].toInt() and 0xFF

    fun u16(): Int = (u8() shl 8) or u8()

    fun u32(): Int = (u16() shl 16) or u16()

    fun u64(): Long = (u32().toLong() shl 32) or (u32().toLong() and 0xFFFF_FFFFL)

    fun string8(): String = string(u8())

    fun string32(): String = string(u32())

    /** The next so many bytes, in an array of their own. */
    fun bytes32(): ByteArray = u32().let { len -> skip(len).let { bytes.copyOfRange(it, it + len) } }

    fun chars8(): CharArray = u8().let { decode(bytes, skip(it), it) }

    /** A number of things of at least [least] bytes each: no more than there is room for. */
    fun count(least: Int): Int = u32().also { count ->
        if (count < 0 || count > (to - at) / least) throw CpniException(ErrorCode.BINDING_LAYOUT)
    }

    /** Passes so many bytes over, and says where they begin. */
    fun skip(len: Int): Int {
        if (len < 0 || len > to - at) throw CpniException(ErrorCode.BINDING_LAYOUT)
        return at.also { at += len }
    }

    private fun string(len: Int): String = String(bytes, skip(len), len, Charsets.UTF_8)

    fun calls(): List<CallRow> {
        return List(count(LEAST_ROW)) {
            val direction = when (u8()) {
                OUTBOUND -> CallDirection.OUTBOUND
                INBOUND -> CallDirection.INBOUND
                else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
            }
            val start = u64()
            val seconds = u32()
            val number = chars8()
            val place = when (u8()) {
                0 -> null
                1 -> chars8()
                else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
            }
            CallRow(direction, number, instantOfMicros(start), seconds.toUInt(), place)
        }
    }
}

internal const val OUTBOUND = 1
internal const val INBOUND = 2
private const val LEAST_ROW = 15

/** Characters of UTF-8, without a `String` on the way. */
internal fun decode(bytes: ByteArray, from: Int, len: Int): CharArray {
    val room = CharArray(len)
    val decoder: CharsetDecoder = Charsets.UTF_8.newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)
    val out = CharBuffer.wrap(room)
    val result = decoder.decode(ByteBuffer.wrap(bytes, from, len), out, true)
    if (result.isError) {
        room.fill('\u0000')
        throw CpniException(ErrorCode.BINDING_NOT_TEXT)
    }
    if (out.position() == len) return room
    return room.copyOf(out.position()).also { room.fill('\u0000') }
}
