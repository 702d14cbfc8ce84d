package example.carrier

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import dev.cpniguard.AgentProfile
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.ErrorCode
import dev.cpniguard.Evidence
import dev.cpniguard.Field
import dev.cpniguard.Guard
import dev.cpniguard.ImportedSecret
import dev.cpniguard.Keys
import dev.cpniguard.MemoryAgents
import dev.cpniguard.MemoryContacts
import dev.cpniguard.Purpose
import dev.cpniguard.Role
import dev.cpniguard.SealedField
import dev.cpniguard.SealedRecord
import dev.cpniguard.Store
import dev.cpniguard.Stored
import dev.cpniguard.Verification
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.HexFormat

/**
 * The vectors of `tests/vectors/sealed-v1`, through a whole guard: the root key of a vector comes in through a host's
 * key provider, the fields come out through a view, or where the law shows no value, through a verification.
 *
 * Vectors under a subject epoch, or under a key version that no keyring holds, need what this package does not offer
 * (a `SubjectStore`): of them nothing may open, whatever the code; what is wrong with the bytes alone has its own.
 */
class VectorTest {
    private val folder = Path.of(System.getProperty("cpni.vectors"), "sealed-v1")

    @Test
    fun `the same results, and the same rejections`() {
        val counts = sortedMapOf<String, Int>()
        val wrong = ArrayList<String>()
        Files.list(folder).use { files ->
            for (file in files.sorted()) {
                for (case in ObjectMapper().readTree(file.toFile())["cases"]) {
                    val title = "${file.fileName}: ${case["name"].asText()}"
                    val expected = case["expect"]["error"]?.asInt()
                    val keys = case["keys"]
                    val here = keys["epoch"].asLong() == 0L && keys["version"].asLong() == 1L
                    val result = try {
                        val opened = run(case)
                        when {
                            opened == 0 -> "withheld"
                            here -> "opened"
                            else -> "$title: opened without its keys".also(wrong::add)
                        }
                    } catch (refused: CpniException) {
                        // A guard without a subject store looks no further than the epoch.
                        val noStore = refused.code == ErrorCode.SUBJECT_NO_STORE.number && expected == ErrorCode.SEALED_COMMITMENT.number
                        if (refused.code == expected || noStore) "refused" else if (!here) "refused otherwise" else "$title: ${refused.message}, not $expected".also(wrong::add)
                    } catch (other: AssertionError) {
                        "$title: ${other.message}".also(wrong::add)
                    }
                    if (here && result in listOf("opened", "withheld") && expected != null) wrong += "$title: opened, not $expected"
                    counts.merge(result, 1, Int::plus)
                }
            }
        }
        println("vectors: $counts")
        assertTrue(wrong.isEmpty(), wrong.joinToString("\n"))
        assertEquals(111, counts.values.sum())
        assertTrue(counts.getValue("opened") == 11 && counts.getValue("refused") >= 66, "$counts")
    }

    /** How many values came out. */
    private fun run(case: JsonNode): Int {
        val stored = stored(case)
        val listed = when (stored) {
            is SealedRecord -> stored.info().fields.map { it.name to it.`class`.name.lowercase() }
            // A field that is read: its class stands in what is expected, or does not matter.
            is SealedField -> stored.toText().let { case["expect"]["open"]?.map { it["name"].asText() to it["class"].asText() } ?: listOf("ssn" to "ssn") }
        }
        val fields = case["ask"]?.map { it["name"].asText() to it["class"].asText() } ?: listed
        val calls = (case["expect"]["open"]?.filter { it["shape"].asText() == "calls" }?.map { it["name"].asText() } ?: emptyList()).toSet()
        return opened(case, fields, calls).use { guard -> check(guard, case, stored, fields) }
    }

    private fun stored(case: JsonNode): Stored {
        val id = case["record_id"].asText()
        val bytes = case["sealed"]?.let { HexFormat.of().parseHex(it.asText()) }
        val isRecord = case["kind"].asText() == "record"
        return when {
            case["text"] != null && isRecord -> SealedRecord.ofText(case["text"].asText(), id)
            case["text"] != null -> SealedField.ofText(case["text"].asText(), id)
            isRecord -> SealedRecord(bytes!!, id)
            else -> SealedField(bytes!!, id)
        }
    }

    /** Opens every field, and compares it with what is expected. */
    private fun check(guard: Guard, case: JsonNode, stored: Stored, fields: List<Pair<String, String>>): Int {
        var opened = 0
        val account = case["keys"]["account"].asText()
        guard.importSecret(ImportedSecret.PASSWORD, account, "vector-password-1".toCharArray())
        val expected = case["expect"]["open"]?.associateBy { it["name"].asText() } ?: emptyMap()
        guard.interaction("vector", account, Purpose.SUPPORT, Contact("call-1", Channel.PHONE_INBOUND)).use { call ->
            call.present(Evidence.password("vector-password-1".toCharArray()))
            call.view(stored, fields.map { it.first }).use { view ->
                for (field in view.fields.filterIsInstance<Field.Disclosed>()) compare(field, expected[field.name]).also { opened++ }
                // The law shows no SSN: it is compared. What is closed by another rule is not opened here.
                val hidden = fields.filter { it.second == "ssn" && view[it.first] is Field.Withheld }.map { it.first }
                guard.interaction("vector", account, Purpose.CREDIT_CHECK, Contact("call-1", Channel.PHONE_INBOUND)).use { check ->
                    check.present(Evidence.password("vector-password-1".toCharArray()))
                    for (name in hidden) verify(check, stored, name, expected[name]).also { opened++ }
                }
            }
        }
        return opened
    }

    private fun compare(field: Field.Disclosed, expected: JsonNode?) {
        if (expected == null) throw AssertionError("${field.name} was shown")
        if (!field.isCalls) {
            assertEquals(expected["plaintext"].asText(), field.withBytes { HexFormat.of().formatHex(ByteArray(it.remaining()).also(it::get)) })
            return
        }
        field.withCalls { rows ->
            assertEquals(expected["rows"].size(), rows.size)
            for ((row, wanted) in rows.zip(expected["rows"])) {
                assertEquals(wanted["number"].asText(), String(row.number))
                assertEquals(wanted["direction"].asText().lowercase(), if (wanted["direction"].isNumber) "${row.direction.ordinal + 1}" else row.direction.name.lowercase())
                assertEquals(wanted["duration_secs"].asLong(), row.seconds.toLong())
                assertEquals(wanted["start_micros"].asLong(), Duration.between(Instant.EPOCH, row.start).let { it.seconds * 1_000_000 + it.nano / 1_000 })
                assertEquals(wanted["place"]?.takeUnless { it.isNull }?.asText(), row.place?.let(::String))
            }
        }
    }

    private fun verify(call: dev.cpniguard.Interaction, stored: Stored, name: String, expected: JsonNode?) {
        val text = expected?.let { String(HexFormat.of().parseHex(it["plaintext"].asText())) }
        when (val answer = call.verify(stored, name, (text ?: "987654321").toCharArray())) {
            is Verification.Match -> if (text == null) throw AssertionError("$name matched")
            is Verification.NoMatch -> throw AssertionError("$name does not match")
            is Verification.Withheld -> throw AssertionError("$name is not compared: ${answer.explain().forSupervisor}")
        }
    }

    private fun opened(case: JsonNode, fields: List<Pair<String, String>>, calls: Set<String>): Guard {
        val agents = MemoryAgents()
        agents.signIn("vector", AgentProfile("vector", Role.CARE_AGENT, "carrier", "US", Instant.now() + Duration.ofDays(1)))
        val contacts = MemoryContacts()
        contacts.put("call-1", ContactState(Channel.PHONE_INBOUND, true, "vector"))
        return Guard.build {
            tenant(case["keys"]["tenant"].asText())
            schema(schema(case, fields, calls))
            grants(GRANTS)
            keys(Keys.host(VectorKeys(VectorKeys.data(1, HexFormat.of().parseHex(case["root"].asText())))))
            store(Store.memory())
            agents(agents)
            contacts(contacts)
        }
    }

    private fun schema(case: JsonNode, fields: List<Pair<String, String>>, calls: Set<String>) = buildString {
        appendLine("[fields]")
        for ((name, of) in fields) {
            if (of == "ssn_last4") continue // derived from the field of class ssn
            val shape = when {
                case["ask"] != null -> case["ask"].first { it["name"].asText() == name }["shape"].asText()
                name in calls || (of == "call_detail" && case["expect"]["open"] == null) -> "calls"
                else -> "value"
            }
            appendLine("$name = { class = \"$of\", shape = \"$shape\" }")
        }
    }

    private companion object {
        val GRANTS = """
            id = "vectors"
            title = "Everything that the law leaves open"

            [[rule]]
            id = "all"
            title = "Care agents see and compare everything"
            effect = "permit"
            when = { role = ["care_agent"], op = ["view", "verify"], class = ["identity", "address", "biographical", "ssn", "ssn_last4", "other_government_id", "account_info", "billing", "service_details", "device_id", "call_detail", "location", "payment", "auth_secret", "directory_listing", "survivor"] }
        """.trimIndent()
    }
}
