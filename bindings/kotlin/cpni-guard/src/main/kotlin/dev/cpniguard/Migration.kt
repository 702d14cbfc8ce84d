package dev.cpniguard

import dev.cpniguard.ffi.MigratedValue
import java.nio.CharBuffer
import dev.cpniguard.ffi.MigrationReport as FfiReport

public typealias ColumnContent = dev.cpniguard.ffi.ColumnContent

/**
 * One value of a text column in the host's database, plain or sealed. It prints nothing; the characters stay yours to
 * overwrite.
 *
 * @property account whose it is.
 * @property field the field that the column is.
 * @property text what the column holds.
 * @property recordId the host's id of the row, to which the value is bound; empty where there is none.
 */
public class ColumnValue @JvmOverloads constructor(
    public val account: String,
    public val field: String,
    public val text: CharArray,
    public val recordId: String = "",
) {
    override fun toString(): String = "ColumnValue(..)"

    internal fun into(wire: Wire) {
        wire.str8(account).str8(recordId).str8(field).sized { text(CharBuffer.wrap(this@ColumnValue.text)) }
    }
}

/** What became of one value. */
public sealed class Migrated {
    /**
     * It was plain.
     *
     * @property columns what to write in its place, and into the column of each field that is derived from it: by field.
     * @property concerns what was noticed while sealing it.
     */
    public class Sealed internal constructor(
        public val columns: Map<String, String>,
        public val concerns: List<FieldConcern>,
    ) : Migrated() {
        override fun toString(): String = "Sealed(concerns=$concerns)"
    }

    /** It was sealed before, or there was none: nothing to do. */
    public object Already : Migrated() {
        override fun toString(): String = "Already"
    }
}

/**
 * What a pass over columns found. Passes add up.
 *
 * @property empty columns without a value.
 * @property sealed values that were sealed before.
 * @property plain values that were plain; sealed now, unless it was a rehearsal.
 * @property concerns of those, the ones that are not what their field says.
 * @property failed the codes of what could not be sealed, or is damaged, and how often each.
 */
public data class MigrationReport(
    val empty: ULong = 0u,
    val sealed: ULong = 0u,
    val plain: ULong = 0u,
    val concerns: ULong = 0u,
    val failed: Map<Int, ULong> = emptyMap(),
) {
    /** Whether nothing is plain and nothing failed: the plain columns are then no longer needed, if nothing writes them. */
    val isClean: Boolean get() = plain == 0uL && failed.isEmpty()

    /** Both together. */
    public operator fun plus(other: MigrationReport): MigrationReport = MigrationReport(
        empty + other.empty, sealed + other.sealed, plain + other.plain, concerns + other.concerns,
        (failed.keys + other.failed.keys).associateWith { (failed[it] ?: 0uL) + (other.failed[it] ?: 0uL) },
    )

    internal companion object {
        fun of(ffi: FfiReport) = MigrationReport(ffi.empty, ffi.sealed, ffi.plain, ffi.concerns, ffi.failed.byCode())
    }
}

/** A part of a migration: a result for each value, and what the part comes to. */
public class MigrationBatch internal constructor(public val results: List<Each<Migrated>>, public val report: MigrationReport) {
    override fun toString(): String = "MigrationBatch($report)"
}

/** A plain value, and the text of the sealed column beside it. */
public class ColumnPair(internal val plain: ColumnValue, internal val sealed: String) {
    override fun toString(): String = "ColumnPair(..)"
}

/** How plain columns compare with the sealed ones. @property different the places of those that do not hold the same. */
public data class ColumnComparison(val same: ULong, val different: List<Int>)

/** Tells what a text is, in the column of a field, by its form alone. */
public fun columnContent(field: String, text: CharArray): ColumnContent =
    calling { text.lend { dev.cpniguard.ffi.columnContent(field, it) } }

/** Looks at values, 10,000 at most, without sealing any. */
public fun Guard.rehearseMigration(values: List<ColumnValue>): MigrationReport =
    MigrationReport.of(calling { values.lendEach(ColumnValue::into) { ffi.rehearseMigration(it) } })

/** Seals the plain ones among values, 10,000 at most. What is sealed stays as it is: a pass may be begun again. */
public fun Guard.migrate(values: List<ColumnValue>): MigrationBatch {
    val done = calling { values.lendEach(ColumnValue::into) { ffi.migrate(it) } }
    val results = done.results.map { result ->
        when (result) {
            is MigratedValue.Sealed ->
                Each.Done(Migrated.Sealed(result.columns.associate { it.`field` to it.text }, result.concerns))
            is MigratedValue.Already -> Each.Done(Migrated.Already)
            is MigratedValue.Failed -> Each.Failed(CpniException.of(result.code.toInt()))
        }
    }
    return MigrationBatch(results, MigrationReport.of(done.report))
}

/**
 * The sealed field of a column that may hold either, for a view while both are there; `null`: the column is empty. A plain
 * value is sealed for it and not written back.
 */
public fun Guard.readBoth(value: ColumnValue): SealedField? = calling {
    Wire().use { wire -> value.into(wire).let { ffi.readBoth(wire.lent()) } }?.let { SealedField(it, value.recordId) }
}

/** Compares plain columns with the sealed ones beside them, before the plain ones are dropped. Recorded with its counts. */
public fun Guard.compareColumns(pairs: List<ColumnPair>): ColumnComparison = calling {
    pairs.lendEach({ wire -> plain.into(wire).also { wire.sized { text(CharBuffer.wrap(sealed)) } } }) { ffi.compareColumns(it) }
        .let { compared -> ColumnComparison(compared.same, compared.different.map { it.toInt() }) }
}
