package dev.cpniguard

import dev.cpniguard.ffi.Decisions
import java.nio.CharBuffer
import java.security.MessageDigest

/**
 * The answers to [Interaction.viewBatch], with every value, in one array of this JVM.
 *
 * [close] overwrites the array and ends every read: [ErrorCode.DISCLOSE_CLOSED]. The end of the interaction does
 * **not** reach it, and until then the garbage collector may leave a copy where it moved the array from. A value that
 * must die with the interaction is asked for with [Interaction.view] or [Interaction.viewAll]. Close it when no
 * block is reading any more.
 */
public class BatchView internal constructor(private val bytes: ByteArray, private val why: Decisions) : AutoCloseable {
    private val names: List<String>
    private val decisions: List<Decision>
    private val places: IntArray

    @Volatile
    private var closed = false

    init {
        try {
            val reader = WireReader(bytes)
            names = List(reader.u16()) { reader.string8() }
            decisions = List(reader.count(LEAST_DECISION)) {
                reader.decision(names.getOrNull(reader.u16()) ?: throw CpniException(ErrorCode.BINDING_LAYOUT))
            }
            places = IntArray(reader.count(LEAST_RECORD)) { reader.at.also { reader.skip(reader.u32()) } }
            if (reader.at != bytes.size) throw CpniException(ErrorCode.BINDING_LAYOUT)
        } catch (failed: Throwable) {
            bytes.fill(0)
            throw failed
        }
    }

    /** How many records were asked about. */
    public val size: Int get() = places.size

    /** What came of the record at this place, from 0. */
    public operator fun get(at: Int): Each<RecordView> {
        if (at !in places.indices) throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)
        open()
        val from = places[at]
        val reader = WireReader(bytes, from, bytes.size)
        val to = reader.u32().let { reader.at + it }
        return when (reader.u8()) {
            FAILED -> Each.Failed(CpniException.of(reader.u16()))
            VIEWED -> Each.Done(RecordView(this, WireReader(bytes, reader.at, to)))
            else -> throw CpniException(ErrorCode.BINDING_LAYOUT)
        }
    }

    /** What came of each record, in the order in which they were given. */
    public fun asSequence(): Sequence<Each<RecordView>> = places.indices.asSequence().map(::get)

    /** Overwrites every value. */
    override fun close() {
        closed = true
        bytes.fill(0)
    }

    override fun toString(): String = "BatchView(size=$size)"

    internal fun fields(shown: IntArray): List<Field> = List(names.size) { at ->
        val (state, place, isCalls, from, len) = Slot(shown, at)
        val decision = decisions[place]
        Field.of(state, decision, isCalls, Source(place, from, len, isCalls))
    }

    internal fun values(shown: IntArray): Values {
        open()
        val values = LinkedHashMap<String, Value>()
        for (at in names.indices) {
            val (state, _, isCalls, from, len) = Slot(shown, at)
            if (state == DISCLOSED) values[names[at]] = Value(bytes, from, len, isCalls)
        }
        return Values(values)
    }

    /** The fields of a record as numbers: a record costs little until somebody looks at it. */
    internal fun slots(reader: WireReader): IntArray {
        val slots = IntArray(names.size * Slot.SIZE)
        for (at in names.indices) {
            val state = reader.state()
            val decision = reader.u32()
            val shape = reader.u8()
            val len = reader.u32()
            val from = reader.skip(len)
            if (decision !in decisions.indices || state == DISCLOSED && shape != TEXT && shape != CALLS) {
                throw CpniException(ErrorCode.BINDING_LAYOUT)
            }
            Slot.write(slots, at, state, decision, shape == CALLS, from, len)
        }
        return slots
    }

    private fun open() {
        if (closed) throw CpniException(ErrorCode.DISCLOSE_CLOSED)
    }

    private inner class Source(
        private val place: Int,
        private val from: Int,
        private val len: Int,
        private val isCalls: Boolean,
    ) : FieldSource {
        override fun <R> value(block: (Value) -> R): R {
            open()
            return block(Value(bytes, from, len, isCalls))
        }

        override fun matches(given: CharArray): Boolean {
            open()
            if (isCalls) throw CpniException(ErrorCode.DISCLOSE_WRONG_SHAPE)
            val value = bytes.copyOfRange(from, from + len)
            val asked = Wire().use { wire ->
                wire.text(CharBuffer.wrap(given))
                wire.lent().let { lent -> ByteArray(lent.remaining()).also(lent::get) }
            }
            try {
                return MessageDigest.isEqual(value, asked)
            } finally {
                value.fill(0)
                asked.fill(0)
            }
        }

        override fun explain(): Explanation {
            open()
            return calling { why.explain(place.toUInt()) }
        }
    }

    private class Slot(private val all: IntArray, at: Int) {
        private val first = at * SIZE

        operator fun component1(): Int = all[first]
        operator fun component2(): Int = all[first + 1]
        operator fun component3(): Boolean = all[first + 2] != 0
        operator fun component4(): Int = all[first + 3]
        operator fun component5(): Int = all[first + 4]

        companion object {
            const val SIZE = 5

            fun write(all: IntArray, at: Int, state: Int, decision: Int, isCalls: Boolean, from: Int, len: Int) {
                val first = at * SIZE
                all[first] = state
                all[first + 1] = decision
                all[first + 2] = if (isCalls) 1 else 0
                all[first + 3] = from
                all[first + 4] = len
            }
        }
    }

    private companion object {
        const val FAILED = 0
        const val VIEWED = 1
        const val LEAST_DECISION = 14
        const val LEAST_RECORD = 7
    }
}

/** One record of a [BatchView]. Its values end when that is closed. */
public class RecordView internal constructor(private val batch: BatchView, reader: WireReader) {
    /** The number of the audit event that records this view, from 0. */
    public val auditIndex: ULong = reader.u64().toULong()

    private val slots = batch.slots(reader)

    /** The fields, in the order in which they were asked for. */
    public val fields: List<Field> by lazy(LazyThreadSafetyMode.PUBLICATION) { batch.fields(slots) }

    /** The field of this name, which was asked for. */
    public operator fun get(name: String): Field =
        fields.firstOrNull { it.name == name } ?: throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)

    /** Every value of the record that is given out. They are not read any more when [block] returns. */
    public fun <R> withValues(block: (Values) -> R): R {
        val values = batch.values(slots)
        try {
            return block(values)
        } finally {
            values.wipe()
        }
    }

    override fun toString(): String = "RecordView(auditIndex=$auditIndex)"
}
