package example.carrier

import dev.cpniguard.CpniException
import dev.cpniguard.DeviceField
import dev.cpniguard.DeviceRequest
import dev.cpniguard.DeviceSession
import dev.cpniguard.ErrorCode
import dev.cpniguard.Interaction
import dev.cpniguard.Remedy
import dev.cpniguard.SealedRecord
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Duration

/** Between a back end and the machine of an agent: what is sealed for a session, and what is refused. */
class DeviceTest {
    private val carrier = Carrier()

    @AfterEach
    fun close() = carrier.close()

    private fun refused(code: ErrorCode, work: () -> Unit) =
        assertEquals(code, assertThrows(CpniException::class.java, work).known)

    private fun Interaction.answer(sealed: SealedRecord, request: DeviceRequest) =
        viewForDevice(sealed, listOf("name", "ssn", "call_detail", "email"), request.toByteArray())

    @Test
    fun `what is sealed for a session opens there, and dies with it`() {
        val sealed = carrier.customer()
        val device = DeviceSession.start(carrier.clock)
        assertNull(device.timeLeft)
        carrier.authenticated("call-1").use { call ->
            val request = device.request()
            val view = device.open(request, call.answer(sealed, request))
            val name = view["name"] as DeviceField.Disclosed
            assertEquals("Dana Q. Example", name.withText { it.toString() })
            assertTrue(name.matches("Dana Q. Example".toCharArray()))
            val calls = view["call_detail"] as DeviceField.Disclosed
            assertTrue(calls.isCalls)
            assertEquals(Carrier.NUMBER, calls.withCalls { rows -> String(rows.first().number) })
            assertTrue(view["email"] is DeviceField.Absent)
            view.withValues { assertEquals(setOf("name", "call_detail"), it.names) }
            assertTrue(device.timeLeft!! > Duration.ZERO)

            val shown = listOf(device, request, view, view.fields).joinToString()
            assertFalse(shown.contains("Example") || shown.contains(Carrier.NUMBER), shown)
            device.close()
            refused(ErrorCode.DISCLOSE_CLOSED) { name.withChars { } }
            refused(ErrorCode.BINDING_CLOSED) { device.request() }
            assertFalse(device.isLive)
        }
    }

    @Test
    fun `a refusal travels with its reasons and with what would help`() {
        val sealed = carrier.customer()
        DeviceSession.start(carrier.clock).use { device ->
            carrier.call("call-1").use { call ->
                val request = device.request()
                val view = device.open(request, call.answer(sealed, request))
                val why = view["call_detail"] as DeviceField.Withheld
                assertTrue(why.forAgent.isNotEmpty())
                assertTrue(why.reasons.any { it.cite == "47 CFR 64.2010(b)" && it.certainty == "clear" })
                assertTrue(why.remedies.any { path -> path.steps.map { it.remedy } == listOf(Remedy.PROVIDE_PASSWORD) })
                view.withValues { assertTrue(it.names.isEmpty()) }
                // The log names the session, so that a swapped key is found.
                assertEquals(64, device.fingerprint.length)
                assertTrue(view.auditIndex > 0u)
            }
        }
    }

    @Test
    fun `a replay, another session's reply and another session's request are refused`() {
        val sealed = carrier.customer()
        DeviceSession.start(carrier.clock).use { mine ->
            DeviceSession.start(carrier.clock).use { other ->
                carrier.authenticated("call-1").use { call ->
                    val request = mine.request()
                    val reply = call.answer(sealed, request)
                    refused(ErrorCode.DEVICE_NOT_FOR_THIS_SESSION) { other.open(other.request(), reply) }
                    refused(ErrorCode.INTERACTION_ANOTHER_DEVICE) { call.answer(sealed, other.request()) }
                    val changed = reply.copyOf().also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() }
                    refused(ErrorCode.DEVICE_NOT_FOR_THIS_SESSION) { mine.open(request, changed) }
                    mine.open(request, reply).close()
                    refused(ErrorCode.DEVICE_NOT_WAITING) { mine.open(request, reply) }
                }
            }
        }
    }

    @Test
    fun `when the time of the interaction is over, nothing opens and nothing stays`() {
        val sealed = carrier.customer()
        DeviceSession.start(carrier.clock).use { device ->
            carrier.authenticated("call-1").use { call ->
                val request = device.request()
                val late = device.request()
                val name = device.open(request, call.answer(sealed, request))["name"] as DeviceField.Disclosed
                val reply = call.answer(sealed, late)
                carrier.clock.advance(device.timeLeft!!)
                assertFalse(device.isLive)
                refused(ErrorCode.DISCLOSE_CLOSED) { name.withChars { } }
                refused(ErrorCode.DEVICE_EXPIRED) { device.open(late, reply) }
            }
        }
    }
}
