package dev.cpniguard

import dev.cpniguard.ffi.ResealCounts
import dev.cpniguard.ffi.ResealResult
import java.nio.ByteBuffer
import java.time.Instant
import dev.cpniguard.ffi.KeyDesk as Ffi
import dev.cpniguard.ffi.ResealJob as FfiJob
import dev.cpniguard.ffi.ResealReport as FfiReport
import dev.cpniguard.ffi.Unneeded as FfiUnneeded

public typealias KeyBranch = dev.cpniguard.ffi.KeyBranch
public typealias KeyState = dev.cpniguard.ffi.KeyState
public typealias KeyVersion = dev.cpniguard.ffi.KeyVersion
public typealias Needs = dev.cpniguard.ffi.Needs
public typealias SealedUnder = dev.cpniguard.ffi.SealedUnder

/** What shows that nothing needs a version of a root key, apart from what the library sees itself. */
public sealed class Unneeded {
    /** For the data branch: a full pass over all that the host keeps, which found nothing under it. */
    public class Rows(internal val report: ResealReport) : Unneeded()

    /** For the audit branch: every other log that was written under this keyring, of other processes. */
    public class Logs(internal val others: List<AuditLog>) : Unneeded()

    /** For the other branches: only the library's own stores have anything under them. */
    public object OwnStores : Unneeded()

    internal fun ffi(): FfiUnneeded = when (this) {
        is Rows -> FfiUnneeded.Rows(report.ffi)
        is Logs -> FfiUnneeded.Logs(others.map { it.ffi })
        is OwnStores -> FfiUnneeded.OwnStores
    }
}

/**
 * Rotates, retires and destroys root keys: from [Guard.keyDesk]. For the people who keep the keys, in the back end. Each
 * change is recorded before it takes effect. It ends with the guard.
 *
 * The usual way of a data key: [rotate]; [reload] in every other process; [Guard.resealJob] over everything; a second pass
 * that finds nothing; [retire], and wait for what nobody thought of; [destroy].
 */
public class KeyDesk internal constructor(private val ffi: Ffi) : AutoCloseable {
    /** Every version of every branch in use, the destroyed ones too. */
    public fun versions(): List<KeyVersion> = calling { ffi.versions() }

    /**
     * Makes a new version of a branch, which seals from now on in this process, and gives it back. What is stored is
     * untouched. [ErrorCode.KEY_CHANGED]: another process changed the keyring: [reload], and ask again.
     */
    public fun rotate(branch: KeyBranch): UInt = calling { ffi.rotate(branch) }

    /** Has a version open nothing more, until it is reinstated or destroyed: [ErrorCode.KEY_RETIRED] shows what needs it. */
    public fun retire(branch: KeyBranch, version: UInt): Unit = calling { ffi.retire(branch, version) }

    /** Takes a retirement back. */
    public fun reinstate(branch: KeyBranch, version: UInt): Unit = calling { ffi.reinstate(branch, version) }

    /**
     * Destroys the key of a version, for good. [ErrorCode.KEY_IN_USE]: [needs] says what needs it, or the pass found rows;
     * [ErrorCode.KEY_NOT_SURVEYED]: [unneeded] is not what the branch asks for, or shows less than it must.
     */
    public fun destroy(branch: KeyBranch, version: UInt, unneeded: Unneeded): Unit =
        calling { ffi.destroy(branch, version, unneeded.ffi()) }

    /** Takes over the keyring that is stored now, after another process changed it. `false`: it is the one in use. */
    public fun reload(): Boolean = calling { ffi.reload() }

    /** Wraps the root keys by other [Keys]: nothing that is sealed is touched. Then build guards, and desks, with those. */
    public fun rewrap(new: Keys): Unit = calling { ffi.rewrap(new.holder) }

    /** What in the library's own stores needs a version. Reads them all: for the audit branch, every event. */
    public fun needs(branch: KeyBranch, version: UInt): Needs = calling { ffi.needs(branch, version) }

    /**
     * Takes away the passwords, back-up answers and passcodes that are still under a version of the data root, so that it can
     * be destroyed: those customers set new ones. How many.
     */
    public fun forgetSecrets(version: UInt): ULong = calling { ffi.forgetSecrets(version) }

    /** Wraps the secrets of accounts under the active version of the subject branch. May be broken off. How many. */
    public fun rewrapSubjects(): ULong = calling { ffi.rewrapSubjects() }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "KeyDesk(..)"
}

/** What became of one row of a pass. */
public sealed class Reseal {
    /**
     * It was sealed again.
     *
     * @property stored what to store in its place.
     * @property from what it was sealed under.
     * @property to what it is sealed under now.
     */
    public class Done internal constructor(
        public val stored: Stored,
        public val from: SealedUnder,
        public val to: SealedUnder,
    ) : Reseal() {
        override fun toString(): String = "Done(from=$from, to=$to)"
    }

    /** It is sealed under the active key. */
    public object AlreadyCurrent : Reseal() {
        override fun toString(): String = "AlreadyCurrent"
    }
}

/**
 * What a pass found and did.
 *
 * @property began when it began.
 * @property found the versions that rows were found under, before anything was done, and how many.
 * @property resealed how many were sealed again.
 * @property current how many were current.
 * @property failed the codes of failures, and how often each.
 * @property withoutSecret how many were sealed without a secret of their account: an erasure does not reach them.
 * @property unreadable how many were no sealed bytes, or could not be read.
 */
public data class ResealProgress(
    val began: Instant,
    val found: Map<UInt, ULong>,
    val resealed: ULong,
    val current: ULong,
    val failed: Map<Int, ULong>,
    val withoutSecret: ULong,
    val unreadable: ULong,
) {
    internal companion object {
        fun of(ffi: ResealCounts) = ResealProgress(
            instantOfMicros(ffi.beganMicros.toLong()), ffi.found.associate { it.version to it.count }, ffi.resealed,
            ffi.current, ffi.failed.byCode(), ffi.withoutSecret, ffi.unreadable,
        )
    }
}

/**
 * A pass over what the host has stored, to seal it again under the active key: from [Guard.resealJob]. One that was broken
 * off is begun again: what is current costs a look. Threads wait for each other.
 */
public class ResealJob internal constructor(private val ffi: FfiJob) : AutoCloseable {
    /**
     * Seals again what is not sealed under the active key, 10,000 rows at most: a result for each, in their order.
     * [ErrorCode.AUDIT_NOT_RECORDED]: nothing is given back, nothing is counted; hand the batch in again.
     */
    public fun batch(rows: List<Row>): List<Each<Reseal>> = calling {
        rows.lendEach(Row::into) { ffi.batch(it) }.mapIndexed { at, result ->
            when (result) {
                is ResealResult.Done -> Each.Done(Reseal.Done(rows[at].stored.again(result.sealed), result.from, result.to))
                is ResealResult.AlreadyCurrent -> Each.Done(Reseal.AlreadyCurrent)
                is ResealResult.Failed -> Each.Failed(CpniException.of(result.code.toInt()))
            }
        }
    }

    /** Counts rows that hang under a version by their terms: after [Guard.reindex] none is old. */
    public fun foundTerms(terms: List<IndexTerm>): Unit =
        calling { terms.lendEach({ it.u32(wire.remaining()).bytes(wire) }) { ffi.foundTerms(it) } }

    /** Counts something that could not be read: the pass then shows for no version that it is not needed. */
    public fun foundUnreadable(): Unit = calling { ffi.foundUnreadable() }

    /** What was found and done so far. */
    public fun progress(): ResealProgress = ResealProgress.of(calling { ffi.progress() })

    /** The host says that this pass saw everything that it has stored under these keys and means to open again. */
    public fun finish(): ResealReport = ResealReport(calling { ffi.finish() })

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "ResealJob(..)"

    private fun Stored.again(sealed: ByteArray): Stored = ByteBuffer.wrap(sealed).let {
        if (this is SealedField) SealedField.of(it, recordId) else SealedRecord.of(it, recordId)
    }
}

/** What a whole pass found. */
public class ResealReport internal constructor(internal val ffi: FfiReport) : AutoCloseable {
    /** What was found and done. */
    public fun counts(): ResealProgress = ResealProgress.of(calling { ffi.counts() })

    /** Whether this pass shows that nothing of the host's needs a version: it began after the version had ceased to seal,
     * read everything, and found nothing under it. */
    public fun showsUnneeded(version: UInt): Boolean = calling { ffi.showsUnneeded(version) }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "ResealReport(..)"
}

/** The desk at which root keys are changed. [keys]: what the guard was built with. [session]: whom events name. */
@JvmOverloads
public fun Guard.keyDesk(keys: Keys, session: String? = null): KeyDesk = calling { KeyDesk(ffi.keyDesk(keys.holder, session)) }

/** Begins a pass over what the host has stored. */
public fun Guard.resealJob(): ResealJob = ResealJob(calling { ffi.resealJob() })

internal fun List<dev.cpniguard.ffi.CauseCount>.byCode(): Map<Int, ULong> = associate { it.code.toInt() to it.count }
