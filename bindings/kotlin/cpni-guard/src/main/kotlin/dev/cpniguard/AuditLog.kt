package dev.cpniguard

import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit
import dev.cpniguard.ffi.AuditCheck as FfiCheck
import dev.cpniguard.ffi.AuditLog as Ffi

/** The audit log of a guard. Events hold ids and codes, never a value. It ends with the guard. */
public class AuditLog internal constructor(private val ffi: Ffi) : AutoCloseable {
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

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "AuditLog(..)"
}

/** Checks the proof of an event. Needs no guard, no log and no secret key. */
public fun checkEventProof(proof: String, verifyingKey: String): AuditedEvent =
    calling { dev.cpniguard.ffi.checkEventProof(proof, verifyingKey) }

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
