package example.carrier

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import dev.cpniguard.CpniException
import dev.cpniguard.DeviceField
import dev.cpniguard.DeviceSession
import dev.cpniguard.DeviceView
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.HexFormat

/**
 * The vectors of `tests/vectors/device-session-v1` through the public interface: requests through
 * `Interaction.viewForDevice`, replies through `DeviceSession.open`. A session has a key of its own, so each reply is
 * opened here with the vector's key and sealed again to the session's; what does not open here is handed over as it is.
 * What this seals with is checked by the vectors of `tests/vectors/rfc9180`.
 */
class DeviceVectorTest {
    private val folder = Path.of(System.getProperty("cpni.vectors"))
    private val json = ObjectMapper()

    private fun hex(node: JsonNode): ByteArray = HexFormat.of().parseHex(node.asText())

    @Test
    fun `the HPKE of this test is RFC 9180's`() {
        val vector = json.readTree(folder.resolve("rfc9180/x25519-hkdf-sha256-aes-256-gcm-base.json").toFile())
        assertArrayEquals(hex(vector["skRm"]), Hpke.derive(hex(vector["ikmR"])))
        assertArrayEquals(hex(vector["pkRm"]), Hpke.publicKey(hex(vector["skRm"])))
        val sender = Hpke.sender(hex(vector["pkRm"]), hex(vector["skEm"]), hex(vector["info"]))
        assertArrayEquals(hex(vector["enc"]), sender.enc)
        assertArrayEquals(hex(vector["shared_secret"]), sender.sharedSecret)
        assertArrayEquals(hex(vector["key"]), sender.key)
        assertArrayEquals(hex(vector["base_nonce"]), sender.baseNonce)
        for (one in vector["encryptions"]) {
            assertArrayEquals(hex(one["ct"]), sender.seal(hex(one["aad"]), hex(one["pt"]), one["sequence"].asInt()))
        }
        val first = vector["encryptions"][0]
        val recipient = Hpke.recipient(hex(vector["skRm"]), hex(vector["enc"]), hex(vector["info"]))!!
        assertArrayEquals(hex(first["pt"]), recipient.open(hex(first["aad"]), hex(first["ct"])))
        assertEquals(6, vector["encryptions"].size())
    }

    @Test
    fun `the same replies open, and the same are refused with the same code`() {
        val counts = sortedMapOf<String, Int>()
        val wrong = ArrayList<String>()
        Files.list(folder.resolve("device-session-v1")).use { files ->
            for (case in files.sorted().toList().flatMap { json.readTree(it.toFile())["cases"] }) {
                val name = case["name"].asText()
                val result = try {
                    if (case["kind"].asText() == "request") request(case) else open(case)
                    "opened".also { if (case["expect"]["error"] != null) wrong += "$name: opened" }
                } catch (refused: CpniException) {
                    "refused".also { if (case["expect"]["error"]?.asInt() != refused.code) wrong += "$name: ${refused.message}" }
                }
                counts.merge(result, 1, Int::plus)
            }
        }
        assertTrue(wrong.isEmpty(), wrong.joinToString("\n"))
        assertEquals(mapOf("opened" to 7, "refused" to 36), counts.toMap())
    }

    private fun request(case: JsonNode) = Carrier().use { carrier ->
        val sealed = carrier.customer()
        val request = hex(case["request"])
        carrier.authenticated("call-1").use { call ->
            val reply = call.viewForDevice(sealed, listOf("plan"), request)
            val of = case["expect"]["open"]
            assertEquals(of["number"].asInt(), ByteBuffer.wrap(reply, 4, 4).int, "the reply is that request's")
            val asked = carrier.guard.audit().use { log -> log.events(0u).events.mapNotNull { it.basis } }
            assertTrue(of["public_key"].asText() in asked, "the log names the key")
        }
    }

    private fun open(case: JsonNode) {
        var now = Instant.ofEpochSecond(5_000)
        DeviceSession.start { now }.use { device ->
            val requests = List(case["requests"].asInt()) { device.request() }
            var view: DeviceView? = null
            var refused: CpniException? = null
            for (reply in case["replies"]) {
                now += Duration.ofSeconds(reply["after_secs"].asLong())
                val to = requests[reply["opened_as"].asInt() - 1]
                refused = null
                try {
                    view = device.open(to, sealedAgain(hex(reply["reply"]), hex(case["seed"]), to.toByteArray().copyOfRange(4, 36)))
                } catch (failed: CpniException) {
                    refused = failed
                }
            }
            refused?.let { throw it }
            compare(case["expect"]["open"], view!!)
        }
    }

    private fun sealedAgain(reply: ByteArray, seed: ByteArray, to: ByteArray): ByteArray {
        // magic and version 4, number 4, interaction 16, account 32, times 16, agent str8; the key, then at least a block.
        val end = if (reply.size > 72) 73 + (reply[72].toInt() and 0xFF) else return reply
        if (reply.size < end + 32 + 16) return reply
        val header = reply.copyOf(end)
        val info = tuple("cpni-guard/v1/device-session".toByteArray(), header)
        val theirs = Hpke.recipient(Hpke.derive(seed), reply.copyOfRange(end, end + 32), info) ?: return reply
        val plain = theirs.open(ByteArray(0), reply.copyOfRange(end + 32, reply.size)) ?: return reply
        val again = Hpke.sender(to, ByteArray(32) { (it + 1).toByte() }, info)
        return header + again.enc + again.seal(ByteArray(0), plain)
    }

    private fun tuple(vararg parts: ByteArray) =
        parts.fold(ByteArray(0)) { all, part -> all + ByteBuffer.allocate(4).putInt(part.size).array() + part }

    private fun compare(expected: JsonNode, view: DeviceView) {
        assertEquals(expected["audit_index"].asLong().toULong(), view.auditIndex)
        assertEquals(expected["fields"].map { it["name"].asText() }, view.fields.map { it.name })
        for ((wanted, field) in expected["fields"].zip(view.fields)) {
            val decision = field.decision
            fun word(value: Enum<*>?) = value?.name?.lowercase()
            assertEquals(wanted["class"].asText(), word(field.dataClass))
            assertEquals(wanted["scope"].asText(), word(decision.scope))
            assertEquals(wanted["outcome"].asText(), word(decision.outcome))
            assertEquals(wanted["form"].textValue(), word(decision.form))
            assertEquals(wanted["because"].textValue(), word(decision.because))
            assertEquals(wanted["obligations"].asInt(), decision.obligations.sumOf { 1 shl it.ordinal + 1 })
            assertEquals(wanted["for_agent"].asText(), field.forAgent)
            assertEquals(wanted["reasons"].map { it.map(JsonNode::asText) }, field.reasons.map { listOf(it.rule, it.title, it.cite, it.certainty) })
            val remedies = (field as? DeviceField.Withheld)?.remedies.orEmpty()
            assertEquals(wanted["remedies"].map { set -> set.map(JsonNode::asText) }, remedies.map { way -> way.steps.map { word(it.remedy) } })
            compare(wanted["value"], field)
        }
    }

    private fun compare(value: JsonNode, field: DeviceField) = when (field) {
        is DeviceField.Withheld -> assertTrue(value.isNull)
        is DeviceField.Absent -> assertEquals("absent", value.asText())
        is DeviceField.Disclosed -> if (!field.isCalls) {
            field.withText { assertEquals(value["text"].asText(), it.toString()) }
        } else {
            field.withCalls { rows ->
                val read = rows.map { listOf(it.direction.name.lowercase(), Duration.between(Instant.EPOCH, it.start).toNanos() / 1_000, it.seconds.toLong(), String(it.number), it.place?.let(::String)) }
                assertEquals(value.map { listOf(it["direction"].asText(), it["start"].asLong(), it["seconds"].asLong(), it["number"].asText(), it["place"].textValue()) }, read)
            }
        }
    }
}
