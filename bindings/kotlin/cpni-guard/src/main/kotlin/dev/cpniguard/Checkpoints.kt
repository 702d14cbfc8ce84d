package dev.cpniguard

import dev.cpniguard.ffi.CheckpointSigner as FfiCheckpointSigner

/**
 * Signs checkpoints of the audit log with an Ed25519 key (RFC 8032) that is not on this machine: an HSM, a signing
 * service. Called on a thread of the log's own, and where a checkpoint or a proof is asked for.
 */
public interface CheckpointSigner {
    /** The public key: 32 bytes. Asked once, when the builder is given the signer. */
    public fun publicKey(): ByteArray

    /**
     * The signature of these bytes: 64 bytes. It is checked. Where it does not come there is no checkpoint
     * ([ErrorCode.AUDIT_NOT_SIGNED]), and every event is recorded all the same.
     */
    public fun sign(message: ByteArray): ByteArray
}

internal fun CheckpointSigner.ffi() = object : FfiCheckpointSigner {
    override fun publicKey() = answer { this@ffi.publicKey() }

    override fun sign(message: ByteArray) = answer { this@ffi.sign(message) }
}
