package example.carrier

import dev.cpniguard.Clue
import dev.cpniguard.CpniException
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.JsonPaths
import dev.cpniguard.Mask
import dev.cpniguard.MaskForm
import dev.cpniguard.MaskKind
import dev.cpniguard.Purpose
import dev.cpniguard.Redactor
import dev.cpniguard.Replacement
import dev.cpniguard.TextKind
import dev.cpniguard.TokenTerms
import dev.cpniguard.VaultToken
import dev.cpniguard.withBlindTokens
import dev.cpniguard.withVaultTokens
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.time.Duration
import dev.cpniguard.Field as ViewField

class RedactionTest {
    private fun refused(code: ErrorCode, work: () -> Unit) =
        assertEquals(code, assertThrows(CpniException::class.java, work).known)

    @Test
    fun `the corpus is found as Rust finds it`() = RedactionCorpus.withRedactors { of ->
        assertTrue(RedactionCorpus.cases.size >= 500, "${RedactionCorpus.cases.size} lines")
        for (case in RedactionCorpus.cases) {
            val found = case.of().findings(case.text)
            assertEquals(case.wanted, found.map { Triple(it.kind.name.lowercase(), it.start, it.end) }, "line ${case.line}")
            val redacted = case.of().redact(case.text)
            assertTrue(case.of().findings(redacted).isEmpty(), "line ${case.line}: a second time")
        }
    }

    @Test
    fun `indices are those of the String`() = Redactor.labels().use { redactor ->
        val texts = mapOf(
            "\uD83D\uDE00\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67 SSN 987-65-4320 \uD83D\uDE00" to "987-65-4320",
            "e\u0301e\u0301 SSN 987-65-4320\u0301" to "987-65-4320",
            "SSN \uFF19\uFF18\uFF17-65-4320\r\n" to "\uFF19\uFF18\uFF17-65-4320",
            "half \uD83D SSN 987-65-4320 \uDE00" to "987-65-4320",
            "\uDE00\uD83D\uD83D\uDE00ssn 987-65-4320\uD83D" to "987-65-4320",
        )
        for ((text, value) in texts) {
            val found = redactor.findings(text).single()
            assertEquals(TextKind.SSN, found.kind)
            assertEquals(value, text.substring(found.range))
            assertEquals(value, text.substring(found.start, found.end))
            val halves = text.replaceRange(found.range, "[SSN]").replace(HALF, "\uFFFD")
            assertEquals(halves, redactor.redact(text))
            assertEquals(halves, String(redactor.redact(text.toCharArray())))
        }
        assertTrue(redactor.findings("\uD83D").isEmpty())
        assertEquals("\uFFFD", redactor.redact("\uDE00"))
        val labelled = redactor.findings("5550123", "home_phone\uD83D").single()
        assertEquals(TextKind.PHONE to true, labelled.kind to (Clue.COLUMN_LABEL in labelled.why))
        assertEquals(listOf("", ""), listOf(redactor.redact(""), String(redactor.redact(CharArray(0)))))
    }

    @Test
    fun `a finding says how sure it is and why`() = Redactor.labels().use { redactor ->
        val found = redactor.findings("SSN 987-65-4320").single()
        assertEquals(99, found.confidence)
        assertEquals(setOf(Clue.STRUCTURE, Clue.GROUPING, Clue.ASSIGNED, Clue.WORD_BEFORE), found.why)
        assertEquals(50, redactor.findings("219099999").single().confidence)
        assertFalse("987" in found.toString())
    }

    @Test
    fun `lists cross at once, each with a result`() = Redactor.labels().use { redactor ->
        val texts = List(500) { "line $it: SSN 987-65-4320" } + "pin 4482 \uD83D"
        val redacted = redactor.redactAll(texts).map { it.get() }
        assertEquals(List(500) { "line $it: SSN [SSN]" } + "pin [SECRET] \uFFFD", redacted)
        assertTrue(redactor.redactAll(emptyList()).isEmpty())
        val labelled = redactor.redactAllLabelled(listOf("pin" to "4482", "" to "4482", "home_phone" to "5550123"))
        assertEquals(listOf("[SECRET]", "4482", "[PHONE]"), labelled.map { it.get() })
        assertEquals("[SECRET]", redactor.redactLabelled("customerPin", "4482"))
        refused(ErrorCode.BINDING_LAYOUT) { redactor.redactAll(List(10_001) { "" }) }
    }

    @Test
    fun `settings say what is found and what stands for it`() {
        Redactor.build {
            accountPattern("[0-9]{4}-[A-Z]{5}")
            allow(TextKind.PHONE, "202-555-0123")
            deny(TextKind.ACCOUNT, "zz-77")
            replaceWith(Replacement.Mask(MaskForm.Withheld))
            replaceWith(TextKind.CARD, Replacement.Mask(MaskForm.Last(9)))
            replaceWith(TextKind.ACCOUNT, Replacement.Label)
        }.use { redactor ->
            val text = "0000-EXMPL, (202) 555-0123 or 202-555-0124, ZZ 77, card 4111-1111-1111-1111"
            assertEquals("[ACCOUNT], (202) 555-0123 or ••••, [ACCOUNT], card ••••1111", redactor.redact(text))
            assertFalse("zz" in redactor.toString())
        }
        Redactor.build { least(60) }.use { assertEquals("219099999", it.redact("219099999")) }
        refused(ErrorCode.BINDING_PATTERN) { Redactor.build { accountPattern("[0-9") } }
        refused(ErrorCode.REDACT_LIST_ENTRY) { Redactor.build { deny(TextKind.SSN, "x") } }
        refused(ErrorCode.REDACT_TOO_MANY_PATTERNS) { Redactor.build { repeat(17) { accountPattern("a") } } }
        refused(ErrorCode.BINDING_NOT_TEXT) { Redactor.build { allow(TextKind.SSN, "987-65-4320\uD83D") } }
        val closed = Redactor.labels().also(Redactor::close)
        refused(ErrorCode.BINDING_CLOSED) { closed.redact("SSN 987-65-4320") }
    }

    @Test
    fun `documents are redacted by path and by content`() = Redactor.labels().use { redactor ->
        val paths = JsonPaths.NONE.keep("/support").mask("/customers/*/name", MaskKind.NAME, MaskForm.Part)
        val document = """{"support":"202-555-0123","customers":[{"name":"Dana","pin":4482}],"x":"202-555-0123"}"""
        val wanted = """{"support":"202-555-0123","customers":[{"name":"D••••","pin":"[SECRET]"}],"x":"[PHONE]"}"""
        assertEquals(wanted, redactor.redactJson(document, paths))
        assertEquals("""{"n":"[SSN]"}""", redactor.redactJson("""{"n":"SSN 987-65-4320"}""").replace("SSN [SSN]", "[SSN]"))
        refused(ErrorCode.REDACT_DOCUMENT) { redactor.redactJson("{987-65-4320") }
        refused(ErrorCode.REDACT_PATH) { JsonPaths.NONE.keep("support") }
    }

    /** The table of docs/redaction.md: a value, its kind only, its part. */
    @Test
    fun `masks are those of the table`() {
        val table = java.nio.file.Files.readAllLines(
            java.nio.file.Path.of(System.getProperty("cpni.vectors")).resolve("../../docs/redaction.md"),
        ).dropWhile { !it.startsWith("| Kind | A value |") }.drop(2).takeWhile { it.startsWith("|") }
        assertEquals(MaskKind.entries.size, table.size)
        for (row in table) {
            val cells = row.split('|').map { it.trim().trim('`') }
            val kind = MaskKind.entries.single { it.name.lowercase() == cells[1] }
            assertEquals(cells[3], Mask.of(kind, MaskForm.Kind, cells[2]), row)
            assertEquals(cells[4], Mask.of(kind, MaskForm.Part, cells[2]), row)
            assertEquals("••••", Mask.of(kind, MaskForm.Withheld, cells[2]), row)
            val shown = Mask.of(kind, MaskForm.Last(9), cells[2].toCharArray()).removePrefix("••••")
            assertEquals(cells[5].toInt(), shown.length, row)
        }
        assertEquals("••••", Mask.of(MaskKind.SSN, MaskForm.Last(4), "987-65-4321"))
        assertEquals("••••", Mask.of(MaskKind.CARD, MaskForm.Last(-1), "4111 1111 1111 1111"))
        assertEquals("••••", Mask.of(MaskKind.NAME, MaskForm.Part, "\uD83D"))
    }

    @Test
    fun `tokens need a guard that is open`() {
        val carrier = Carrier()
        val plain = Redactor.labels()
        carrier.customer()
        val blind = plain.withBlindTokens(carrier.guard, TextKind.SSN)
        val text = blind.redact("ssn 987-65-4320, SSN 987654320, ssn 987-65-4321, cb 202-555-0123")
        val tokens = Regex("""\[([^]]+)]""").findAll(text).map { it.groupValues[1] }.toList()
        assertEquals(tokens[0], tokens[1])
        assertNotEquals(tokens[0], tokens[2])
        assertTrue(tokens[0].startsWith("SSN:") && tokens[3] == "PHONE", text)

        val terms = TokenTerms(Carrier.NOON + Duration.ofHours(1), setOf(Purpose.SUPPORT))
        plain.withVaultTokens(carrier.guard, Carrier.ACCOUNT, terms).use { vault ->
            val token = vault.redact("call 202-555-0123 instead").removePrefix("call ").removeSuffix(" instead")
            carrier.authenticated("call-1").use { call ->
                call.detokenise(VaultToken.ofText(token)).use { view ->
                    assertEquals("2025550123", (view["mobile"] as ViewField.Disclosed).withText { it.toString() })
                }
            }
            refused(ErrorCode.REDACT_NOT_REPLACED) { vault.redact("from 192.0.2.1") }
            val each = vault.redactAll(listOf("from 192.0.2.1", "plan gold"))
            assertTrue(each[0] is Each.Failed && each[1].get() == "plan gold")
        }
        carrier.close()
        refused(ErrorCode.REDACT_NOT_REPLACED) { blind.redact("SSN 987-65-4320") }
        assertEquals("SSN [SSN]", plain.redact("SSN 987-65-4320"))
        refused(ErrorCode.BINDING_CLOSED) { plain.withBlindTokens(carrier.guard) }
    }

    @Test
    fun `threads share a redactor`() = Redactor.labels().use { redactor ->
        val texts = RedactionCorpus.cases.filter { !it.isSpoken }.map { it.text }
        val wanted = redactor.redactAll(texts).map { it.get() }
        val pool = Executors.newFixedThreadPool(8)
        try {
            val runs = List(16) { Callable { redactor.redactAll(texts).map { it.get() } } }
            pool.invokeAll(runs).forEach { assertEquals(wanted, it.get()) }
        } finally {
            pool.shutdown()
        }
    }

    private companion object {
        /** Half of a surrogate pair. */
        val HALF = Regex("[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]")
    }
}
