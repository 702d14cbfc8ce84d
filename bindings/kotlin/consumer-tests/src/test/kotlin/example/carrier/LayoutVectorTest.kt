package example.carrier

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import dev.cpniguard.CallDirection
import dev.cpniguard.CallRow
import dev.cpniguard.CpniException
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.Guard
import dev.cpniguard.Interaction
import dev.cpniguard.Record
import dev.cpniguard.SealedField
import dev.cpniguard.SealedRecord
import dev.cpniguard.Stored
import dev.cpniguard.Value
import dev.cpniguard.ffi.NoHandle
import dev.cpniguard.ffi.ProtectResult
import dev.cpniguard.ffi.SchemaField
import dev.cpniguard.record
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.lang.reflect.InvocationTargetException
import java.nio.ByteBuffer
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.HexFormat
import dev.cpniguard.ffi.CpniException as FfiException
import dev.cpniguard.ffi.Guard as FfiGuard
import dev.cpniguard.ffi.Interaction as FfiInteraction

/**
 * The vectors of `tests/vectors/binding-layout-v1`, from both sides: what this package writes is their bytes, what it
 * reads out of them is what they say, and the library refuses the others with the same code as from Rust. What is
 * internal to the package is reached by reflection: no host hands bytes over by itself.
 */
class LayoutVectorTest {
    private class Case(json: JsonNode) {
        val name: String = json["name"].asText()
        val kind: String = json["kind"].asText()
        val bytes: ByteArray = HexFormat.of().parseHex(json["bytes"].asText())
        val says: JsonNode? = json["says"]
        val error: Int? = json["error"]?.asInt()
    }

    private fun cases(file: String): List<Case> {
        val path = Path.of(System.getProperty("cpni.vectors"), "binding-layout-v1", file)
        return ObjectMapper().readTree(path.toFile())["cases"].map(::Case)
    }

    /** Stands where the library stands, and keeps what it is lent. */
    private class Heard : FfiGuard(NoHandle) {
        var bytes = ByteArray(0)

        private fun keep(lent: ByteBuffer) = lent.duplicate().let { bytes = ByteArray(it.remaining()).also(it::get) }

        override fun schemaFields() = emptyList<SchemaField>()

        override fun protectBatch(items: ByteBuffer) = keep(items).let { emptyList<ProtectResult>() }
    }

    @Test
    fun `what Kotlin writes is the vector's bytes`() {
        val heard = Heard()
        val guard = Guard::class.java.getDeclaredConstructor(FfiGuard::class.java).apply { isAccessible = true }.newInstance(heard)
        val written = sortedMapOf<String, Int>()
        for (case in cases("valid.json").filter { it.kind != "record" }) {
            val says = case.says!!
            val bytes = when (case.kind) {
                // A batch of one, without its count: `protect` writes the same and asks the library by itself.
                "item" -> heard.also { guard.protectAll(listOf(says["account"].asText() to recordOf(says))) }.bytes.drop(4).toByteArray()
                "batch" -> heard.also { guard.protectAll(says.map { it["account"].asText() to recordOf(it) }) }.bytes
                else -> requestOf(says)
            }
            assertEquals(HexFormat.of().formatHex(case.bytes), HexFormat.of().formatHex(bytes), case.name)
            written.merge(case.kind, 1, Int::plus)
        }
        assertEquals(mapOf("batch" to 2, "item" to 7, "request" to 4), written.toMap())
    }

    @Test
    fun `what comes out is read as the vector says, and nothing else is`() {
        val read = Class.forName("dev.cpniguard.ValuesKt").getDeclaredMethod("recordValues", ByteArray::class.java)
        @Suppress("UNCHECKED_CAST")
        fun values(bytes: ByteArray) = try {
            read.invoke(null, bytes) as Map<String, Value>
        } catch (failed: InvocationTargetException) {
            throw failed.targetException
        }
        var seen = 0
        for (case in cases("valid.json").filter { it.kind == "record" }) {
            val says = case.says!!["fields"]
            val values = values(case.bytes)
            assertEquals(says.filter { it.size() > 1 }.map { it["name"].asText() }, values.keys.toList(), case.name)
            for (field in says.filter { it.size() > 1 }) compare(field, values.getValue(field["name"].asText()))
            for (cut in case.bytes.indices) refused(case.name, ErrorCode.BINDING_LAYOUT) { values(case.bytes.copyOf(cut)) }
            refused(case.name, ErrorCode.BINDING_LAYOUT) { values(case.bytes + 0) }
            seen++
        }
        assertEquals(3, seen)
        val refused = mapOf(
            "0001046e616d650300000000" to ErrorCode.BINDING_LAYOUT, // shape 3
            "0001046e616d650100000001ff" to ErrorCode.BINDING_NOT_TEXT,
            "0001046e616d650200000005000000000a" to ErrorCode.BINDING_LAYOUT, // a byte behind the calls
            "0001046e616d65020000000400000001" to ErrorCode.BINDING_LAYOUT, // a row for which there is no room
        )
        for ((hex, code) in refused) refused(hex, code) {
            val value = values(HexFormat.of().parseHex(hex)).getValue("name")
            if (value.isCalls) value.withCalls { } else value.withChars { }
        }
    }

    @Test
    fun `what Kotlin writes is taken, and comes out as it went in`() {
        Carrier().use { carrier ->
            val customer = carrier.customer()
            val call = carrier.authenticated("call-1")
            for (case in cases("valid.json")) when (case.kind) {
                "item" -> {
                    val says = case.says!!
                    val sealed = carrier.guard.protect(says["account"].asText(), recordOf(says)).sealed
                    call.view(sealed, says["fields"].map { it["name"].asText() }).use { view ->
                        view.withValues { values ->
                            for (field in says["fields"]) compare(field, values[field["name"].asText()]!!)
                        }
                    }
                }
                "batch" -> {
                    val items = case.says!!.map { it["account"].asText() to recordOf(it) }
                    assertTrue(carrier.guard.protectAll(items).all { it is Each.Done }, case.name)
                }
                "request" -> {
                    val (says, names) = case.says!!.let { it to it["fields"].map { field -> field["name"].asText() } }
                    val id = says["record_id"].asText()
                    val record = SealedRecord(customer.toByteArray(), id)
                    val asked = if (says["what"].asText() == "field") record.field("plan") else record
                    val named = says["fields"].any { it["scope"].asText() == "named_call" }
                    val ask = { if (named) call.viewNamedCall(asked, *names.toTypedArray()) else call.view(asked, names) }
                    // Sealed under no record id: under another it does not open.
                    if (id.isEmpty()) ask().close() else refused(case.name, ErrorCode.SEALED_AUTHENTICATION) { ask() }
                }
            }
        }
    }

    @Test
    fun `what is handed over is refused with the same code`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            val call = carrier.authenticated("call-1")
            val (guard, interaction) = inside<FfiGuard>(Guard::class.java, carrier.guard) to inside<FfiInteraction>(Interaction::class.java, call)
            val cases = cases("refused.json")
            for (case in cases) {
                val failed = assertThrows(FfiException.Failed::class.java, {
                    when (case.kind) {
                        "item" -> guard.protect(lent(case.bytes))
                        "batch" -> guard.protectBatch(lent(case.bytes))
                        else -> interaction.view(lent(sealed.toByteArray()), lent(case.bytes))
                    }
                }, case.name)
                assertEquals(case.error, failed.code.toInt(), case.name)
            }
            assertEquals(24, cases.size)
        }
    }

    private fun recordOf(says: JsonNode): Record = record(says["record_id"].asText()) {
        for (field in says["fields"]) {
            val name = field["name"].asText()
            field["text"]?.let { text(name, it.asText().toCharArray()) } ?: calls(name, field["calls"].map(::row))
        }
    }

    private fun row(says: JsonNode) = CallRow(
        CallDirection.valueOf(says["direction"].asText().uppercase()),
        says["number"].asText().toCharArray(),
        Instant.EPOCH + Duration.ofNanos(says["start_micros"].asLong() * 1_000),
        says["duration_secs"].asLong().toUInt(),
        says["place"]?.takeUnless { it.isNull }?.asText()?.toCharArray(),
    )

    private fun requestOf(says: JsonNode): ByteArray {
        val id = says["record_id"].asText()
        val stored = if (says["what"].asText() == "field") SealedField(ByteArray(0), id) else SealedRecord(ByteArray(0), id)
        val named = says["fields"].any { it["scope"].asText() == "named_call" }
        val write = Stored::class.java.declaredMethods.single { it.name.startsWith("request") && it.parameterCount == 3 }
        val keep = { lent: ByteBuffer -> ByteArray(lent.remaining()).also { lent.duplicate().get(it) } }
        return write.invoke(stored, says["fields"].map { it["name"].asText() }, named, keep) as ByteArray
    }

    private fun compare(field: JsonNode, value: Value) {
        val text = field["text"]
        if (text != null) return value.withText { assertEquals(text.asText(), it.toString()) }
        value.withCalls { rows ->
            val read = rows.map { listOf(it.direction, String(it.number), it.start, it.seconds, it.place?.let(::String)) }
            val said = field["calls"].map(::row).map { listOf(it.direction, String(it.number), it.start, it.seconds, it.place?.let(::String)) }
            assertEquals(said, read)
        }
    }

    private fun refused(title: String, code: ErrorCode, work: () -> Any?) =
        assertEquals(code, assertThrows(CpniException::class.java, { work() }, title).known, title)

    private fun lent(bytes: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip().slice()

    private inline fun <reified T> inside(of: Class<*>, from: Any): T =
        of.getDeclaredField("ffi").apply { isAccessible = true }.get(from) as T
}
