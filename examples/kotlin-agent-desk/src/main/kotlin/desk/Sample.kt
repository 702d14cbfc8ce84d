package desk

import dev.cpniguard.AccountFacts
import dev.cpniguard.AgentProfile
import dev.cpniguard.CallDirection
import dev.cpniguard.CallRow
import dev.cpniguard.Channel
import dev.cpniguard.HostRisk
import dev.cpniguard.Record
import dev.cpniguard.Role
import dev.cpniguard.SimChange
import dev.cpniguard.record
import java.time.Duration
import java.time.Instant

/** Customers who do not exist, and a carrier's systems that answer from memory. Numbers and names can be nobody's. */
internal object Sample {
    const val AGENT = "a-1017"
    const val PASSWORD = "plum-harbor-19"

    /** A live call, as the carrier's telephony knows it. */
    class Ringing(val contact: String, val account: String, val channel: Channel, val caller: String)

    val calls = listOf(
        Ringing("call-88231", "acct-000042", Channel.PHONE_INBOUND, "Inbound call"),
        Ringing("call-88240", "acct-000043", Channel.PHONE_INBOUND, "Inbound call"),
    )

    fun agent() = AgentProfile(AGENT, Role.CARE_AGENT, "carrier", "US", Instant.now() + Duration.ofDays(90))

    /** Somebody else, who may approve. */
    fun supervisor() =
        AgentProfile("a-2001", Role.CARE_AGENT, "carrier", "US", Instant.now() + Duration.ofDays(90), mayApprove = true)

    private val address = Instant.now() - Duration.ofDays(212)

    /**
     * The address is 212 days old: call detail may be mailed there. No SIM was changed, and no lock is set. A transaction is
     * bound to these: told otherwise in between, it is refused.
     */
    fun facts() =
        AccountFacts("post-1", address, SimChange.Never, survivor = false, simLock = false, portLock = false)

    /** The new SIM is for a device that the account was never used from. */
    fun risk() = HostRisk(newDevice = true, accountOpened = Instant.now() - Duration.ofDays(900))

    fun customer(account: String): Record = record {
        val first = account == calls.first().account
        text("name", if (first) "Dana Example" else "Robin Sample")
        text("ssn", if (first) "987-65-4321" else "987-65-4322")
        text("mobile", if (first) "202-555-0143" else "202-555-0144")
        text("plan", if (first) "Unlimited Plus" else "Starter 5 GB")
        text("lines", if (first) "3" else "1")
        text("balance", if (first) "USD 84.20, due on the 28th" else "USD 0.00")
        calls("call_detail", log())
    }

    private fun log(): List<CallRow> {
        val noon = Instant.now() - Duration.ofHours(3)
        fun row(direction: CallDirection, number: String, hours: Long, seconds: UInt) =
            CallRow(direction, number.toCharArray(), noon - Duration.ofHours(hours), seconds)
        return listOf(
            row(CallDirection.OUTBOUND, "212-555-0142", 0, 185u),
            row(CallDirection.INBOUND, "415-555-0199", 2, 61u),
            row(CallDirection.OUTBOUND, "303-555-0117", 26, 33u),
            row(CallDirection.INBOUND, "212-555-0142", 30, 742u),
        )
    }
}
