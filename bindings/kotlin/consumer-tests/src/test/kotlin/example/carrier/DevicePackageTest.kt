package example.carrier

import dev.cpniguard.Interaction
import dev.cpniguard.SealedRecord
import dev.cpniguard.device.CpniException
import dev.cpniguard.device.DeviceField
import dev.cpniguard.device.DeviceRequest
import dev.cpniguard.device.DeviceSession
import dev.cpniguard.device.ErrorCode
import dev.cpniguard.device.GuardClock
import dev.cpniguard.device.Mask
import dev.cpniguard.device.MaskForm
import dev.cpniguard.device.MaskKind
import dev.cpniguard.device.RedactingAppender
import dev.cpniguard.device.Redactor
import dev.cpniguard.device.Remedy
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.lang.reflect.Modifier
import dev.cpniguard.DeviceField as WholeField
import dev.cpniguard.DeviceSession as WholeSession

/**
 * The package for an agent's machine opens what the guard of the whole package seals. Both are in this process, as in a
 * test of a tool for agents; in `examples/kotlin-agent-desk` they are in two.
 */
class DevicePackageTest {
    private val carrier = Carrier()
    private val clock = GuardClock { carrier.clock.now() }

    @AfterEach
    fun close() = carrier.close()

    private fun refused(code: ErrorCode, work: () -> Unit) =
        assertEquals(code, assertThrows(CpniException::class.java, work).known)

    private fun Interaction.answer(sealed: SealedRecord, request: DeviceRequest) =
        viewForDevice(sealed, listOf("name", "ssn", "call_detail", "email"), request.toByteArray())

    @Test
    fun `it opens what a guard sealed for it, and nothing afterwards`() {
        val sealed = carrier.customer()
        val device = DeviceSession.start(clock)
        carrier.authenticated("call-1").use { call ->
            val request = device.request()
            val view = device.open(request, call.answer(sealed, request))
            val name = view["name"] as DeviceField.Disclosed
            assertEquals("Dana Q. Example", name.withText { it.toString() })
            assertTrue(name.matches("Dana Q. Example".toCharArray()))
            assertEquals(Carrier.NUMBER, (view["call_detail"] as DeviceField.Disclosed).withCalls { String(it.first().number) })
            assertTrue(view["email"] is DeviceField.Absent)
            assertTrue(view["ssn"] is DeviceField.Withheld)
            view.withValues { assertEquals(setOf("name", "call_detail"), it.names) }
            val shown = listOf(device, request, view, view.fields).joinToString()
            assertFalse(shown.contains("Example") || shown.contains(Carrier.NUMBER), shown)
            device.close()
            refused(ErrorCode.DISCLOSE_CLOSED) { name.withChars { } }
            refused(ErrorCode.BINDING_CLOSED) { device.request() }
        }
    }

    @Test
    fun `it refuses what the whole package refuses`() {
        val sealed = carrier.customer()
        DeviceSession.start(clock).use { mine ->
            DeviceSession.start(clock).use { other ->
                carrier.authenticated("call-1").use { call ->
                    val request = mine.request()
                    val reply = call.answer(sealed, request)
                    refused(ErrorCode.DEVICE_FORMAT) { mine.open(request, ByteArray(3)) }
                    refused(ErrorCode.DEVICE_NOT_FOR_THIS_SESSION) { other.open(other.request(), reply) }
                    val changed = reply.copyOf().also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() }
                    refused(ErrorCode.DEVICE_NOT_FOR_THIS_SESSION) { mine.open(request, changed) }
                    mine.open(request, reply).close()
                    refused(ErrorCode.DEVICE_NOT_WAITING) { mine.open(request, reply) }
                    val late = mine.request()
                    val tooLate = call.answer(sealed, late)
                    carrier.clock.advance(mine.timeLeft!!)
                    refused(ErrorCode.DEVICE_EXPIRED) { mine.open(late, tooLate) }
                }
            }
        }
    }

    @Test
    fun `a refusal travels with its reasons and with what would help`() {
        val sealed = carrier.customer()
        DeviceSession.start(clock).use { device ->
            carrier.call("call-1").use { call ->
                val request = device.request()
                val why = device.open(request, call.answer(sealed, request))["call_detail"] as DeviceField.Withheld
                assertTrue(why.forAgent.isNotEmpty())
                assertTrue(why.reasons.any { it.cite == "47 CFR 64.2010(b)" })
                assertTrue(why.remedies.any { path -> path.steps.map { it.remedy } == listOf(Remedy.PROVIDE_PASSWORD) })
            }
        }
    }

    @Test
    fun `the two packages do not mix, in one process`() {
        val sealed = carrier.customer()
        WholeSession.start(carrier.clock).use { whole ->
            DeviceSession.start(clock).use { device ->
                val asked = whole.request()
                val other = device.request()
                val first = carrier.authenticated("call-1").use { call ->
                    call.viewForDevice(sealed, listOf("name"), asked.toByteArray()).also { reply ->
                        refused(ErrorCode.DEVICE_NOT_FOR_THIS_SESSION) { device.open(other, reply) }
                        assertTrue(whole.open(asked, reply)["name"] is WholeField.Disclosed)
                    }
                }
                val second = carrier.authenticated("call-2").use { call -> call.answer(sealed, other) }
                assertTrue(device.open(other, second)["name"] is DeviceField.Disclosed)
                assertFalse(first.contentEquals(second))
            }
        }
    }

    @Test
    fun `its native library has a device session, a redactor, and no guard`() {
        val calls = Class.forName("dev.cpniguard.device.ffi.UniffiLib").declaredMethods.filter { Modifier.isNative(it.modifiers) }
        assertTrue(calls.none { it.parameterCount > 8 }, "arm64, see CallShapeTest")
        val ours = calls.map { it.name }.filter { it.startsWith(PREFIX) }.map { it.removePrefix(PREFIX) }
        val objects = ours.mapNotNull { Regex("^(?:clone|free|constructor|method)_([a-z]+)").find(it)?.groupValues?.get(1) }.toSet()
        assertEquals(setOf("devicesession", "deviceview", "jsonpaths", "redactor"), objects - "guardclock")
        assertTrue(ours.none { "tokens" in it }, "tokens are a guard's")
        val whole = Class.forName("dev.cpniguard.ffi.UniffiLib").declaredMethods.map { it.name }
        assertTrue(whole.any { "_method_guard_" in it }, "this test would see a guard")
    }

    @Test
    fun `it redacts without a guard`() = Redactor.labels().use { redactor ->
        assertEquals("SSN [SSN], cb [PHONE]", redactor.redact("SSN 987-65-4320, cb (202) 555-0123"))
        assertEquals("••••1111", Mask.of(MaskKind.CARD, MaskForm.Part, "4111 1111 1111 1111"))
        RedactingAppender(redactor).stop()
    }

    @Test
    fun `its table of errors is Rust's`() {
        val rust = dev.cpniguard.device.ffi.errorCodes().map { it.code.toInt() to it.name }
        assertEquals(rust.sortedBy { it.first }, ErrorCode.entries.map { it.number to it.name.lowercase() })
    }

    private companion object {
        const val PREFIX = "uniffi_cpni_guard_device_ffi_fn_"
    }
}
