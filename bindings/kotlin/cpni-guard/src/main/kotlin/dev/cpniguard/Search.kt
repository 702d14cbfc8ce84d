package dev.cpniguard

import dev.cpniguard.ffi.ReindexResult
import dev.cpniguard.ffi.RowTerm
import dev.cpniguard.ffi.SearchAnswer
import dev.cpniguard.ffi.TermAge
import dev.cpniguard.ffi.indexTermInfo
import dev.cpniguard.ffi.indexTermToText
import java.nio.ByteBuffer
import java.nio.CharBuffer
import dev.cpniguard.ffi.Population as FfiPopulation
import dev.cpniguard.ffi.Search as Ffi

public typealias IndexPlan = dev.cpniguard.ffi.IndexPlan
public typealias SchemaIndex = dev.cpniguard.ffi.SchemaIndex

/**
 * The term of a row for the column of an index. Rows whose terms agree may be alike, so it prints no more than its
 * length and key version.
 */
public class IndexTerm private constructor(private val bytes: ByteArray, public val keyVersion: UInt, public val bits: Int) {
    /** Bytes of a database. [ErrorCode.TOKEN_TERM_FORMAT] if they are no term. */
    public constructor(bytes: ByteArray) : this(bytes.copyOf(), calling { bytes.lend(::indexTermInfo) })

    private constructor(bytes: ByteArray, info: dev.cpniguard.ffi.TermInfo) : this(bytes, info.keyVersion, info.bits.toInt())

    /** The bytes that a row stores: 6 to 9. */
    public fun toByteArray(): ByteArray = bytes.copyOf()

    /** The text that a row stores, if it stores text: base64url. */
    public fun toText(): String = calling { bytes.lend(::indexTermToText) }

    override fun equals(other: Any?): Boolean = other is IndexTerm && bytes.contentEquals(other.bytes)

    override fun hashCode(): Int = bytes.contentHashCode()

    override fun toString(): String = "IndexTerm(keyVersion=$keyVersion, bits=$bits)"

    internal val wire: ByteBuffer get() = ByteBuffer.wrap(bytes)

    public companion object {
        /** A term from its text. */
        @JvmStatic
        public fun ofText(text: String): IndexTerm = IndexTerm(calling { dev.cpniguard.ffi.indexTermFromText(text) })

        internal fun of(terms: List<RowTerm>): Map<String, IndexTerm> = terms.associate { it.index to IndexTerm(it.term) }
    }
}

/** A row of the host's: sealed bytes, and whose they are. It names an account, so it prints nothing. */
public class Row(public val account: String, public val stored: Stored) {
    override fun toString(): String = "Row(..)"

    internal fun into(wire: Wire) {
        wire.str8(account).u8(if (stored is SealedField) 2 else 1).str8(stored.recordId)
        wire.u32(stored.bytes.remaining()).bytes(stored.bytes)
    }
}

/** A search that was decided and recorded, whatever the decision. */
public sealed class Search private constructor(private val answer: SearchAnswer) : AutoCloseable {
    /** The decision on each field of the index. All must allow it. */
    public val decisions: List<Decision> get() = answer.answers

    /** The number of the audit event that records it, from 0. */
    public val auditIndex: ULong get() = answer.auditIndex

    /** Explains the decision at a place of [decisions]: rules, facts, and what would lawfully change the answer. */
    public fun explain(at: Int): Explanation =
        if (at in decisions.indices) calling { answer.why.explain(at.toUInt()) }
        else throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)

    override fun close() {
        answer.search.close()
        answer.why.close()
    }

    override fun toString(): String = "${javaClass.simpleName}($decisions)"

    /** It may go on: look rows up by [terms], and hand them to [find]. */
    public class Allowed internal constructor(answer: SearchAnswer) : Search(answer) {
        private val ffi: Ffi = answer.search

        /** What to look up: one term for each key version that rows may have, so that nothing is missed while one rotates. */
        public val terms: List<IndexTerm> = answer.terms.map(::IndexTerm)

        /**
         * Compares the rows that the host found, 4,096 at most, and gives out the accounts that match, each recorded
         * before. Once: a second time is [ErrorCode.BINDING_USED_UP].
         *
         * [ErrorCode.INTERACTION_TOO_MANY_CANDIDATES], [ErrorCode.INTERACTION_TOO_MANY_FOUND]: state more, or search by
         * an index of more fields.
         */
        public fun find(rows: List<Row>): FoundAccounts = calling { rows.lendEach(Row::into) { ffi.find(it) } }.use { found ->
            FoundAccounts(found.accounts().map { it.toString(Charsets.UTF_8) }, found.unreadable())
        }
    }

    /** It is refused. */
    public class Withheld internal constructor(answer: SearchAnswer) : Search(answer) {
        /** The first decision that withholds. */
        public val decision: Decision get() = decisions.first { it.outcome == Outcome.WITHHOLD }

        /** What the agent may say. */
        public val forAgent: String get() = decision.forAgent

        /** Why. */
        public val because: WithheldBecause? get() = decision.because

        /** What would lawfully change the answer. */
        public val remedies: List<RemedyPath> get() = explain(decisions.indexOf(decision)).remedies
    }

    internal companion object {
        fun of(answer: SearchAnswer): Search = if (answer.allowed) Allowed(answer) else Withheld(answer)
    }
}

/**
 * What a search found. It names accounts, so it prints nothing; opening one is a disclosure like any other.
 *
 * @property accounts in the order of the candidates: ten at most.
 * @property unreadable how many candidates did not open as records of their account.
 */
public class FoundAccounts internal constructor(public val accounts: List<String>, public val unreadable: ULong) {
    override fun toString(): String = "FoundAccounts(..)"
}

/**
 * How many rows an index is over, and how their values are spread.
 *
 * @property rows rows that have a value.
 * @property distinct different values among them.
 * @property mostCommon in how many rows the most common value is; `null`: not known.
 */
public data class Population(val rows: ULong, val distinct: ULong, val mostCommon: ULong? = null) {
    /** The longest term for this population that points at nobody; an exception says why there is none (3130 to 3135). */
    public fun propose(): IndexPlan = calling { dev.cpniguard.ffi.proposeIndexPlan(ffi()) }

    /** A plan of so many bits. */
    public fun check(bits: Int): IndexPlan = calling { dev.cpniguard.ffi.checkIndexPlan(bits.coerceIn(0, 255).toUByte(), ffi()) }

    private fun ffi() = FfiPopulation(rows, distinct, mostCommon)
}

/**
 * Searches for accounts by what somebody states: a text for each field of the [index], in its order. For a care agent
 * from the live contact, for the back office from its case. Counted, watched and recorded, also where it is refused.
 * The characters stay yours to overwrite.
 *
 * [ErrorCode.INTERACTION_LOCKED_OUT] and [ErrorCode.INTERACTION_HELD_BACK] where one agent, contact or case has searched
 * too often: it passes with time, or a second person lifts it ([Guard.liftWatch]).
 */
public fun Guard.search(session: String, contact: Contact?, purpose: Purpose, index: String, vararg stated: CharArray): Search =
    Search.of(
        calling {
            stated.asList().lendEach({ it.sized { text(CharBuffer.wrap(this@lendEach)) } }) {
                ffi.search(session, contact?.id, contact?.channel, purpose, index, it)
            }
        },
    )

/** Whether each of these terms of rows is old: [reindex] their rows before the version's key is destroyed. */
public fun Guard.needsReindex(index: String, terms: List<IndexTerm>): List<Boolean> = calling {
    terms.lendEach({ it.u32(wire.remaining()).bytes(wire) }) { ffi.needsReindex(index, it) }.map { age ->
        when (age) {
            is TermAge.Current -> false
            is TermAge.Old -> true
            is TermAge.Failed -> throw CpniException.of(age.code.toInt())
        }
    }
}

/** New terms for rows that are sealed already, by the name of the index: for the worker that goes through the rows. */
public fun Guard.reindex(rows: List<Row>): List<Each<Map<String, IndexTerm>>> = calling {
    rows.lendEach(Row::into) { ffi.reindex(it) }.map { result ->
        when (result) {
            is ReindexResult.Terms -> Each.Done(IndexTerm.of(result.terms))
            is ReindexResult.Failed -> Each.Failed(CpniException.of(result.code.toInt()))
        }
    }
}

/** The indexes of the schema. */
public fun Guard.schemaIndexes(): List<SchemaIndex> = calling { ffi.schemaIndexes() }
