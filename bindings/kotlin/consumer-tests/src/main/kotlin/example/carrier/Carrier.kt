package example.carrier

import dev.cpniguard.AccountFacts
import dev.cpniguard.AgentProfile
import dev.cpniguard.CallDirection
import dev.cpniguard.CallRow
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.Evidence
import dev.cpniguard.Guard
import dev.cpniguard.GuardBuilder
import dev.cpniguard.HotlineSource
import dev.cpniguard.ImportedSecret
import dev.cpniguard.Interaction
import dev.cpniguard.Keys
import dev.cpniguard.ManualClock
import dev.cpniguard.MemoryAgents
import dev.cpniguard.MemoryContacts
import dev.cpniguard.Purpose
import dev.cpniguard.Record
import dev.cpniguard.Role
import dev.cpniguard.SealedRecord
import dev.cpniguard.SimChange
import dev.cpniguard.Store
import dev.cpniguard.record
import java.time.Duration
import java.time.Instant

/** A small carrier over the package, for the samples, the benchmark and the tests. */
class Carrier(store: Store = Store.memory(), more: GuardBuilder.() -> Unit = {}) : AutoCloseable {
    val agents = MemoryAgents()
    val contacts = MemoryContacts()
    val clock = ManualClock(NOON)
    val guard: Guard

    init {
        agents.signIn("dana-token", AgentProfile("dana", Role.CARE_AGENT, "carrier", "US", NOON + DAY))
        agents.signIn("sue-token", AgentProfile("sue", Role.CARE_AGENT, "carrier", "US", NOON + DAY, mayApprove = true))
        guard = Guard.build {
            schema(resource("subscriber.toml"))
            grants(resource("grants.toml"))
            keys(Keys.memory())
            store(store)
            agents(agents)
            contacts(contacts)
            accountFacts {
                AccountFacts("post-1", NOON - Duration.ofDays(212), SimChange.Never, survivor = false)
            }
            hotlines(object : HotlineSource {
                override fun released() = NOON - DAY

                override fun numbers() = listOf(HOTLINE)
            })
            clock(clock)
            breachOfficer("sue")
            more()
        }
    }

    /** Seals the sample customer, and gives the account its password. */
    fun customer(): SealedRecord {
        guard.importSecret(ImportedSecret.PASSWORD, ACCOUNT, PASSWORD.toCharArray())
        return guard.protect(ACCOUNT, customerRecord()).sealed
    }

    /** An inbound call to the agent Dana. */
    fun call(id: String, channel: Channel = Channel.PHONE_INBOUND): Interaction {
        contacts.put(id, ContactState(channel, true, "dana"))
        return guard.interaction("dana-token", ACCOUNT, Purpose.SUPPORT, Contact(id, channel))
    }

    /** The same, in which the password was given. */
    fun authenticated(id: String): Interaction =
        call(id).also { it.present(Evidence.password(PASSWORD.toCharArray())) }

    override fun close() = guard.close()

    companion object {
        val NOON: Instant = Instant.parse("2026-11-23T15:04:00Z")
        val DAY: Duration = Duration.ofDays(1)
        const val ACCOUNT = "acct-000042"
        const val PASSWORD = "plum-harbor-19"
        const val NUMBER = "2025550188"
        const val HOTLINE = "2025550145"
        const val PLACE = "Springfield"

        val VALUES = mapOf(
            "name" to "Dana Q. Example",
            "ssn" to "987-65-4321",
            "mobile" to "202-555-0143",
            "plan" to "Unlimited Canary",
        )

        fun resource(name: String): String =
            Carrier::class.java.getResource("/$name")!!.readText()

        fun customerRecord(): Record = record {
            for ((field, value) in VALUES) text(field, value.toCharArray())
            calls("call_detail", rows())
        }

        fun rows(): List<CallRow> = listOf(
            CallRow(CallDirection.OUTBOUND, NUMBER.toCharArray(), NOON - Duration.ofHours(1), 61u, PLACE.toCharArray()),
            CallRow(CallDirection.INBOUND, HOTLINE.toCharArray(), NOON - Duration.ofHours(1), 61u),
        )
    }
}
