package example.carrier

import dev.cpniguard.*
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** The examples of the README, compiled and run as they stand there. */
class ReadmeTest {
    @Test
    fun `the example runs`(@TempDir folder: Path) {
        val files = folder.toString()
        val schemaText = Carrier.resource("subscriber.toml")
        val grantsText = Carrier.resource("grants.toml")
        val passphrase = "correct horse battery staple".toCharArray()
        val typed = Carrier.PASSWORD.toCharArray()
        val account = Carrier.ACCOUNT
        val shown = ArrayList<String>()
        fun show(text: CharSequence) = shown.add(text.toString())
        val agents = MemoryAgents().apply {
            signIn("session", AgentProfile("dana", Role.CARE_AGENT, "carrier", "US", java.time.Instant.now() + Carrier.DAY))
        }
        val contacts = MemoryContacts().apply { put("call-88231", ContactState(Channel.PHONE_INBOUND, true, "dana")) }

        // README
        Guard.build {
            schema(schemaText); grants(grantsText); agents(agents); contacts(contacts)
            keys(Keys.passphrase("$files/keys.cpni", passphrase, create = true)); store(Store.folder("$files/guard-data"))
        }.use { guard ->
            val sealed = guard.protect(account, record { text("name", "Dana Example"); text("plan", "Unlimited Plus") }).sealed
            guard.importSecret(ImportedSecret.PASSWORD, account, typed)
            guard.interaction("session", account, Purpose.SUPPORT, Contact("call-88231", Channel.PHONE_INBOUND)).use { call ->
                call.present(Evidence.password(typed))
                call.view(sealed, "name", "plan").use { view ->
                    for (field in view.fields) when (field) {
                        is Field.Withheld -> show(field.forAgent + field.remedies)
                        is Field.Disclosed -> field.withText { show(it) }
                        is Field.Absent -> show("none")
                    }
                }
            }
        }
        // END
        assertEquals(listOf("Dana Example", "Unlimited Plus"), shown)
    }

    @Test
    fun `the example of a SIM change runs`() {
        Desk().use { desk ->
            val (call, transactions) = desk.call() to desk.transactions
            val change = ChangeRequest.simChange("line-1".toCharArray(), "8900000000000000003".toCharArray())
            val done = ArrayList<String>()
            fun say(text: String) = assertTrue("If you did not ask for this" in text)
            fun moveSim(id: String) = done.add(id)
            fun later(until: java.time.Instant, id: String): Unit = throw AssertionError("$id waits until $until")
            fun ask(id: String): Unit = throw AssertionError("$id needs a second person")
            fun show(text: String): Unit = throw AssertionError(text)

            // README
            val asked = call.request(change) // decided, told where the customer could be reached before, on record
            say(asked.forCustomer)
            when (val next = asked.next) {
                is NextStep.Execute -> call.permit(asked.id, change).use { permit -> // one, for ten minutes
                    call.execute(permit, change).use { order -> // every guard once more; from here on it may have been done
                        moveSim(order.id) // your provisioning, which drops a second order of the same id
                        transactions.confirm(order) // or notDone
                    }
                }
                is NextStep.Wait -> later(next.until, asked.id) // your worker: transactions.permit, transactions.execute
                is NextStep.SecondPerson -> ask(asked.id) // transactions.approve, with the change that was shown to them
                is NextStep.Refused -> show(asked.explain().forSupervisor)
            }
            // END
            assertEquals(listOf(TransactionState.CONFIRMED), done.map { transactions.status(Carrier.ACCOUNT, it).state })
        }
    }

    @Test
    fun `the README holds the examples`() {
        val root = Path.of(System.getProperty("cpni.vectors")).resolve("../../bindings/kotlin")
        val source = Files.readString(root.resolve("consumer-tests/src/test/kotlin/example/carrier/ReadmeTest.kt"))
        val examples = source.split("// README\n").drop(1).map { it.substringBefore("// END").trimEnd().trimIndent().trim() }
        assertEquals(2, examples.size)
        val readme = Files.readString(root.resolve("README.md"))
        assertTrue(examples.all { it in readme }, "README.md is behind")
    }
}
