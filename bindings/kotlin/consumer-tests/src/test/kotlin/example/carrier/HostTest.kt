package example.carrier

import dev.cpniguard.AccountFacts
import dev.cpniguard.Action
import dev.cpniguard.AgentProfile
import dev.cpniguard.AlarmSink
import dev.cpniguard.CallBack
import dev.cpniguard.Channel
import dev.cpniguard.CodeTo
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.Delivery
import dev.cpniguard.ErrorCode
import dev.cpniguard.Evidence
import dev.cpniguard.Field
import dev.cpniguard.Guard
import dev.cpniguard.HotlineSource
import dev.cpniguard.KeyProvider
import dev.cpniguard.Keys
import dev.cpniguard.Presented
import dev.cpniguard.Purpose
import dev.cpniguard.Role
import dev.cpniguard.SimChange
import dev.cpniguard.Store
import dev.cpniguard.Values
import dev.cpniguard.record
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.time.Instant

/** What the host implements, and what becomes of it when it throws. */
class HostTest {
    private var lastCode: CharArray? = null

    private fun throwing(): Nothing = throw IllegalStateException("canary 987-65-4321")

    /** The host's failure is a refusal or withheld fields: never a value, never another exception. */
    private fun withholds(carrier: Carrier, field: String = "name") {
        val sealed = carrier.customer()
        try {
            carrier.call("call-1").use { call ->
                call.view(sealed, field).use { assertInstanceOf(Field.Withheld::class.java, it[field]) }
            }
        } catch (refused: CpniException) {
            assertFalse("canary" in refused.stackTraceToString())
        }
    }

    private fun refusal(work: () -> Unit): CpniException =
        assertThrows(CpniException::class.java) { work() }.also {
            assertFalse("canary" in it.stackTraceToString())
            assertNull(it.cause)
        }

    @Test
    fun `a host that throws opens nothing`() {
        Carrier { agents { throwing() } }.use { carrier ->
            assertEquals(ErrorCode.INTERACTION_DIRECTORY_UNAVAILABLE, refusal { carrier.call("call-1") }.known)
        }
        Carrier { contacts { throw StackOverflowError() } }.use { carrier -> withholds(carrier) }
        Carrier { accountFacts { throwing() } }.use { carrier -> withholds(carrier, "call_detail") }
        Carrier { clock { throwing() } }.use { carrier -> withholds(carrier) }
        refusal {
            Carrier { keys(Keys.host(Vault(fails = true), create = true)) }.close()
        }
    }

    @Test
    fun `hosts that answer are believed as far as the law goes`() {
        Carrier {
            agents { session -> if (session == "tok") AgentProfile("dana", Role.CARE_AGENT, "carrier", "US", Carrier.NOON + Carrier.DAY) else null }
            contacts { id -> if (id == "call-7") ContactState(Channel.PHONE_INBOUND, true, "dana") else null }
            clock { Carrier.NOON }
        }.use { carrier ->
            val sealed = carrier.customer()
            val contact = Contact("call-7", Channel.PHONE_INBOUND)
            carrier.guard.interaction("tok", Carrier.ACCOUNT, Purpose.SUPPORT, contact).use { call ->
                assertEquals(Presented.MATCH, call.present(Evidence.password(Carrier.PASSWORD.toCharArray())))
                call.view(sealed, "name").use { assertInstanceOf(Field.Disclosed::class.java, it["name"]) }
            }
            refusal { carrier.guard.interaction("nobody", Carrier.ACCOUNT, Purpose.SUPPORT, contact) }
        }
    }

    /** The thread is inside of a call to the library while its host calls in turn, and fails in turn. */
    @Test
    fun `a host that calls another object of the library disturbs no call`() {
        lateinit var own: Guard
        var calls = 0
        Carrier {
            accountFacts {
                calls++
                own.protect("acct-$calls", Carrier.customerRecord())
                assertEquals(ErrorCode.RECORD_UNKNOWN_FIELD, codeOf { own.protect("acct-1", record { text("colour", "blue") }) })
                AccountFacts("post-1", Carrier.NOON - Carrier.DAY.multipliedBy(212), SimChange.Never, survivor = false)
            }
        }.use { carrier ->
            own = carrier.guard
            val sealed = carrier.customer()
            carrier.authenticated("call-1").use { call ->
                val before = calls
                call.view(sealed, "name", "ssn").use { view ->
                    view.withValues { assertEquals("Dana Q. Example", it["name"]!!.withChars { name -> String(name) }) }
                    assertInstanceOf(Field.Withheld::class.java, view["ssn"])
                }
                assertEquals(ErrorCode.RECORD_UNKNOWN_FIELD, codeOf { call.view(sealed, "colour") })
                assertTrue(calls > before || before > 0, "the host was asked")
            }
        }
    }

    @Test
    fun `what is known of a contact and an account arrives`() {
        fun carrier(facts: AccountFacts) = Carrier { accountFacts { facts } }
        // A lock of the customer's forbids the change; that it is not locked, and what is unknown, are told apart.
        for (locked in listOf(true, false)) {
            val facts = AccountFacts("post-1", Carrier.NOON - Carrier.DAY.multipliedBy(212), SimChange.Never, survivor = false, simLock = locked)
            carrier(facts).use { carrier ->
                carrier.customer()
                carrier.authenticated("call-1").use { call ->
                    val why = call.decide(Action.SIM_CHANGE).explain()
                    assertEquals(locked, why.reasons.any { "lock" in it.rule }, why.forSupervisor)
                }
            }
        }
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            // A call that the carrier placed to the number of record authenticates; one to another number does not.
            for ((called, shown) in listOf(CallBack.NUMBER_OF_RECORD to true, CallBack.CONTACT_NUMBER to false)) {
                carrier.contacts.put("out-1", ContactState(Channel.PHONE_CALLBACK, true, "dana", calledBack = called))
                val contact = Contact("out-1", Channel.PHONE_CALLBACK)
                carrier.guard.interaction("dana-token", Carrier.ACCOUNT, Purpose.SUPPORT, contact).use { call ->
                    call.view(sealed, "call_detail").use { assertEquals(shown, it["call_detail"] is Field.Disclosed, "$called") }
                }
            }
        }
    }

    @Test
    fun `a delivery gets the values, and they are gone after`() {
        var kept: Values? = null
        var sent: Map<String, String>? = null
        lastCode = null
        val post = object : Delivery {
            override fun send(account: String, to: String, values: Values) {
                assertEquals(Carrier.ACCOUNT to "post-1", account to to)
                sent = values.names.filter { !values[it]!!.isCalls }.associateWith { name -> values[name]!!.withChars { String(it) } }
                kept = values
            }

            override fun sendCode(account: String, to: CodeTo, address: String?, code: CharArray) {
                this@HostTest.lastCode = code
            }

            override fun callBack(account: String) = throwing()
        }
        Carrier { delivery(post) }.use { carrier ->
            val sealed = carrier.customer()
            carrier.call("call-1").use { call ->
                val receipt = call.sendToAddressOfRecord(sealed, "plan", "call_detail")
                assertTrue(receipt.sent)
                assertEquals(mapOf("plan" to "Unlimited Canary"), sent)
                assertEquals(0, kept!!.names.size)
                assertEquals(2, receipt.decisions.size)
                assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { receipt.explain(2) })
                call.sendOneTimeCode(CodeTo.NUMBER_OF_RECORD)
                assertArrayEquals(CharArray(lastCode!!.size), lastCode)
                assertNotNull(refusal { call.callBack() }.known)
            }
        }
    }

    @Test
    fun `alarms and checkpoints arrive, and a list of hotlines that fails shows no call`(@TempDir folder: Path) {
        val alarms = ArrayList<String>()
        val notes = ArrayList<String>()
        Carrier(Store.folder(folder.toString())) {
            alarms(AlarmSink { alarms += it.rule })
            checkpointSink { synchronized(notes) { notes += it } }
            hotlines(object : HotlineSource {
                override fun released(): Instant = throwing()

                override fun numbers(): List<String> = throwing()
            })
        }.use { carrier ->
            val sealed = carrier.customer()
            carrier.guard.addDecoys(listOf(Carrier.ACCOUNT))
            try {
                carrier.authenticated("call-1").use { it.view(sealed, "name").close() }
            } catch (_: CpniException) {
                // The watch may block after a decoy was opened: the alarm is what is tested.
            }
            assertTrue(alarms.isNotEmpty())
        }
        assertTrue(synchronized(notes) { notes.isNotEmpty() }, "closing publishes the last checkpoint")
    }

    @Test
    fun `keys of the host's, and of a passphrase, open what they sealed`(@TempDir folder: Path) {
        val vault = Vault()
        val passphrase = "correct horse battery staple".toCharArray()
        val file = folder.resolve("keys.cpni").toString()
        for (keys in listOf({ create: Boolean -> Keys.host(vault, create) }, { create -> Keys.passphrase(file, passphrase, create) })) {
            val sealed = Carrier { keys(keys(true)) }.use { it.customer() }
            Carrier { keys(keys(false)) }.use { again ->
                again.customer()
                again.authenticated("call-1").use { call ->
                    call.view(sealed, "name").use { assertInstanceOf(Field.Disclosed::class.java, it["name"]) }
                }
            }
        }
        assertEquals(ErrorCode.KEY_UNWRAP, codeOf { Guard.build { keys(Keys.passphrase(file, "wrong".toCharArray())) } })
        assertNotNull(codeOf { Guard.build { keys(Keys.passphrase("$file.none", passphrase)) } }, "nothing is made unasked")
    }
}

/** A key store of the host's: here it only turns bits around, which no host should. */
class Vault(private val fails: Boolean = false) : KeyProvider {
    var document: ByteArray? = null

    override fun wrap(key: ByteArray) =
        if (fails) throw IllegalStateException("canary") else ByteArray(key.size) { key[it].toInt().inv().toByte() }

    override fun unwrap(wrapped: ByteArray) = ByteArray(wrapped.size) { wrapped[it].toInt().inv().toByte() }

    override fun load() = document

    override fun store(document: ByteArray) {
        this.document = document
    }
}
