package example.carrier

import dev.cpniguard.BatchView
import dev.cpniguard.CpniException
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.Field
import dev.cpniguard.Interaction
import dev.cpniguard.RecordView
import dev.cpniguard.SealedRecord
import dev.cpniguard.record
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Many views in one call: the same as as many views, and gone when it is closed. */
class BatchViewTest {
    private val carrier = Carrier()

    @AfterEach
    fun close() = carrier.close()

    private val fields = arrayOf("name", "ssn", "plan", "call_detail", "email")

    private fun codeOf(work: () -> Any?): ErrorCode? = assertThrows(CpniException::class.java) { work() }.known

    private fun said(field: Field): Any? = when (field) {
        is Field.Disclosed -> if (field.isCalls) {
            field.withCalls { rows -> rows.map { listOf(it.direction, String(it.number), it.start, it.seconds, it.place?.let(::String)) } }
        } else {
            field.withChars { String(it) }
        }
        is Field.Withheld -> field.remedies
        is Field.Absent -> "absent"
    }

    private fun sameAsAView(call: Interaction, sealed: SealedRecord, record: RecordView) {
        call.view(sealed, *fields).use { view ->
            assertEquals(view.fields.map { it.javaClass }, record.fields.map { it.javaClass })
            assertEquals(view.fields.map { it.decision }, record.fields.map { it.decision })
            assertEquals(view.fields.map { it.explain() }, record.fields.map { it.explain() })
            assertEquals(view.fields.map(::said), record.fields.map(::said))
            val shown = view.withValues { values -> values.names.toList() }
            record.withValues { values -> assertEquals(shown, values.names.toList()) }
        }
    }

    @Test
    fun `a batch gives what as many views give, and a result for each`() {
        val sealed = carrier.customer()
        val other = carrier.guard.protect(Carrier.ACCOUNT, record { text("plan", "Basic Canary"); text("email", "dana@example.com") }).sealed
        val cut = SealedRecord(sealed.toByteArray().dropLast(1).toByteArray())
        val foreign = carrier.guard.protect("acct-2", Carrier.customerRecord()).sealed
        for (call in listOf(carrier.call("call-1"), carrier.authenticated("call-2"))) {
            val events = carrier.guard.audit().use { it.size() }
            call.viewBatch(listOf(sealed, cut, other, foreign, sealed), *fields).use { batch ->
                assertEquals(5, batch.size)
                val each = batch.asSequence().toList()
                assertEquals(ErrorCode.SEALED_FORMAT, (each[1] as Each.Failed).error.known)
                val foreign = each[3]
                if (foreign is Each.Done) assertTrue(foreign.value.fields.all { it is Field.Withheld }, "of another account")
                val viewed = listOf(each[0], each[2], each[4]).map { it.get() }
                val indexes = viewed.map { it.auditIndex }
                assertTrue(indexes[0] >= events && indexes == indexes.sorted().distinct(), "each is recorded by itself")
                for ((record, of) in viewed zip listOf(sealed, other, sealed)) sameAsAView(call, of, record)
                assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { batch[5] })
                assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { viewed[0]["mobile"] })
            }
            call.close()
        }
    }

    @Test
    fun `a value of a batch is compared, and read in the way of its shape`() {
        val sealed = carrier.customer()
        carrier.authenticated("call-1").use { call ->
            call.viewBatch(listOf(sealed), *fields).use { batch ->
                val record = batch[0].get()
                val name = record["name"] as Field.Disclosed
                assertTrue(name.matches("Dana Q. Example".toCharArray()))
                for (other in listOf("Dana Q. Exampl", "Dana Q. Example ", "dana Q. Example", "")) assertFalse(name.matches(other.toCharArray()))
                val calls = record["call_detail"] as Field.Disclosed
                assertEquals(ErrorCode.DISCLOSE_WRONG_SHAPE, codeOf { calls.matches("x".toCharArray()) })
                assertEquals(ErrorCode.DISCLOSE_WRONG_SHAPE, codeOf { calls.withText { } })
                assertEquals(ErrorCode.DISCLOSE_WRONG_SHAPE, codeOf { name.withCalls { } })
                record.withValues { values ->
                    assertNull(values["ssn"])
                    assertEquals("Unlimited Canary", values["plan"]!!.withChars { String(it) })
                }
                assertArrayEquals(CharArray(15), name.withChars { it }, "what was lent is overwritten")
            }
        }
    }

    @Test
    fun `close overwrites every value, and nothing is read after it`() {
        val sealed = carrier.customer()
        val call = carrier.authenticated("call-1")
        val batch = call.viewBatch(List(3) { sealed }, *fields)
        val record = batch[1].get()
        val name = record["name"] as Field.Disclosed
        val bytes = name.withBytes { it }
        assertTrue((0 until bytes.limit()).any { bytes.get(it) != 0.toByte() })
        call.close()
        assertEquals("Dana Q. Example", name.withChars { String(it) }, "the end of the interaction does not reach it")
        batch.close()
        batch.close()
        assertTrue((0 until bytes.limit()).all { bytes.get(it) == 0.toByte() })
        assertTrue(arrayOf(batch).all { view -> array(view).all { it == 0.toByte() } }, "the whole array")
        for (use in listOf<() -> Any?>(
            { batch[0] },
            { name.withChars { } },
            { name.withText { } },
            { name.matches("x".toCharArray()) },
            { name.explain() },
            { record.withValues { } },
        )) {
            assertEquals(ErrorCode.DISCLOSE_CLOSED, codeOf(use))
        }
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { call.viewBatch(listOf(sealed), "name") })
    }

    private fun array(view: BatchView): ByteArray =
        BatchView::class.java.getDeclaredField("bytes").apply { isAccessible = true }.get(view) as ByteArray

    @Test
    fun `nothing of it prints a value`() {
        val sealed = carrier.customer()
        val heard = StringBuilder()
        carrier.authenticated("call-1").use { call ->
            call.viewBatch(listOf(sealed, SealedRecord(ByteArray(4))), *Carrier.VALUES.keys.toTypedArray(), "call_detail").use { batch ->
                heard.append(listOf(batch, batch.asSequence().toList(), batch[0].get(), batch[0].get().fields))
                heard.append(batch[0].get().fields.map(Field::explain))
                heard.append(batch[0].get().withValues { values -> "$values ${values["name"]} ${values["call_detail"]!!.withCalls { "$it" }}" })
                heard.append((batch[1] as Each.Failed).error.stackTraceToString())
                heard.append(runCatching { (batch[0].get()["call_detail"] as Field.Disclosed).withText { } }.exceptionOrNull()!!.stackTraceToString())
                heard.append(runCatching { batch[0].get()["987-65-4321"] }.exceptionOrNull()!!.stackTraceToString())
            }
        }
        assertTrue(heard.length > 2_000, "it said something")
        for (secret in Carrier.VALUES.values + listOf(Carrier.NUMBER, Carrier.PLACE, Carrier.PASSWORD, "4321", "Canary")) {
            assertFalse(secret in heard, "$secret was said")
            assertFalse(secret.toByteArray().contentToString().trim('[', ']') in heard, "$secret was said in bytes")
            assertFalse(secret.toCharArray().contentToString().trim('[', ']') in heard, "$secret was said in characters")
        }
    }

    @Test
    fun `fields, an empty batch, and what is no batch`() {
        val sealed = carrier.customer()
        carrier.authenticated("call-1").use { call ->
            val column = sealed.field("plan")
            call.viewBatch(listOf(column, column), "plan").use { batch ->
                assertEquals(listOf("Unlimited Canary", "Unlimited Canary"), batch.asSequence().map { said(it.get()["plan"]) }.toList())
            }
            call.viewBatch(emptyList(), "plan").use { assertEquals(0, it.size) }
            val named = SealedRecord(sealed.toByteArray(), "r-2")
            val events = carrier.guard.audit().use { it.size() }
            assertEquals(ErrorCode.BINDING_LAYOUT, codeOf { call.viewBatch(listOf(sealed, named), "plan") })
            assertEquals(ErrorCode.BINDING_LAYOUT, codeOf { call.viewBatch(listOf(sealed, column), "plan") })
            assertEquals(ErrorCode.BINDING_LAYOUT, codeOf { call.viewBatch(List(10_001) { sealed }, "plan") })
            assertEquals(events, carrier.guard.audit().use { it.size() }, "nothing was opened")
        }
    }
}
