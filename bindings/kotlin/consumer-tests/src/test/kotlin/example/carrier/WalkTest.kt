package example.carrier

import dev.cpniguard.Action
import dev.cpniguard.ActionDecision
import dev.cpniguard.AuditCheck
import dev.cpniguard.CpniException
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.Evidence
import dev.cpniguard.Field
import dev.cpniguard.IncidentAccesses
import dev.cpniguard.Presented
import dev.cpniguard.Remedy
import dev.cpniguard.SealedField
import dev.cpniguard.SealedRecord
import dev.cpniguard.Stated
import dev.cpniguard.Verification
import dev.cpniguard.checkEventProof
import dev.cpniguard.checkGrants
import dev.cpniguard.checkSchema
import dev.cpniguard.record
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.time.Duration

/** The way of a record: in, asked for, authenticated, out, ended. */
class WalkTest {
    private val carrier = Carrier()

    @AfterEach
    fun close() = carrier.close()

    @Test
    fun `a view before and after the password`() {
        val sealed = carrier.customer()
        carrier.call("call-1").use { call ->
            call.view(sealed, "name", "call_detail").use { view ->
                assertTrue(view.fields.all { it is Field.Withheld })
                val why = view["call_detail"] as Field.Withheld
                assertTrue(why.explain().reasons.any { it.cite == "47 CFR 64.2010(b)" })
                assertTrue(why.remedies.any { path -> path.steps.map { it.remedy } == listOf(Remedy.PROVIDE_PASSWORD) })
                assertTrue(why.forAgent.isNotEmpty())
                view.withValues { assertTrue(it.names.isEmpty()) }
            }
            assertEquals(Presented.NO_MATCH, call.present(Evidence.password("plum-harbor-20".toCharArray())))
            assertEquals(Presented.MATCH, call.present(Evidence.password(Carrier.PASSWORD.toCharArray())))
            assertEquals(Presented.NOTED, call.present(Evidence.stated(Stated.ZIP_CODE)))
            call.view(sealed, "name", "ssn", "plan", "call_detail", "email").use { view ->
                assertEquals(listOf("name", "ssn", "plan", "call_detail", "email"), view.fields.map { it.name })
                val name = view["name"] as Field.Disclosed
                assertEquals("Dana Q. Example", name.withText { it.toString() })
                assertTrue(name.matches("Dana Q. Example".toCharArray()))
                assertFalse(name.matches("Dana Q. Exampl".toCharArray()))
                assertInstanceOf(Field.Withheld::class.java, view["ssn"], "it is never shown")
                assertInstanceOf(Field.Absent::class.java, view["email"])
                val calls = view["call_detail"] as Field.Disclosed
                assertTrue(calls.isCalls)
                calls.withCalls { rows ->
                    assertEquals(listOf(Carrier.NUMBER, Carrier.HOTLINE), rows.map { String(it.number) })
                    assertEquals(Carrier.PLACE, String(rows[0].place!!))
                    assertEquals(Carrier.NOON - Duration.ofHours(1), rows[0].start)
                    assertEquals(61u, rows[0].seconds)
                }
                assertEquals(ErrorCode.DISCLOSE_WRONG_SHAPE, codeOf { calls.withText { } })
                assertEquals(ErrorCode.DISCLOSE_WRONG_SHAPE, codeOf { name.withCalls { } })
                view.withValues { values ->
                    assertEquals(listOf("name", "plan", "call_detail"), values.names.toList())
                    assertEquals("Unlimited Canary", values["plan"]!!.withChars { String(it) })
                }
                assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { view["mobile"] })
            }
        }
    }

    @Test
    fun `what was lent to a block is overwritten after it`() {
        val sealed = carrier.customer()
        carrier.authenticated("call-1").use { call ->
            call.view(sealed, "name", "call_detail").use { view ->
                val chars = (view["name"] as Field.Disclosed).withChars { it }
                assertArrayEquals(CharArray(15), chars)
                val number = (view["call_detail"] as Field.Disclosed).withCalls { it[0].number }
                assertArrayEquals(CharArray(10), number)
                val kept = view.withValues { it.also { values -> assertEquals(2, values.names.size) } }
                assertEquals(0, kept.names.size)
                val bytes = (view["name"] as Field.Disclosed).withBytes { it }
                assertTrue(bytes.isReadOnly && (0 until bytes.limit()).all { bytes.get(it) == 0.toByte() })
            }
        }
    }

    @Test
    fun `use after close is an error`() {
        val sealed = carrier.customer()
        val call = carrier.authenticated("call-1")
        val view = call.view(sealed, "name")
        val name = view["name"] as Field.Disclosed
        val kept = call.view(sealed, "name")
        view.close()
        view.close()
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { name.withText { } })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { view.withValues { } })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { name.explain() })
        call.close()
        call.close()
        assertEquals(ErrorCode.DISCLOSE_CLOSED, codeOf { kept.withValues { } }, "it ends with the interaction")
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { call.view(sealed, "name") })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { call.present(Evidence.password("x".toCharArray())) })

        val used = Carrier.customerRecord()
        carrier.guard.protect(Carrier.ACCOUNT, used)
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { carrier.guard.protect(Carrier.ACCOUNT, used) })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { used.text("name", "Dana") })

        val audit = carrier.guard.audit()
        carrier.guard.close()
        carrier.guard.close()
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { carrier.guard.protect(Carrier.ACCOUNT, Carrier.customerRecord()) })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { carrier.guard.attestationJson() })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { audit.size() })
    }

    @Test
    fun `an interaction that was idle shows nothing more`() {
        val sealed = carrier.customer()
        carrier.authenticated("call-1").use { call ->
            carrier.clock.advance(Duration.ofMinutes(20))
            assertEquals(ErrorCode.INTERACTION_EXPIRED, codeOf { call.view(sealed, "name") })
        }
    }

    /** UniFFI takes a direct buffer from its first byte, whatever its position: the package must not. */
    @Test
    fun `a moved position sends the right bytes`() {
        val plain = carrier.customer().toByteArray()
        for (direct in listOf(true, false)) {
            val moved = if (direct) ByteBuffer.allocateDirect(plain.size + 12) else ByteBuffer.allocate(plain.size + 12)
            moved.position(7)
            moved.put(plain).flip().position(7)
            val sealed = SealedRecord.of(moved)
            assertEquals(7, moved.position(), "it is left where it was")
            assertArrayEquals(plain, sealed.toByteArray())
            assertEquals(6, sealed.info().fields.size)
            carrier.authenticated("call-$direct").use { call ->
                call.view(sealed, "plan").use { assertInstanceOf(Field.Disclosed::class.java, it["plan"]) }
            }
        }
        val value = ByteBuffer.allocateDirect(32).put("not this:Dana".toByteArray()).flip().position(9)
        val sealed = carrier.guard.protect(Carrier.ACCOUNT, record { text("name", value) }).sealed
        carrier.authenticated("call-3").use { call ->
            call.view(sealed, "name").use { view ->
                assertEquals("Dana", (view["name"] as Field.Disclosed).withText { it.toString() })
            }
        }
    }

    @Test
    fun `long and foreign texts come out as they went in`() {
        carrier.customer()
        for (text in listOf("", "é", "契約 Nr. 7 – 😀", "x".repeat(20_000), "😀".repeat(3_000))) {
            val sealed = carrier.guard.protect(Carrier.ACCOUNT, record { text("plan", text.toCharArray()) }).sealed
            carrier.authenticated("call-1").use { call ->
                call.view(sealed, "plan").use { view ->
                    assertEquals(text, (view["plan"] as Field.Disclosed).withChars { String(it) })
                }
            }
        }
        assertEquals(ErrorCode.BINDING_NOT_TEXT, codeOf { record { text("plan", charArrayOf('a', '\uD83D')) } })
    }

    @Test
    fun `a field of its own is a record of one`() {
        val sealed = carrier.customer()
        val field = SealedField(sealed.field("plan").toByteArray())
        carrier.authenticated("call-1").use { call ->
            call.view(field, "plan").use { assertInstanceOf(Field.Disclosed::class.java, it["plan"]) }
            val both = call.viewAll(listOf(sealed, field), "plan").map { it.get() }
            assertEquals(2, both.count { it["plan"] is Field.Disclosed })
        }
        assertArrayEquals(sealed.toByteArray(), SealedRecord.ofText(sealed.toText()).toByteArray())
        assertArrayEquals(field.toByteArray(), SealedField.ofText(field.toText()).toByteArray())
        assertEquals(ErrorCode.SEALED_NO_SUCH_FIELD, codeOf { sealed.field("email") })
    }

    @Test
    fun `a batch has a result for each`() {
        val results = carrier.guard.protectAll(
            listOf(
                "acct-1" to Carrier.customerRecord(),
                "acct-2" to record { text("favourite_colour", "blue") },
                "acct-3" to record { text("ssn", "12") },
            ),
        )
        assertInstanceOf(Each.Done::class.java, results[0])
        assertEquals(ErrorCode.RECORD_UNKNOWN_FIELD, (results[1] as Each.Failed).error.known)
        assertEquals("ssn", results[2].get().concerns.single().field)
        assertThrows(CpniException::class.java) { results[1].get() }

        val mine = carrier.customer()
        val other = results[0].get().sealed
        carrier.authenticated("call-1").use { call ->
            val views = call.viewAll(listOf(mine, other, mine), "plan")
            assertInstanceOf(Field.Disclosed::class.java, views[0].get()["plan"])
            assertEquals(ErrorCode.SEALED_COMMITMENT, (views[1] as Each.Failed).error.known, "another account's")
            assertInstanceOf(Field.Disclosed::class.java, views[2].get()["plan"])
        }
    }

    @Test
    fun `actions, verifications and notices`() {
        val sealed = carrier.customer()
        carrier.call("call-1").use { call ->
            val refused = call.decide(Action.CHANGE_EMAIL_OF_RECORD)
            assertInstanceOf(ActionDecision.Refused::class.java, refused)
            assertTrue((refused as ActionDecision.Refused).remedies.isNotEmpty())
            assertInstanceOf(Verification.Withheld::class.java, call.verify(sealed, "ssn", "987-65-4321".toCharArray()))
        }
        carrier.authenticated("call-2").use { call ->
            assertInstanceOf(ActionDecision.Allowed::class.java, call.decide(Action.CHANGE_EMAIL_OF_RECORD))
        }
        val notices = carrier.guard.notices()
        assertEquals(1uL, notices.count())
        notices.lease(5).single().use { notice ->
            assertEquals(Carrier.ACCOUNT, notice.account())
            assertEquals(Action.CHANGE_EMAIL_OF_RECORD, notice.facts().action)
            assertTrue(notice.done())
        }
        assertEquals(0uL, notices.count())
    }

    @Test
    fun `the log verifies, an event is proven, and officers ask`() {
        val sealed = carrier.customer()
        val index = carrier.authenticated("call-1").use { call -> call.view(sealed, "name").use { it.auditIndex } }
        carrier.guard.audit().use { audit ->
            val intact = assertInstanceOf(AuditCheck.Intact::class.java, audit.verify(audit.checkpoint()))
            assertEquals(audit.size(), intact.anchored)
            val proven = checkEventProof(audit.prove(index), audit.verifyingKey())
            assertEquals(index, proven.index)
            assertEquals("dana", proven.agent)
            val seen = audit.whoSaw(Carrier.ACCOUNT, Carrier.NOON - Carrier.DAY, Carrier.NOON + Carrier.DAY)
            assertEquals(listOf(index), seen.events.map { it.index })
        }
        val all = IncidentAccesses(emptyList(), emptyList(), emptyList(), emptyList(), emptyList(), null, null)
        carrier.guard.breachScope("sue-token", all, true).use { scope ->
            assertTrue(scope.isExact())
            assertTrue(scope.accounts().indices.any { scope.name(it) == Carrier.ACCOUNT })
            assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { scope.name(-1) })
        }
        val report = carrier.guard.evidenceReport(Carrier.NOON - Carrier.DAY, Carrier.NOON + Carrier.DAY)
        assertTrue(report.json.startsWith("{"))
        assertTrue(carrier.guard.attestationText().isNotEmpty())
        assertTrue(carrier.guard.policyStatus().any { it.inForce })
        assertEquals(17, carrier.guard.schemaFields().size)
    }

    @Test
    fun `a fault in a file has its place`() {
        val fault = checkSchema("[fields]\nname = { class = \"identiti\" }\n").single()
        assertEquals(2u, fault.line)
        assertTrue("identity" in fault.what)
        assertTrue(checkGrants(Carrier.resource("grants.toml")).isEmpty())
    }
}

/** Which code a call fails with. */
fun codeOf(work: () -> Any?): ErrorCode? = assertThrows(CpniException::class.java) { work() }.known
