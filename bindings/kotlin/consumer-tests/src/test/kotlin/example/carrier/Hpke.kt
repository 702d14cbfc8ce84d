package example.carrier

import java.io.ByteArrayOutputStream
import java.math.BigInteger
import java.security.KeyFactory
import java.security.interfaces.XECPublicKey
import java.security.spec.NamedParameterSpec
import java.security.spec.XECPrivateKeySpec
import java.security.spec.XECPublicKeySpec
import javax.crypto.Cipher
import javax.crypto.KeyAgreement
import javax.crypto.Mac
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec

/**
 * RFC 9180 in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, written from the RFC over the JDK's own
 * curve and cipher: what a vector is sealed with again, so that a session with a key of its own opens it.
 */
class Hpke private constructor(val enc: ByteArray, val sharedSecret: ByteArray, info: ByteArray) {
    val key: ByteArray
    val baseNonce: ByteArray

    init {
        val suite = "HPKE".toByteArray() + byteArrayOf(0, 32, 0, 1, 0, 2)
        val context = byteArrayOf(0) + extract(suite, ByteArray(0), "psk_id_hash", ByteArray(0)) +
            extract(suite, ByteArray(0), "info_hash", info)
        val secret = extract(suite, sharedSecret, "secret", ByteArray(0))
        key = expand(suite, secret, "key", context, 32)
        baseNonce = expand(suite, secret, "base_nonce", context, 12)
    }

    fun seal(aad: ByteArray, plain: ByteArray, sequence: Int = 0): ByteArray = cipher(Cipher.ENCRYPT_MODE, aad, sequence).doFinal(plain)

    /** Nothing: it does not open. */
    fun open(aad: ByteArray, sealed: ByteArray): ByteArray? = try {
        cipher(Cipher.DECRYPT_MODE, aad, 0).doFinal(sealed)
    } catch (_: java.security.GeneralSecurityException) {
        null
    }

    private fun cipher(mode: Int, aad: ByteArray, sequence: Int): Cipher {
        val nonce = baseNonce.copyOf()
        for (at in 0..3) nonce[11 - at] = (nonce[11 - at].toInt() xor (sequence ushr 8 * at)).toByte()
        return Cipher.getInstance("AES/GCM/NoPadding").apply {
            init(mode, SecretKeySpec(key, "AES"), GCMParameterSpec(128, nonce))
            updateAAD(aad)
        }
    }

    companion object {
        private val KEM = "KEM".toByteArray() + byteArrayOf(0, 32)

        /** The sender's side, with this ephemeral key. */
        fun sender(recipient: ByteArray, ephemeral: ByteArray, info: ByteArray): Hpke {
            val enc = publicKey(ephemeral)
            return Hpke(enc, shared(agree(ephemeral, recipient), enc + recipient), info)
        }

        /** The recipient's. Nothing: the key that came is of low order. */
        fun recipient(secret: ByteArray, enc: ByteArray, info: ByteArray): Hpke? = try {
            Hpke(enc, shared(agree(secret, enc), enc + publicKey(secret)), info)
        } catch (_: java.security.InvalidKeyException) {
            null
        }

        /** `DeriveKeyPair` (RFC 9180 §7.1.3): the secret key. */
        fun derive(ikm: ByteArray): ByteArray = expand(KEM, extract(KEM, ByteArray(0), "dkp_prk", ikm), "sk", ByteArray(0), 32)

        fun publicKey(secret: ByteArray): ByteArray = agree(secret, byteArrayOf(9) + ByteArray(31))

        private fun shared(dh: ByteArray, context: ByteArray) =
            expand(KEM, extract(KEM, ByteArray(0), "eae_prk", dh), "shared_secret", context, 32)

        private fun agree(secret: ByteArray, public: ByteArray): ByteArray {
            val keys = KeyFactory.getInstance("X25519")
            val mine = keys.generatePrivate(XECPrivateKeySpec(NamedParameterSpec.X25519, secret))
            val u = public.reversedArray().also { it[0] = (it[0].toInt() and 0x7F).toByte() }
            val theirs = keys.generatePublic(XECPublicKeySpec(NamedParameterSpec.X25519, BigInteger(1, u))) as XECPublicKey
            return KeyAgreement.getInstance("X25519").run {
                init(mine)
                doPhase(theirs, true)
                generateSecret()
            }
        }

        private fun extract(suite: ByteArray, salt: ByteArray, label: String, ikm: ByteArray): ByteArray =
            hmac(if (salt.isEmpty()) ByteArray(32) else salt, "HPKE-v1".toByteArray() + suite + label.toByteArray() + ikm)

        private fun expand(suite: ByteArray, prk: ByteArray, label: String, info: ByteArray, length: Int): ByteArray {
            val labelled = byteArrayOf((length shr 8).toByte(), length.toByte()) + "HPKE-v1".toByteArray() + suite + label.toByteArray() + info
            val out = ByteArrayOutputStream()
            var block = ByteArray(0)
            var number = 1
            while (out.size() < length) {
                block = hmac(prk, block + labelled + number++.toByte())
                out.write(block)
            }
            return out.toByteArray().copyOf(length)
        }

        private fun hmac(key: ByteArray, bytes: ByteArray) =
            Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(key, "HmacSHA256")) }.doFinal(bytes)
    }
}
