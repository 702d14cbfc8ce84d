package dev.cpniguard

import dev.cpniguard.ffi.CallDirection
import dev.cpniguard.ffi.DataClass
import dev.cpniguard.ffi.FieldConcern
import dev.cpniguard.ffi.RowTerm
import dev.cpniguard.ffi.SealedInfo
import dev.cpniguard.ffi.sealedFieldFromText
import dev.cpniguard.ffi.sealedFieldToText
import dev.cpniguard.ffi.sealedRecordField
import dev.cpniguard.ffi.sealedRecordFromText
import dev.cpniguard.ffi.sealedRecordInfo
import dev.cpniguard.ffi.sealedRecordToText
import java.nio.ByteBuffer
import java.nio.CharBuffer

/**
 * A customer's record before it is sealed: `record { text("ssn", chars) }`. Sealing it, or [close], overwrites it. It
 * is for one thread.
 */
public class Record internal constructor(internal val id: String) : AutoCloseable {
    internal val wire = Wire(pooled = false).u16(0)
    private var count = 0

    /** A text. The characters stay yours to overwrite. */
    public fun text(field: String, value: CharArray) {
        entry(field, TEXT) { text(CharBuffer.wrap(value)) }
    }

    /** A text that is in a string already, which nobody can overwrite: for what is no secret, and for samples. */
    public fun text(field: String, value: CharSequence) {
        entry(field, TEXT) { text(CharBuffer.wrap(value)) }
    }

    /** A text as UTF-8, from the buffer's position to its limit. */
    public fun text(field: String, value: ByteBuffer) {
        entry(field, TEXT) { bytes(value) }
    }

    /** Calls. The rows stay yours to close. */
    public fun calls(field: String, rows: List<CallRow>) {
        entry(field, CALLS) {
            u32(rows.size)
            for (row in rows) {
                u8(if (row.direction == CallDirection.OUTBOUND) OUTBOUND else INBOUND)
                u64(row.start.micros().toLong()).u32(row.seconds.toInt()).str8(CharBuffer.wrap(row.number))
                row.place?.let { u8(1).str8(CharBuffer.wrap(it)) } ?: u8(0)
            }
        }
    }

    /** Overwrites the record. */
    override fun close() {
        wire.close()
    }

    override fun toString(): String = "Record(..)"

    private inline fun entry(field: String, shape: Int, content: Wire.() -> Unit) {
        if (++count > 0xFFFF) throw CpniException(ErrorCode.BINDING_LAYOUT)
        wire.str8(field).u8(shape).sized(content)
        wire.setU16(0, count)
    }
}

/**
 * A record of an account. [id]: the host's name of this record, where an account has several; sealed under one, it
 * opens under no other.
 */
public fun record(id: String = "", fields: Record.() -> Unit): Record {
    val record = Record(id)
    try {
        record.fields()
    } catch (failed: Throwable) {
        record.close()
        throw failed
    }
    return record
}

/** Sealed bytes that can be asked about: a record, or one field of one. They say nothing of the customer. */
public sealed class Stored {
    internal abstract val bytes: ByteBuffer
    internal abstract val recordId: String

    /** The bytes, for a database. */
    public fun toByteArray(): ByteArray = bytes.duplicate().let { from -> ByteArray(from.remaining()).also(from::get) }

    /** The bytes as base64url. */
    public abstract fun toText(): String

    /** The request of `docs/spec/binding-layout-v1.md` for whole fields, or for a call that was named. */
    internal inline fun <R> request(fields: Collection<String>, named: Boolean, use: (ByteBuffer) -> R): R =
        Wire().use { wire ->
            if (fields.size > 0xFFFF) throw CpniException(ErrorCode.BINDING_LAYOUT)
            wire.u8(if (this is SealedField) 2 else 1).str8(recordId).u16(fields.size)
            for (field in fields) wire.u8(if (named) 2 else 1).str8(field)
            use(wire.lent())
        }
}

/** A sealed record. */
public class SealedRecord private constructor(
    override val bytes: ByteBuffer,
    /** The record's id, under which it was sealed. */
    public override val recordId: String,
) : Stored() {
    /** Bytes of a database. They are read when they are asked about. */
    public constructor(bytes: ByteArray, recordId: String = "") : this(ByteBuffer.wrap(bytes.copyOf()), recordId)

    /** What the bytes say of themselves. Nobody vouches for it before they are opened. */
    public fun info(): SealedInfo = calling { bytes.lend(::sealedRecordInfo) }

    /** One field, for a column of its own. It stays sealed. */
    public fun field(name: String): SealedField =
        SealedField(calling { bytes.lend { sealedRecordField(it, name) } }, recordId)

    override fun toText(): String = calling { bytes.lend(::sealedRecordToText) }

    override fun toString(): String = "SealedRecord(..)"

    public companion object {
        /** Bytes from the buffer's position to its limit, which are not copied: do not change them. */
        @JvmStatic
        @JvmOverloads
        public fun of(bytes: ByteBuffer, recordId: String = ""): SealedRecord = SealedRecord(bytes.slice(), recordId)

        /** A record from its text. */
        @JvmStatic
        @JvmOverloads
        public fun ofText(text: String, recordId: String = ""): SealedRecord =
            SealedRecord(ByteBuffer.wrap(calling { sealedRecordFromText(text) }), recordId)
    }
}

/** A sealed field that is kept by itself. */
public class SealedField private constructor(
    override val bytes: ByteBuffer,
    /** The id of the record that it was taken from. */
    public override val recordId: String,
) : Stored() {
    /** Bytes of a database. They are read when they are asked about. */
    public constructor(bytes: ByteArray, recordId: String = "") : this(ByteBuffer.wrap(bytes.copyOf()), recordId)

    override fun toText(): String = calling { bytes.lend(::sealedFieldToText) }

    override fun toString(): String = "SealedField(..)"

    public companion object {
        /** Bytes from the buffer's position to its limit, which are not copied: do not change them. */
        @JvmStatic
        @JvmOverloads
        public fun of(bytes: ByteBuffer, recordId: String = ""): SealedField = SealedField(bytes.slice(), recordId)

        /** A field from its text. */
        @JvmStatic
        @JvmOverloads
        public fun ofText(text: String, recordId: String = ""): SealedField =
            SealedField(ByteBuffer.wrap(calling { sealedFieldFromText(text) }), recordId)
    }
}

/**
 * A record that was sealed.
 *
 * @property sealed for the host's own database.
 * @property concerns values that are not what their field says. They are sealed all the same.
 */
public class Protected internal constructor(
    public val sealed: SealedRecord,
    public val concerns: List<FieldConcern>,
    private val rowTerms: List<RowTerm>,
) {
    /** The terms for the columns of the schema's indexes, by index, in the same row. Replace the old ones with them. */
    public val terms: Map<String, IndexTerm> by lazy(LazyThreadSafetyMode.PUBLICATION) { IndexTerm.of(rowTerms) }

    override fun toString(): String = "Protected(concerns=$concerns)"
}
