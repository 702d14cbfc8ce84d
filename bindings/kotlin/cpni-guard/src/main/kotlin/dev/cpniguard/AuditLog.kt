package dev.cpniguard

import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit
import dev.cpniguard.ffi.AuditCheck as FfiCheck
import dev.cpniguard.ffi.AuditLog as Ffi
import dev.cpniguard.ffi.ExportFrom as FfiExportFrom

public typealias AuditedEvidence = dev.cpniguard.ffi.AuditedEvidence
public typealias AuditedField = dev.cpniguard.ffi.AuditedField
public typealias CheckpointFacts = dev.cpniguard.ffi.CheckpointFacts
public typealias EstablishedBy = dev.cpniguard.ffi.EstablishedBy
public typealias ExportFormat = dev.cpniguard.ffi.ExportFormat
public typealias ExportMark = dev.cpniguard.ffi.ExportMark
public typealias ExportPart = dev.cpniguard.ffi.ExportPart
public typealias ExportedEvent = dev.cpniguard.ffi.ExportedEvent
public typealias Op = dev.cpniguard.ffi.Op

/** The audit log of a guard. Events hold ids and codes, never a value. It ends with the guard. */
public class AuditLog internal constructor(internal val ffi: Ffi) : AutoCloseable {
    /** Number of events that this process knows to be stored. */
    public fun size(): ULong = calling { ffi.size() }

    /**
     * Reads and verifies the whole log; with the signed note of a checkpoint that was kept outside, also that the log
     * begins with what it was signed of. A break is an answer and no exception.
     */
    @JvmOverloads
    public fun verify(outside: String? = null): AuditCheck = AuditCheck.of(calling { ffi.verify(outside) })

    /** Makes a checkpoint of the log as it is now: a signed note in C2SP's format. */
    public fun checkpoint(): String = calling { ffi.checkpoint() }

    /** The last checkpoint that is kept with the log, as far as this process knows; makes none. */
    public fun keptCheckpoint(): String? = calling { ffi.keptCheckpoint() }

    /** The path from one checkpoint of this log to a later one: hashes of 32 bytes, for [checkGrowth]. */
    public fun proveGrowth(earlier: String, later: String): List<ByteArray> = calling { ffi.proveGrowth(earlier, later) }

    /** How publishing checkpoints goes. */
    public fun checkpointProgress(): CheckpointProgress = calling { ffi.checkpointProgress() }

    /** The public key that checkpoints are checked with, in C2SP's text form. */
    public fun verifyingKey(): String = calling { ffi.verifyingKey() }

    /** The proof of an event, for somebody who has only the public key ([checkEventProof]). */
    public fun prove(index: ULong): String = calling { ffi.prove(index) }

    /** The events in which something of this account was given out, from one time up to before another. */
    @JvmOverloads
    public fun whoSaw(account: String, from: Instant, until: Instant, skip: ULong = 0u, limit: UInt = 100u): AuditPage =
        calling { ffi.whoSaw(account, from.micros(), until.micros(), skip, limit) }

    /** The events in which something was given out to this agent. */
    @JvmOverloads
    public fun seenBy(agent: String, from: Instant, until: Instant, skip: ULong = 0u, limit: UInt = 100u): AuditPage =
        calling { ffi.seenBy(agent, from.micros(), until.micros(), skip, limit) }

    /** The events in which this rule decided something. Reads every event of the time. */
    @JvmOverloads
    public fun decidedBy(rule: String, from: Instant, until: Instant, skip: ULong = 0u, limit: UInt = 100u): AuditPage =
        calling { ffi.decidedBy(rule, from.micros(), until.micros(), skip, limit) }

    /** The events from this number on. Each is checked against its leaf hash; [verify] checks the chain. */
    @JvmOverloads
    public fun events(from: ULong, limit: UInt = 100u): AuditPage = calling { ffi.events(from, limit) }

    /**
     * The next lines of the log for a SIEM, from where an earlier part ended. A log that was put back or written anew
     * is refused. [tenant]: named in every line. [maxLine]: the longest line that the receiver takes, in bytes.
     */
    @JvmOverloads
    public fun export(
        format: ExportFormat,
        from: ExportMark,
        mostLines: UInt = MOST_LINES,
        tenant: String? = null,
        maxLine: UInt? = null,
    ): ExportPart = calling { ffi.export(format, FfiExportFrom.Mark(from), mostLines, tenant, maxLine) }

    /** The same, from the event with this number on, of whichever log it is. 0: the whole log. */
    @JvmOverloads
    public fun export(
        format: ExportFormat,
        from: ULong,
        mostLines: UInt = MOST_LINES,
        tenant: String? = null,
        maxLine: UInt? = null,
    ): ExportPart = calling { ffi.export(format, FfiExportFrom.Number(from), mostLines, tenant, maxLine) }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "AuditLog(..)"

    private companion object {
        const val MOST_LINES = 1_000u
    }
}

/** Checks the proof of an event. Needs no guard, no log and no secret key. */
public fun checkEventProof(proof: String, verifyingKey: String): AuditedEvent =
    calling { dev.cpniguard.ffi.checkEventProof(proof, verifyingKey) }

/** Opens a checkpoint: its signature is checked. Needs no guard, no log and no secret key. */
public fun openCheckpoint(note: String, verifyingKey: String): CheckpointFacts =
    calling { dev.cpniguard.ffi.openCheckpoint(note, verifyingKey) }

/**
 * Checks that a log only grew from one checkpoint to a later one: [ErrorCode.PROOF_CONSISTENCY] if it did not. Needs no
 * guard, no log and no secret key.
 */
public fun checkGrowth(earlier: String, later: String, path: List<ByteArray>, verifyingKey: String): Unit =
    calling { dev.cpniguard.ffi.checkGrowth(earlier, later, path, verifyingKey) }

/** What a verification of the whole log found. */
public sealed class AuditCheck {
    /**
     * Every event is what was written.
     *
     * @property log the log's id, 32 hexadecimal digits.
     * @property size number of events.
     * @property root Merkle tree hash over all events: 32 bytes.
     * @property anchored how many events an outside checkpoint covers; `null`: not anchored.
     * @property clockBack the largest step back from an event's time to the next one's.
     */
    public class Intact internal constructor(
        public val log: String,
        public val size: ULong,
        public val root: ByteArray,
        public val anchored: ULong?,
        public val clockBack: Duration,
    ) : AuditCheck() {
        override fun toString(): String = "Intact(log=$log, size=$size, anchored=$anchored)"
    }

    /**
     * It was changed.
     *
     * @property event the first event that does not verify, from 0.
     * @property kind what does not fit.
     */
    public class Broken internal constructor(public val event: ULong, public val kind: AuditBreakKind) : AuditCheck() {
        override fun toString(): String = "Broken(event=$event, kind=$kind)"
    }

    internal companion object {
        fun of(check: FfiCheck): AuditCheck = when (check) {
            is FfiCheck.Intact -> {
                val micros = check.clockBackMicros.coerceAtMost(Long.MAX_VALUE.toULong()).toLong()
                Intact(check.log, check.size, check.root, check.anchored, Duration.of(micros, ChronoUnit.MICROS))
            }
            is FfiCheck.Broken -> Broken(check.event, check.kind)
        }
    }
}
