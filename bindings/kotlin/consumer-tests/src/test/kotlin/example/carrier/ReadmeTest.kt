package example.carrier

import dev.cpniguard.*
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** The example of the README, compiled and run as it stands there. */
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
    fun `the README holds the example`() {
        val root = Path.of(System.getProperty("cpni.vectors")).resolve("../../bindings/kotlin")
        val source = Files.readString(root.resolve("consumer-tests/src/test/kotlin/example/carrier/ReadmeTest.kt"))
        val example = source.substringAfter("// README\n").substringBefore("        // END").trimIndent().trim()
        assertTrue(example in Files.readString(root.resolve("README.md")), "README.md is behind")
    }
}
