package dev.cpniguard

import java.time.Instant
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
    public fun verify(outside: String? = null): AuditCheck = calling { ffi.verify(outside) }

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
