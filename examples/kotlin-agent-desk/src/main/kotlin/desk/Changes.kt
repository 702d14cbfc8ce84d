package desk

import dev.cpniguard.ChangeRequest
import dev.cpniguard.ContactChannel
import dev.cpniguard.ContactPoint
import dev.cpniguard.Guard
import dev.cpniguard.Interaction
import dev.cpniguard.NextStep
import dev.cpniguard.Requested
import dev.cpniguard.RiskEffect
import dev.cpniguard.RiskFact
import dev.cpniguard.RiskRule
import dev.cpniguard.TransactionKind
import dev.cpniguard.TransactionRules
import dev.cpniguard.execute
import dev.cpniguard.permit
import dev.cpniguard.request
import dev.cpniguard.transactions
import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit
import java.util.concurrent.ConcurrentHashMap

/**
 * SIM changes of the back end. The library keeps no line and no SIM, so what was asked for is kept here until it is done:
 * the second person is shown it, and provisioning is given it. What crosses to the desks are lines of a name, a tab, a text.
 */
internal class Changes(private val guard: Guard) : AutoCloseable {
    private class Asked(val account: String, val sim: String, val change: ChangeRequest, val answer: Requested)

    private val transactions = guard.transactions()
    private val asked = ConcurrentHashMap<String, Asked>()

    /** What provisioning did: the SIM of a line, by the transaction's id, so that a second order of it is none. */
    private val provisioned = ConcurrentHashMap<String, String>()

    /** Tells where the customer can be reached, as a carrier's own systems know it. */
    fun contactPoints(account: String) {
        val since = Instant.now() - Duration.ofDays(400)
        transactions.setContactPoints(
            account,
            listOf(ContactPoint("mail-1", ContactChannel.EMAIL, since), ContactPoint("app-1", ContactChannel.APP, since)),
        )
    }

    /** Asks for the change in a customer's call. `null`: that is no number of a SIM. */
    fun ask(call: Interaction, account: String, sim: String): String? {
        if (sim.length !in 18..22 || !sim.all { it in '0'..'9' }) return null
        val change = ChangeRequest.simChange(LINE.toCharArray(), sim.toCharArray())
        val answer = call.request(change)
        asked[answer.id] = Asked(account, sim, change, answer)
        return status(account, answer.id)
    }

    /** How a change of this account stands. */
    fun status(account: String, id: String): String {
        val answer = of(account, id).answer
        val status = transactions.status(account, id)
        val isRefused = answer.next is NextStep.Refused
        return listOfNotNull(
            "id" to id,
            "state" to status.state.name,
            "until" to status.notBefore.toString(),
            "needs" to if (status.needsApproval) "a second person" else "",
            "approver" to status.approver.orEmpty(),
            "asked" to "${status.agent}, ${answer.at.truncatedTo(ChronoUnit.SECONDS)}",
            "notified" to status.notified.joinToString(", ") { it.channel.name.lowercase().replace('_', ' ') },
            "rules" to answer.riskRules.joinToString(", "),
            "customer" to answer.forCustomer,
            if (isRefused) "agent" to answer.decision.forAgent else null,
            if (isRefused) "remedies" to answer.explain().remedies.take(2).joinToString("; or ") { path -> path.steps.joinToString(", and ") { it.advice } } else null,
        ).joinToString("\n") { (name, text) -> "$name\t$text" }
    }

    /** Carries it out in the call in which it was asked for: everything is looked at once more, then it is done once. */
    fun carryOut(call: Interaction, account: String, id: String): String {
        val change = of(account, id)
        call.permit(id, change.change).use { permit ->
            call.execute(permit, change.change).use { order ->
                provisioned.putIfAbsent(order.id, change.sim)
                transactions.confirm(order)
            }
        }
        return status(account, id)
    }

    /** What waits for a second person: a line for each, with what is to be approved. */
    fun forApproval(): String = asked.entries
        .filter { (id, one) -> transactions.waiting(one.account).any { it.id == id && it.needsApproval } }
        .joinToString("\n") { (id, one) -> "$id\t${one.account}\t$LINE\t${one.sim}\t${one.answer.riskRules.joinToString(", ")}" }

    /** The second person approves what is kept here, which is what they were shown. */
    fun approve(id: String, session: String) {
        val one = asked[id] ?: throw NoSuchElementException()
        transactions.approve(one.account, id, one.change, session)
    }

    private fun of(account: String, id: String): Asked =
        asked[id]?.takeIf { it.account == account } ?: throw NoSuchElementException()

    override fun close() {
        asked.values.forEach { it.change.close() }
        transactions.close()
    }

    companion object {
        /** The carrier's id of the line. */
        const val LINE = "line-1"

        /** A wait that one can watch. The library's own is a day, so that a notice is seen. */
        private val WAIT: Duration = Duration.ofSeconds(15)

        /** The library's rules, and this carrier's own for a device that the account was never used from. */
        fun rules(): TransactionRules = TransactionRules.libraryDefault()
            .with(newDevice("desk-new-device-second-person", "needs a second person", RiskEffect.SecondPerson))
            .with(newDevice("desk-new-device-wait", "waits 15 seconds", RiskEffect.Wait(WAIT)))

        private fun newDevice(id: String, does: String, effect: RiskEffect) = RiskRule(
            id, "A SIM change from a new device $does", setOf(TransactionKind.SIM_CHANGE), setOf(RiskFact.NEW_DEVICE), effect,
        )
    }
}
