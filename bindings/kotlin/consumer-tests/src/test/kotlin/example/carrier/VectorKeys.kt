package example.carrier

import dev.cpniguard.KeyProvider
import java.io.ByteArrayOutputStream
import java.io.DataOutputStream
import java.util.Base64
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/**
 * The keyring document of `docs/spec/keyring-v1.md` around known roots, written here from the specification: how a
 * vector's root key gets into a guard through the door that every host uses.
 */
class VectorKeys(vararg given: Root) : KeyProvider {
    /** A version of a branch, by its codes. [key]: none where it was destroyed. */
    class Root(val branch: Int, val version: Int, val state: Int, val key: ByteArray?)

    private val roots = (given.toList() + Root(AUDIT, 1, ACTIVE, ByteArray(32) { 1 }) + Root(REFERENCE, 1, ACTIVE, ByteArray(32) { 2 }))
        .let { if (given.any { root -> root.branch == DATA }) it else it + data(1, ByteArray(32) { 3 }) }
        .sortedWith(compareBy({ it.branch }, { it.version }))

    override fun wrap(key: ByteArray) = key.copyOf()

    override fun unwrap(wrapped: ByteArray) = wrapped.copyOf()

    override fun load(): ByteArray = buildString {
        append("[keyring]\nformat = \"keyring-v1\"\nmac = \"${text(mac())}\"\n")
        for (root in roots) {
            append("\n[[keyring.key]]\nbranch = \"${BRANCHES[root.branch - 1]}\"\nversion = ${root.version}\nstate = \"${STATES[root.state - 1]}\"\n")
            root.key?.let { append("wrapped = \"${text(tuple("cpni-guard/v1/root".toByteArray(), root.code(), root.number(), it))}\"\n") }
        }
    }.toByteArray()

    override fun store(document: ByteArray) = Unit

    private fun mac(): ByteArray {
        val label = "cpni-guard/v1/keyring".toByteArray()
        val prk = hmac(label, roots.mapNotNull { it.key }.reduce(ByteArray::plus))
        val key = hmac(prk, tuple(label) + 1)
        val entries = roots.flatMap { listOf(it.code(), it.number(), byteArrayOf(it.state.toByte())) }
        return hmac(key, tuple(label, *entries.toTypedArray()))
    }

    private fun Root.code() = byteArrayOf(branch.toByte())

    private fun Root.number() = byteArrayOf(0, 0, 0, version.toByte())

    private fun text(bytes: ByteArray) = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes)

    private fun hmac(key: ByteArray, bytes: ByteArray) =
        Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(key, "HmacSHA256")) }.doFinal(bytes)

    private fun tuple(vararg items: ByteArray): ByteArray = ByteArrayOutputStream().also { out ->
        for (item in items) DataOutputStream(out).apply { writeInt(item.size) }.write(item)
    }.toByteArray()

    companion object {
        const val DATA = 1
        const val AUDIT = 2
        const val REFERENCE = 3
        const val TOKEN = 4
        const val ACTIVE = 1
        const val DECRYPT_ONLY = 2
        const val DESTROYED = 3
        private val BRANCHES = listOf("data", "audit", "reference", "token", "subject")
        private val STATES = listOf("active", "decrypt_only", "destroyed", "retired")

        fun data(version: Int, key: ByteArray, state: Int = ACTIVE) = Root(DATA, version, state, key)
    }
}
