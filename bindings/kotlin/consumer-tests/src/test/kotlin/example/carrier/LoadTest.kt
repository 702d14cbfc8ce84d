package example.carrier

import dev.cpniguard.CpniException
import dev.cpniguard.ErrorCode
import dev.cpniguard.Field
import dev.cpniguard.Interaction
import dev.cpniguard.SealedRecord
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** Many threads, and many calls. */
class LoadTest {
    @Test
    fun `eight threads share a guard`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            // One after the other: passwords that are tried at once count against the account.
            val calls = (0..7).map { it to carrier.authenticated("call-$it") }
            val pool = Executors.newFixedThreadPool(8)
            try {
                val counts = pool.invokeAll(calls.map { (thread, call) -> Callable { work(carrier, sealed, thread, call) } }).map { it.get() }
                assertEquals(List(8) { 50 }, counts)
            } finally {
                pool.shutdownNow()
            }
            val seen = carrier.guard.audit().use {
                it.whoSaw(Carrier.ACCOUNT, Carrier.NOON - Carrier.DAY, Carrier.NOON + Carrier.DAY, limit = 1_000u)
            }
            assertEquals(400, seen.events.size, "each is recorded once")
        }
    }

    /** Who reads while another closes has the value or a refusal: never something else's memory. */
    @Test
    fun `a view that is closed while threads read it`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            val pool = Executors.newFixedThreadPool(4)
            try {
                carrier.authenticated("call-1").use { call ->
                    repeat(50) {
                        val view = call.view(sealed, "name", "plan")
                        val readers = List(4) { thread ->
                            Callable {
                                repeat(20) { at ->
                                    if (thread == 0 && at == 10) view.close()
                                    try {
                                        view.withValues { assertEquals("Unlimited Canary", it["plan"]!!.withChars { plan -> String(plan) }) }
                                    } catch (closed: CpniException) {
                                        assertEquals(ErrorCode.BINDING_CLOSED, closed.known)
                                    }
                                }
                            }
                        }
                        pool.invokeAll(readers).forEach { it.get() }
                        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { view.withValues { } })
                    }
                }
            } finally {
                pool.shutdownNow()
            }
        }
    }

    private fun work(carrier: Carrier, sealed: SealedRecord, thread: Int, mine: Interaction): Int =
        mine.use { call ->
            (1..50).count { at ->
                carrier.guard.protect("acct-$thread-$at", Carrier.customerRecord())
                call.view(sealed, "name", "plan").use { view ->
                    (view["name"] as Field.Disclosed).withText { it.toString() } == "Dana Q. Example"
                }
            }
        }

    @Test
    fun `threads share an interaction, and wait for each other`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            val pool = Executors.newFixedThreadPool(8)
            try {
                carrier.authenticated("call-1").use { call ->
                    val views = pool.invokeAll(List(200) { Callable { call.view(sealed, "plan").use { it["plan"] is Field.Disclosed } } })
                    assertTrue(views.all { it.get() })
                }
            } finally {
                pool.shutdownNow()
            }
        }
    }

    /** The heap of the tests is bounded (pom.xml), so that what grows is what is kept: a page a view would be 400 MB. */
    @Test
    fun `100,000 disclosures do not grow memory`() {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "only Linux says how much memory a process has")
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            carrier.authenticated("call-1").use { call ->
                fun disclose(times: Int) = repeat(times) {
                    call.view(sealed, "name").use { view -> (view["name"] as Field.Disclosed).withChars { it.size } }
                }
                disclose(20_000) // the heap and the compiled code take their size
                System.gc()
                val before = resident()
                val events = carrier.guard.audit().use { it.size() }
                disclose(100_000)
                System.gc()
                val grown = resident() - before
                val perEvent = (carrier.guard.audit().use { it.size() } - events).toLong()
                assertEquals(100_000L, perEvent)
                // The log itself is in memory here, about 700 bytes an event with its index.
                println("resident memory grew by ${grown / 1024} KiB over 100,000 disclosures, the log in memory with it")
                assertTrue(grown < BOUND, "grew by $grown bytes")
            }
        }
    }

    private fun resident(): Long = Files.readAllLines(Path.of("/proc/self/status"))
        .first { it.startsWith("VmRSS:") }.filter(Char::isDigit).toLong() * 1024

    private companion object {
        const val BOUND = 160L shl 20
    }
}
