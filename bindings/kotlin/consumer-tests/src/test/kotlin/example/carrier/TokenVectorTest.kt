package example.carrier

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import dev.cpniguard.AgentProfile
import dev.cpniguard.Alphabet
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.ErrorCode
import dev.cpniguard.Guard
import dev.cpniguard.IndexTerm
import dev.cpniguard.Keys
import dev.cpniguard.MemoryAgents
import dev.cpniguard.MemoryContacts
import dev.cpniguard.Purpose
import dev.cpniguard.Role
import dev.cpniguard.SealedToken
import dev.cpniguard.Search
import dev.cpniguard.Store
import dev.cpniguard.record
import dev.cpniguard.registerFormatColumn
import dev.cpniguard.registerSealedColumn
import dev.cpniguard.schemaIndexes
import dev.cpniguard.search
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.HexFormat

/** The vectors of `blind-index-v1` and `token-v1`, through guards whose keyrings hold the roots of the vectors. */
class TokenVectorTest {
    private val folders = Path.of(System.getProperty("cpni.vectors"))
    private val hex = HexFormat.of()

    private fun read(folder: Path): Map<String, JsonNode> = Files.list(folder).use { files ->
        files.sorted().toList().associate { it.fileName.toString() to ObjectMapper().readTree(it.toFile()) }
    }

    private fun guard(tenant: String, schema: String, roots: List<VectorKeys.Root>): Guard = Guard.build {
        val agents = MemoryAgents()
        agents.signIn("vector", AgentProfile("vector", Role.CARE_AGENT, "carrier", "US", Instant.now() + Duration.ofDays(1)))
        val contacts = MemoryContacts()
        contacts.put("call-1", ContactState(Channel.PHONE_INBOUND, true, "vector"))
        tenant(tenant)
        schema(schema)
        grants(GRANTS)
        keys(Keys.host(VectorKeys(*roots.toTypedArray())))
        store(Store.memory())
        agents(agents)
        contacts(contacts)
    }

    @Test
    fun `terms of the blind index are the vectors'`() {
        val files = read(folders.resolve("blind-index-v1"))
        val valid = files.getValue("valid.json")
        var searched = 0
        for (case in valid["cases"]) {
            val version = case["version"].asInt()
            val roots = valid["roots"].filter { it["version"].asInt() <= 2 }.map {
                val of = it["version"].asInt()
                val state = if (of == version) VectorKeys.ACTIVE else VectorKeys.DECRYPT_ONLY
                VectorKeys.data(of, hex.parseHex(it["key"].asText()), state)
            }
            val index = case["index"].asText()
            val values = case["values"].map { it.asText() }
            guard(case["tenant"].asText(), valid["schema"].asText(), roots).use { guard ->
                val fields = guard.schemaIndexesByName().getValue(index)
                val term = guard.protect("a", record { fields.zip(values).forEach { (field, value) -> text(field, value) } })
                    .terms.getValue(index)
                assertEquals(case["stored"].asText(), hex.formatHex(term.toByteArray()), "$case")
                assertEquals(case["text"].asText(), term.toText())
                assertEquals(version.toUInt(), term.keyVersion)
                assertEquals(term, IndexTerm.ofText(case["text"].asText()))
                val stated = values.map { it.toCharArray() }.toTypedArray()
                guard.search("vector", Contact("call-1", Channel.PHONE_INBOUND), Purpose.SUPPORT, index, *stated).use { search ->
                    // Law lets an agent search by some classes only.
                    if (search is Search.Allowed) {
                        assertEquals(term, search.terms.first(), "$case")
                        assertEquals(setOf(1u, 2u), search.terms.map { it.keyVersion }.toSet())
                        searched++
                    }
                }
            }
        }
        val refused = files.getValue("refused.json")["cases"]
        for (case in refused) {
            val term = hex.parseHex(case["stored"].asText())
            assertEquals(ErrorCode.TOKEN_TERM_FORMAT, codeOf { IndexTerm(term) }, "$case")
        }
        println("vectors: ${valid["cases"].size()} terms, $searched of them searched for, ${refused.size()} refused")
        assertTrue(valid["cases"].size() >= 19 && refused.size() >= 26 && searched >= 8)
    }

    private fun Guard.schemaIndexesByName() = schemaIndexes().associate { it.name to it.fields }

    @Test
    fun `tokens of columns are the vectors'`() {
        val counts = sortedMapOf<String, Int>()
        for ((file, cases) in read(folders.resolve("token-v1"))) {
            for (case in cases["cases"]) {
                val expected = case["expect"]
                val got = try {
                    token(case)
                } catch (refused: CpniException) {
                    assertEquals(expected["error"]?.asInt(), refused.code, "$file: $case")
                    counts.merge("refused", 1, Int::plus)
                    continue
                }
                assertEquals(expected["token"]?.asText(), got, "$file: $case")
                counts.merge("tokens", 1, Int::plus)
            }
        }
        println("vectors: $counts")
        assertTrue(counts.getValue("tokens") >= 22 && counts.getValue("refused") >= 30, "$counts")
    }

    private fun token(case: JsonNode): String {
        fun text(key: String) = case[key].asText()
        val kind = case["value_kind"].takeUnless { it.isNull }?.let { ", kind = \"${it.asText()}\"" } ?: ""
        val version = case["version"].asInt()
        val roots = (1 until version).map { VectorKeys.Root(VectorKeys.TOKEN, it, VectorKeys.DESTROYED, null) } +
            VectorKeys.Root(VectorKeys.TOKEN, version, VectorKeys.ACTIVE, hex.parseHex(text("root")))
        guard(text("tenant"), "[fields]\n${text("field")} = { class = \"${text("class")}\"$kind }\n", roots).use { guard ->
            if (text("kind") == "format") {
                val lengths = case["lengths"][0].asInt()..case["lengths"][1].asInt()
                val written = case["token_alphabet"]?.let { Alphabet.Of(it.asText()) }
                return guard.registerFormatColumn(text("column"), text("field"), Alphabet.Of(text("alphabet")), lengths, written)
                    .tokenise(text("value").toCharArray()).text
            }
            val column = guard.registerSealedColumn(text("column"), text("field"))
            val given = case["token"] ?: return column.tokenise(text("value").toCharArray()).text
            return column.replace(listOf(SealedToken(given.asText()))).single().get().text
        }
    }

    private companion object {
        val GRANTS = """
            id = "vectors"
            title = "Whatever the law lets a care agent search by"

            [[rule]]
            id = "all"
            title = "Care agents search"
            effect = "permit"
            when = { role = ["care_agent"], op = ["search"], class = ["identity", "address", "ssn", "account_info", "device_id"] }
        """.trimIndent()
    }
}
