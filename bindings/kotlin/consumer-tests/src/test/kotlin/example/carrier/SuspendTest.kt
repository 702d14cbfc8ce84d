package example.carrier

import dev.cpniguard.AuditCheck
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.ErrorCode
import dev.cpniguard.Evidence
import dev.cpniguard.Field
import dev.cpniguard.ImportedSecret
import dev.cpniguard.Presented
import dev.cpniguard.Purpose
import dev.cpniguard.View
import dev.cpniguard.suspending
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.RepeatedTest
import org.junit.jupiter.api.Test
import java.util.concurrent.Executors

class SuspendTest {
    private val contact = Contact("call-1", Channel.PHONE_INBOUND)

    private fun Carrier.ring() = contacts.put("call-1", ContactState(Channel.PHONE_INBOUND, true, "dana"))

    @Test
    fun `calls run on the host's dispatcher`() {
        val asked = HashSet<String>()
        val executor = Executors.newSingleThreadExecutor { Thread(it, "guard-thread") }
        executor.asCoroutineDispatcher().use { dispatcher ->
            Carrier { clock { Carrier.NOON.also { synchronized(asked) { asked += Thread.currentThread().name } } } }.use { carrier ->
                carrier.ring()
                synchronized(asked) { asked.clear() }
                runBlocking {
                    val guard = carrier.guard.suspending(dispatcher)
                    guard.importSecret(ImportedSecret.PASSWORD, Carrier.ACCOUNT, Carrier.PASSWORD.toCharArray())
                    val sealed = guard.protect(Carrier.ACCOUNT, Carrier.customerRecord()).sealed
                    guard.interaction("dana-token", Carrier.ACCOUNT, Purpose.SUPPORT, contact) { call ->
                        assertEquals(Presented.MATCH, call.present(Evidence.password(Carrier.PASSWORD.toCharArray())))
                        call.view(sealed, "name") { assertInstanceOf(Field.Disclosed::class.java, it["name"]) }
                    }
                    assertInstanceOf(AuditCheck.Intact::class.java, guard.verifyAudit())
                }
                assertTrue(synchronized(asked) { asked.any { "guard-thread" in it } && asked.none { "main" in it } }, "$asked")
            }
        }
    }

    @RepeatedTest(20)
    fun `a cancelled coroutine ends its interaction`() {
        Carrier().use { carrier ->
            carrier.ring()
            val sealed = carrier.customer()
            var kept: View? = null
            assertThrows(CancellationException::class.java) {
                runBlocking {
                    coroutineScope {
                        launch {
                            carrier.guard.suspending(Dispatchers.IO).interaction("dana-token", Carrier.ACCOUNT, Purpose.SUPPORT, contact) { call ->
                                call.present(Evidence.password(Carrier.PASSWORD.toCharArray()))
                                this@coroutineScope.cancel()
                                call.view(sealed, "name") { kept = it }
                            }
                        }
                    }
                }
            }
            assertEquals(ErrorCode.BINDING_CLOSED, codeOf { kept!!.withValues { } }, "handed over, and closed")
            val events = carrier.guard.audit().use { it.size() }
            carrier.authenticated("call-1").close()
            assertEquals(3uL, carrier.guard.audit().use { it.size() } - events, "opened, presented, ended")
        }
    }
}
