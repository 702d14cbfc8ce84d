package example.carrier

import dev.cpniguard.AccountChange
import dev.cpniguard.AccountFacts
import dev.cpniguard.Action
import dev.cpniguard.AgentProfile
import dev.cpniguard.Attested
import dev.cpniguard.ChangeRequest
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactChange
import dev.cpniguard.ContactChannel
import dev.cpniguard.ContactPoint
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.ErrorCode
import dev.cpniguard.EventKind
import dev.cpniguard.Evidence
import dev.cpniguard.EvidenceKind
import dev.cpniguard.ExecutePermit
import dev.cpniguard.GuardBuilder
import dev.cpniguard.HostRisk
import dev.cpniguard.ImportedSecret
import dev.cpniguard.Interaction
import dev.cpniguard.Keys
import dev.cpniguard.LockKind
import dev.cpniguard.LockState
import dev.cpniguard.NextStep
import dev.cpniguard.NoticeAbout
import dev.cpniguard.NoticeTarget
import dev.cpniguard.Objection
import dev.cpniguard.Obligation
import dev.cpniguard.Outcome
import dev.cpniguard.Purpose
import dev.cpniguard.Requested
import dev.cpniguard.RiskEffect
import dev.cpniguard.RiskFact
import dev.cpniguard.RiskRule
import dev.cpniguard.Role
import dev.cpniguard.SimChange
import dev.cpniguard.Stated
import dev.cpniguard.Store
import dev.cpniguard.TransactionKind
import dev.cpniguard.TransactionRules
import dev.cpniguard.TransactionState
import dev.cpniguard.cancel
import dev.cpniguard.execute
import dev.cpniguard.permit
import dev.cpniguard.portFields
import dev.cpniguard.removeLock
import dev.cpniguard.request
import dev.cpniguard.setLock
import dev.cpniguard.suspending
import dev.cpniguard.transactions
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.time.Duration
import java.time.Instant
import java.util.concurrent.Callable
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors

/** A carrier whose agents change SIMs, and what its systems say until a test says otherwise. */
internal class Desk(store: Store = Store.memory(), more: GuardBuilder.() -> Unit = {}) : AutoCloseable {
    @Volatile
    var sim: SimChange = SimChange.Never

    @Volatile
    var unlockEligible: Boolean? = true
    private var calls = 0
    val carrier = Carrier(store) {
        grants(GRANTS)
        accountFacts {
            AccountFacts(
                "post-1", Carrier.NOON - Duration.ofDays(212), sim,
                survivor = false, simLock = false, portLock = false, simplePort = true,
            )
        }
        risks { _, _ -> HostRisk(newDevice = false, accountOpened = Carrier.NOON - Duration.ofDays(900), unlockEligible = unlockEligible) }
        more()
    }
    val transactions = carrier.guard.transactions()

    init {
        carrier.guard.importSecret(ImportedSecret.PASSWORD, ACCOUNT, Carrier.PASSWORD.toCharArray())
    }

    /** A contact of somebody's, in which the carrier's systems established this. */
    fun ring(agent: String = "dana", channel: Channel = Channel.PHONE_INBOUND, attested: List<Attested> = emptyList()): Interaction {
        val id = "call-${++calls}"
        carrier.contacts.put(id, ContactState(channel, true, agent, attested = attested))
        return carrier.guard.interaction("$agent-token", ACCOUNT, Purpose.SUPPORT, Contact(id, channel))
    }

    /** A call in which the customer is proved by password and app. */
    fun call(): Interaction = ring(attested = listOf(Attested.APP_FACTOR)).also {
        it.present(Evidence.password(Carrier.PASSWORD.toCharArray()))
        it.present(Evidence.attested(Attested.APP_FACTOR))
    }

    fun points(vararg points: Triple<String, ContactChannel, Long>) = transactions.setContactPoints(
        ACCOUNT,
        points.map { (id, channel, days) -> ContactPoint(id, channel, Carrier.NOON - Duration.ofDays(days)) },
    )

    fun state(asked: Requested): TransactionState = transactions.status(ACCOUNT, asked.id).state

    /** Where queued notices go, as the worker takes them. */
    fun told(): List<String> = carrier.guard.notices().lease(99).map { leased ->
        leased.use {
            val facts = it.facts()
            assertTrue(it.done())
            facts.address ?: facts.transaction!!.channel.name
        }
    }.sorted()

    /** The events of the transaction room, with their causes. */
    fun events(): List<Pair<EventKind, Int>> = carrier.guard.audit().use { it.events(0uL, 1_000u).events }
        .filter { it.kind >= EventKind.TRANSACTION_REQUESTED }
        .map { it.kind to it.cause.toInt() }

    override fun close() {
        transactions.close()
        carrier.close()
    }

    companion object {
        const val ACCOUNT = Carrier.ACCOUNT
        val TEN_MINUTES: Duration = Duration.ofMinutes(10)
        const val GRANTS = """
id    = "transactions"
title = "Transactions"

[[rule]]
id     = "care-changes"
title  = "Care agents change what customers ask for"
effect = "permit"
when   = { role = ["care_agent"], purpose = ["support"], op = ["act"], action = ["port_out", "unlock_handset"] }

[[rule]]
id     = "ports"
title  = "The porting interface ports"
effect = "permit"
when   = { role = ["port_system"], op = ["act"], action = ["port_out"] }
"""
    }
}

/** The same codes and rules as in `bindings/ffi/tests/interface/transactions.rs`. */
class TransactionTest {
    private val account = Carrier.ACCOUNT
    private val line = "8155550100".toCharArray()
    private val change = ChangeRequest.simChange(line, "8900000000000000003".toCharArray())
    private val swapped = ChangeRequest.simChange(line, "8900000000000000011".toCharArray())
    private val tomorrow: Instant = Carrier.NOON + Carrier.DAY
    private val mail = Triple("mail-1", ContactChannel.EMAIL, 400L)
    private val newApp = Triple("app-1", ContactChannel.APP, 2L)

    /** The code that it fails with; `null`: it does not. */
    private fun outcome(work: () -> Any?): ErrorCode? = try {
        work()
        null
    } catch (failed: CpniException) {
        failed.known
    }

    private fun refused(code: ErrorCode) = NextStep.Refused(code.number)

    @Test
    fun `the customer changes the SIM in one contact`() {
        Desk().use { desk ->
            val call = desk.call()
            val asked = call.request(change)
            assertEquals(NextStep.Execute, asked.next)
            assertEquals(Triple(Action.SIM_CHANGE, Carrier.NOON, Outcome.DISCLOSE), Triple(asked.action, asked.at, asked.decision.outcome))
            assertTrue(asked.forCustomer.startsWith("We change the SIM now.") && asked.id.length == 32)
            assertTrue(Obligation.NOTIFY_BEFORE in asked.decision.obligations)
            assertTrue(asked.explain().reasons.any { it.rule == "guard-sim-change-notice" && it.cite.isNotEmpty() })
            val number = NoticeTarget(ContactChannel.NUMBER_OF_RECORD, null)
            assertEquals(listOf(number, NoticeTarget(ContactChannel.ADDRESS, "post-1")), asked.notified)
            desk.carrier.guard.notices().lease(1).single().use {
                val notice = it.facts().transaction!!
                assertEquals(NoticeAbout.TRANSACTION to asked.id, notice.about to notice.id)
            }
            val order = call.permit(asked.id, change).use { permit ->
                assertEquals(asked.id to Carrier.NOON + Desk.TEN_MINUTES, permit.id to permit.ends)
                val order = call.execute(permit, change)
                // A permit is good for one call.
                assertEquals(ErrorCode.BINDING_USED_UP, codeOf { call.execute(permit, change) })
                order
            }
            assertEquals(asked.id to TransactionState.EXECUTING, order.id to desk.state(asked))
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { call.permit(asked.id, change) })
            desk.transactions.confirm(order)
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.confirm(order) })
            assertEquals(TransactionState.CONFIRMED, desk.state(asked))
            val events = listOf(
                EventKind.TRANSACTION_REQUESTED to 0, EventKind.TRANSACTION_DECIDED to 0, EventKind.TRANSACTION_PERMITTED to 0,
                EventKind.TRANSACTION_EXECUTING to 0, EventKind.TRANSACTION_PERMITTED to 5204,
                EventKind.TRANSACTION_CONFIRMED to 0, EventKind.TRANSACTION_CONFIRMED to 5204,
            )
            assertEquals(events, desk.events())
            order.close()
            assertEquals(ErrorCode.BINDING_CLOSED, codeOf { desk.transactions.confirm(order) })
        }
    }

    @Test
    fun `of two threads with one permit one executes`() {
        Desk().use { desk ->
            val call = desk.call()
            val asked = call.request(change)
            call.permit(asked.id, change).use { permit ->
                val start = CyclicBarrier(2)
                val executor = Callable {
                    start.await()
                    outcome { call.execute(permit, change) }
                }
                val threads = Executors.newFixedThreadPool(2)
                val codes = try {
                    threads.invokeAll(listOf(executor, executor)).map { it.get() }
                } finally {
                    threads.shutdown()
                }
                assertEquals(setOf(null, ErrorCode.BINDING_USED_UP), codes.toSet())
            }
            assertEquals(1, desk.events().count { it == EventKind.TRANSACTION_EXECUTING to 0 })
        }
    }

    @Test
    fun `a permit that is closed, refused or late is good for nothing`() {
        Desk().use { desk ->
            val call = desk.call()
            val asked = call.request(change)
            assertEquals(ErrorCode.TRANSACTION_ANOTHER_TARGET, codeOf { call.permit(asked.id, swapped) })
            assertEquals(ErrorCode.TRANSACTION_NO_SUCH_TRANSACTION, codeOf { call.permit("not an id", change) })
            assertEquals(ErrorCode.TRANSACTION_ALREADY_UNDER_WAY, codeOf { desk.call().request(change) })
            val closed = call.permit(asked.id, change)
            closed.close()
            assertEquals(ErrorCode.BINDING_CLOSED, codeOf { call.execute(closed, change) })
            // It was forgotten and not used: until its end nobody gets another.
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { call.permit(asked.id, change) })
            fun next(): ExecutePermit {
                desk.carrier.clock.advance(Desk.TEN_MINUTES)
                return call.permit(asked.id, change)
            }
            next().use { permit ->
                assertEquals(ErrorCode.TRANSACTION_ANOTHER_TARGET, codeOf { call.execute(permit, swapped) })
                assertEquals(ErrorCode.BINDING_USED_UP, codeOf { call.execute(permit, change) })
            }
            next().use { permit ->
                desk.carrier.clock.advance(Desk.TEN_MINUTES)
                assertEquals(ErrorCode.TRANSACTION_PERMIT_EXPIRED, codeOf { call.execute(permit, change) })
            }
            next().use { permit ->
                desk.sim = SimChange.At(Carrier.NOON)
                assertEquals(ErrorCode.TRANSACTION_FACTS_CHANGED, codeOf { call.execute(permit, change) })
            }
            desk.carrier.clock.advance(Desk.TEN_MINUTES)
            assertEquals(ErrorCode.TRANSACTION_ANOTHER_INTERACTION, codeOf { desk.transactions.permit(account, asked.id, change) })
            call.cancel(asked.id)
            assertEquals(TransactionState.CANCELLED, desk.state(asked))
        }
    }

    @Test
    fun `a pretexter is refused with the rule that refuses, and no handset is unlocked on what is known of somebody`() {
        Desk().use { desk ->
            val call = desk.ring()
            call.present(Evidence.stated(Stated.SSN_LAST4))
            call.present(Evidence.stated(Stated.DATE_OF_BIRTH))
            val asked = call.request(change)
            assertEquals(refused(ErrorCode.TRANSACTION_REFUSED_BY_POLICY), asked.next)
            assertEquals(ErrorCode.TRANSACTION_REFUSED_BY_POLICY, (asked.next as NextStep.Refused).known)
            assertEquals("We cannot change the SIM here.", asked.forCustomer)
            assertEquals(emptyList<String>(), desk.told(), "nobody is told of what is not done")
            val why = asked.explain()
            val reason = why.reasons.first()
            assertEquals("guard-sim-change-authentication" to "transaction-guards", reason.rule to reason.pack)
            assertEquals("47 CFR 64.2010(a); library default", reason.cite)
            assertTrue(why.remedies.isNotEmpty())
            assertEquals(TransactionState.REFUSED, desk.state(asked))
            assertEquals(ErrorCode.TRANSACTION_NOT_AUTHENTICATED, codeOf { call.setLock(LockKind.SIM) })

            ChangeRequest.unlockHandset("001017000000003".toCharArray()).use { unlock ->
                val stopped = call.request(unlock)
                assertEquals(refused(ErrorCode.TRANSACTION_REFUSED_BY_POLICY), stopped.next)
                assertTrue(stopped.explain().reasons.any { it.rule == "guard-unlock" })
                desk.unlockEligible = null
                assertEquals(refused(ErrorCode.TRANSACTION_NOT_ELIGIBLE), desk.call().request(unlock).next)
                desk.unlockEligible = true
                assertEquals(NextStep.Execute, desk.call().request(unlock).next)
            }
        }
    }

    @Test
    fun `a wait is executed by the worker and not a moment early`() {
        Desk().use { desk ->
            desk.points(mail, newApp)
            val asked = desk.call().request(change)
            assertEquals(NextStep.Wait(tomorrow), asked.next)
            assertEquals(listOf("risk-sim-after-contact-change"), asked.riskRules)
            assertEquals(setOf(RiskFact.CONTACT_CHANGED_RECENTLY), asked.risk)
            assertTrue("waits until 2026-11-24T15:04:00Z" in asked.forCustomer, asked.forCustomer)
            val waiting = desk.transactions.waiting(account).single()
            assertEquals(Triple(asked.id, tomorrow, "dana"), Triple(waiting.id, waiting.notBefore, waiting.agent))
            assertFalse(waiting.needsApproval)
            desk.carrier.clock.advance(Carrier.DAY - Duration.ofNanos(1_000))
            assertEquals(ErrorCode.TRANSACTION_NOT_YET, codeOf { desk.transactions.permit(account, asked.id, change) })
            desk.carrier.clock.advance(Duration.ofNanos(1_000))
            desk.transactions.permit(account, asked.id, change).use { permit ->
                desk.transactions.execute(permit, change).use { desk.transactions.notDone(it) }
                assertEquals(ErrorCode.BINDING_USED_UP, codeOf { desk.transactions.execute(permit, change) })
            }
            assertEquals(TransactionState.CANCELLED to 0, desk.state(asked) to desk.transactions.waiting(account).size)
        }
    }

    @Test
    fun `a second person is another one who sees what is approved`() {
        Desk().use { desk ->
            desk.points(mail)
            desk.sim = SimChange.At(Carrier.NOON - Carrier.DAY)
            val call = desk.call()
            val asked = call.request(change)
            assertEquals(NextStep.SecondPerson(Carrier.NOON), asked.next)
            assertEquals(listOf("risk-sim-after-sim-change"), asked.riskRules)
            assertEquals(ErrorCode.TRANSACTION_NEEDS_APPROVAL, codeOf { call.permit(asked.id, change) })
            fun agent(id: String, mayApprove: Boolean) =
                AgentProfile(id, Role.CARE_AGENT, "carrier", "US", tomorrow, mayApprove)
            // The same person with a second session and the right to approve; an agent without; nobody.
            desk.carrier.agents.signIn("dana-again", agent("dana", true))
            desk.carrier.agents.signIn("lee-token", agent("lee", false))
            for (by in listOf("dana-again", "dana-token", "lee-token", "nobody")) {
                assertEquals(ErrorCode.INTERACTION_MAY_NOT_APPROVE, codeOf { desk.transactions.approve(account, asked.id, change, by) }, by)
            }
            assertEquals(ErrorCode.TRANSACTION_ANOTHER_TARGET, codeOf { desk.transactions.approve(account, asked.id, swapped, "sue-token") })
            assertEquals(ErrorCode.TRANSACTION_NEEDS_APPROVAL, codeOf { call.permit(asked.id, change) }, "none of them approved")
            desk.transactions.approve(account, asked.id, change, "sue-token")
            val status = desk.transactions.status(account, asked.id)
            assertEquals(false to "sue", status.needsApproval to status.approver)
            call.permit(asked.id, change).use { call.execute(it, change).close() }
            assertEquals(TransactionState.EXECUTING, desk.state(asked))
        }
    }

    @Test
    fun `who was told objects and nobody else`() {
        Desk().use { desk ->
            desk.points(mail, newApp)
            val asked = desk.call().request(change)
            assertEquals(listOf("NUMBER_OF_RECORD", "mail-1"), desk.told())
            fun objection(channel: ContactChannel, id: String) =
                desk.transactions.takeObjection(account, asked.id, NoticeTarget(channel, id))
            assertEquals(ErrorCode.TRANSACTION_NOT_NOTIFIED_THERE, codeOf { objection(ContactChannel.APP, "app-1") })
            assertEquals(Objection.STOPPED, objection(ContactChannel.EMAIL, "mail-1"))
            desk.carrier.clock.advance(Carrier.DAY)
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.permit(account, asked.id, change) })
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.approve(account, asked.id, change, "sue-token") })
        }
        // A port-out is not held; where the carrier holds them, what is at risk is said.
        val port = ChangeRequest.portOut(line, "9999".toCharArray())
        for (holds in listOf(false, true)) {
            val rules = TransactionRules.libraryDefault().let { if (holds) it.objectionsHoldPorts() else it }
            assertEquals(holds, rules.portWarning()?.contains("47 CFR 52.35") == true)
            Desk { transactionRules(rules) }.use { desk ->
                val call = desk.call()
                val asked = call.request(port)
                val number = NoticeTarget(ContactChannel.NUMBER_OF_RECORD, null)
                assertEquals(if (holds) Objection.STOPPED else Objection.NOTED, desk.transactions.takeObjection(account, asked.id, number))
                assertEquals(if (holds) ErrorCode.TRANSACTION_WRONG_STATE else null, outcome { call.permit(asked.id, port) })
            }
        }
    }

    @Test
    fun `a lock is the customer's and goes late and told`() {
        Desk().use { desk ->
            fun lock() = desk.transactions.lock(account, LockKind.SIM)
            assertEquals(LockState.Off, lock())
            val call = desk.call()
            val asked = call.request(change)
            call.permit(asked.id, change).use { permit ->
                call.setLock(LockKind.SIM)
                assertEquals(LockState.On, lock())
                assertEquals(ErrorCode.TRANSACTION_REFUSED_BY_POLICY, codeOf { call.execute(permit, change) }, "a lock that is set in between")
            }
            call.cancel(asked.id)
            desk.told()
            val locked = call.request(change)
            assertEquals(refused(ErrorCode.TRANSACTION_LOCKED), locked.next)
            assertEquals("We cannot change the SIM while your lock is on. You can remove it yourself.", locked.forCustomer)
            assertEquals(ErrorCode.TRANSACTION_NOT_AUTHENTICATED, codeOf { desk.ring().removeLock(LockKind.SIM) })
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { call.removeLock(LockKind.PORT) })
            val removal = call.removeLock(LockKind.SIM)
            assertEquals(tomorrow, removal.until)
            assertTrue("set it again" in removal.forCustomer)
            assertEquals(LockState.OnUntil(tomorrow), lock())
            assertTrue(lock().isOn(Carrier.NOON) && !lock().isOn(tomorrow))
            desk.carrier.guard.notices().lease(1).single().use {
                val notice = it.facts().transaction!!
                assertEquals(NoticeAbout.LOCK_REMOVAL to null, notice.about to notice.id)
            }
            assertEquals(refused(ErrorCode.TRANSACTION_LOCKED), call.request(change).next, "until then it holds")
            // Who was told keeps it; then it is asked for again, and waited for.
            desk.transactions.keepLock(account, LockKind.SIM)
            assertEquals(LockState.On, lock())
            desk.call().removeLock(LockKind.SIM)
            desk.carrier.clock.advance(Carrier.DAY)
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.keepLock(account, LockKind.SIM) })
            assertFalse(desk.call().request(change).next is NextStep.Refused)
        }
        val rules = TransactionRules.libraryDefault().lockRemovalDelay(Duration.ofMinutes(1))
        Desk { transactionRules(rules) }.use { desk ->
            val call = desk.call()
            call.setLock(LockKind.PORT)
            assertEquals(Carrier.NOON + Duration.ofMinutes(1), call.removeLock(LockKind.PORT).until)
        }
    }

    @Test
    fun `a port goes by the customer's passcode, whose attempts count on every channel`() {
        Desk().use { desk ->
            desk.carrier.guard.importSecret(ImportedSecret.PORT_PASSCODE, account, "482913".toCharArray())
            desk.carrier.agents.signIn("porter-token", AgentProfile("porter", Role.PORT_SYSTEM, "carrier", "US", tomorrow))
            fun porting() = desk.ring("porter", Channel.PORT_INTERFACE)
            val port = ChangeRequest.portOut(line, "9999".toCharArray())
            val asked = porting().request(port)
            assertEquals(refused(ErrorCode.TRANSACTION_REFUSED_BY_POLICY), asked.next)
            assertTrue(asked.explain().reasons.any { it.rule == "guard-port-passcode" && it.cite.startsWith("47 CFR 52.36(c)") })
            assertEquals(emptyList<String>(), asked.beyondSimplePort)
            val call = porting()
            call.present(Evidence.portPasscode("482913".toCharArray()))
            assertEquals(NextStep.Execute, call.request(port).next)
            val guesses = (0..3).flatMap { listOf(porting(), desk.ring()) }
            val codes = guesses.map { outcome { it.present(Evidence.portPasscode("000000".toCharArray())) } }
            assertEquals(List(5) { null } + List(3) { ErrorCode.INTERACTION_LOCKED_OUT }, codes)
            assertEquals(14, portFields().size)
            assertTrue("zip_code" in portFields())
        }
    }

    @Test
    fun `a carrier's rules of risk are its own`() {
        fun rule(kind: TransactionKind, effect: RiskEffect) =
            RiskRule("our-wait", "A SIM change waits an hour", setOf(kind), emptySet(), effect)
        val rules = TransactionRules.libraryDefault()
        assertTrue(rules.rules().any { it.effect == RiskEffect.Wait(Carrier.DAY) })
        assertEquals(ErrorCode.TRANSACTION_PORT_RULE, codeOf { rules.with(rule(TransactionKind.PORT_OUT, RiskEffect.Refuse)) })
        val own = rules.with(rule(TransactionKind.SIM_CHANGE, RiskEffect.Wait(Duration.ofHours(1))))
        assertEquals(rules.rules().size + 1, own.rules().size)
        assertEquals(rules.rules(), own.without("our-wait").rules())
        Desk { transactionRules(own) }.use {
            assertEquals(NextStep.Wait(Carrier.NOON + Duration.ofHours(1)), it.call().request(change).next)
        }
        // A host whose systems do not answer has everything unknown.
        Desk { risks { _, _ -> error("down") } }.use {
            val asked = it.call().request(change)
            assertEquals(NextStep.SecondPerson(Carrier.NOON), asked.next)
            assertEquals(setOf(RiskFact.NEW_DEVICE, RiskFact.YOUNG_ACCOUNT), asked.risk)
        }
    }

    @Test
    fun `fraud freezes, names what changed, and counts`() {
        Desk().use { desk ->
            desk.points(mail, Triple("app-1", ContactChannel.APP, 90L))
            val call = desk.call()
            val asked = call.request(change)
            call.permit(asked.id, change).use { call.execute(it, change) }.use { desk.transactions.confirm(it) }
            val email = ChangeRequest.contact(ContactChange.EMAIL, "mail-9", "mallory@example.com".toCharArray())
            val waits = call.request(email)
            assertInstanceOf(NextStep.Wait::class.java, waits.next)
            fun report(by: String) = desk.transactions.reportFraud(account, "fraud-7", Carrier.NOON - Carrier.DAY, by)
            assertEquals(ErrorCode.INTERACTION_UNKNOWN_AGENT, codeOf { report("nobody") })
            val report = report("sue-token")
            assertEquals(Carrier.NOON to listOf(waits.id), report.frozenSince to report.stopped)
            assertEquals(emptyList<String>(), report.inDoubt)
            val first = report.changes.first()
            assertEquals(EventKind.TRANSACTION_CONFIRMED to Action.SIM_CHANGE, first.kind to first.action)
            assertEquals(asked.id to "dana", first.transaction to first.by)
            assertTrue(first.evidence.any { it.kind == EvidenceKind.APP_FACTOR })
            assertEquals(ErrorCode.TRANSACTION_FROZEN, codeOf { call.request(email) })
            desk.transactions.reverse(account, asked.id, "sue-token")
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.reverse(account, asked.id, "sue-token") })
            desk.carrier.clock.advance(Duration.ofHours(1))
            desk.transactions.remedied(account, "fraud-7", "sue-token")
            assertEquals(ErrorCode.TRANSACTION_NOT_FROZEN, codeOf { desk.transactions.remedied(account, "fraud-7", "sue-token") })

            val found = desk.transactions.simStatistics(Carrier.NOON - Carrier.DAY, tomorrow)
            assertEquals(listOf(1uL, 1uL, 0uL, 1uL), listOf(found.requests, found.successful, found.failed, found.fraudulent))
            assertEquals(Triple(1uL, 1uL, Duration.ofHours(1)), Triple(found.complaints, found.remedied, found.averageRemedy))
            assertEquals(setOf(EvidenceKind.PASSWORD, EvidenceKind.APP_FACTOR), found.authentication.keys)
            assertEquals(1uL to Carrier.NOON, found.authentication.getValue(EvidenceKind.PASSWORD).let { it.count to it.first })
            assertEquals(Carrier.NOON, found.logBegins)
            assertNull(desk.transactions.simStatistics(tomorrow, tomorrow + Carrier.DAY).averageRemedy)
        }
    }

    @Test
    fun `after a restart a transaction goes on and a permit does not`(@TempDir folder: Path) {
        val vault = Vault()
        fun start(now: Instant) = Desk(Store.folder("$folder/store")) { keys(Keys.host(vault, create = true)) }
            .also { it.carrier.clock.advance(Duration.between(Carrier.NOON, now)) }
        val asked = start(Carrier.NOON).use { desk ->
            desk.points(mail, newApp)
            desk.call().use { it.request(change) }
        }
        start(tomorrow).use { desk ->
            assertEquals(TransactionState.WAITING, desk.state(asked))
            desk.transactions.permit(account, asked.id, change) // lost with its process
        }
        start(tomorrow + Duration.ofSeconds(1)).use { desk ->
            assertEquals(TransactionState.PERMITTED, desk.state(asked))
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.permit(account, asked.id, change) })
            desk.carrier.clock.advance(Desk.TEN_MINUTES)
            desk.transactions.permit(account, asked.id, change).use { desk.transactions.execute(it, change) }
        }
        // What died in the host's hands stays there until somebody has looked.
        start(tomorrow + Desk.TEN_MINUTES.multipliedBy(2)).use { desk ->
            assertEquals(TransactionState.EXECUTING, desk.state(asked))
            assertEquals(ErrorCode.TRANSACTION_WRONG_STATE, codeOf { desk.transactions.permit(account, asked.id, change) })
            assertEquals(ErrorCode.TRANSACTION_ALREADY_UNDER_WAY, codeOf { desk.call().use { it.request(change) } })
            assertEquals(ErrorCode.INTERACTION_UNKNOWN_AGENT, codeOf { desk.transactions.settle(account, asked.id, true, "nobody") })
            desk.transactions.settle(account, asked.id, true, "sue-token")
            assertEquals(TransactionState.CONFIRMED, desk.state(asked))
        }
    }

    @Test
    fun `a change prints nothing, and the same goes for coroutines`() {
        val made = listOf(
            change, ChangeRequest.portOut(line, "9999".toCharArray()), ChangeRequest.unlockHandset(line),
            ChangeRequest.account(AccountChange.RESET_PASSWORD),
            ChangeRequest.contact(ContactChange.NUMBER, "number-2", line),
        )
        assertEquals(
            listOf(Action.SIM_CHANGE, Action.PORT_OUT, Action.UNLOCK_HANDSET, Action.RESET_PASSWORD, Action.CHANGE_NUMBER_OF_RECORD),
            made.map { it.action },
        )
        assertEquals(setOf("ChangeRequest(..)"), made.map { "$it" }.toSet())
        val closed = ChangeRequest.simChange(line, line).also { it.close() }
        assertEquals(ErrorCode.ID_CHARACTER, codeOf { ChangeRequest.contact(ContactChange.EMAIL, "no id", line) })
        Desk().use { desk ->
            assertEquals(ErrorCode.BINDING_CLOSED, codeOf { desk.call().use { it.request(closed) } })
            desk.points(mail, newApp)
            desk.carrier.contacts.put("call-99", ContactState(Channel.PHONE_INBOUND, true, "dana", attested = listOf(Attested.APP_FACTOR)))
            runBlocking {
                val guard = desk.carrier.guard.suspending(Dispatchers.IO)
                val asked = guard.interaction("dana-token", account, Purpose.SUPPORT, Contact("call-99", Channel.PHONE_INBOUND)) { call ->
                    call.present(Evidence.password(Carrier.PASSWORD.toCharArray()))
                    call.present(Evidence.attested(Attested.APP_FACTOR))
                    call.request(change)
                }
                desk.carrier.clock.advance(Carrier.DAY)
                guard.execute(account, asked.id, change).use { guard.confirm(it) }
                assertEquals(TransactionState.CONFIRMED, desk.state(asked))
            }
        }
    }
}
