package example.carrier

import dev.cpniguard.AccountFacts
import dev.cpniguard.AgentProfile
import dev.cpniguard.CallDirection
import dev.cpniguard.CallRow
import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.Guard
import dev.cpniguard.Interaction
import dev.cpniguard.Keys
import dev.cpniguard.ManualClock
import dev.cpniguard.MemoryAgents
import dev.cpniguard.MemoryContacts
import dev.cpniguard.Purpose
import dev.cpniguard.Record
import dev.cpniguard.RecordView
import dev.cpniguard.Role
import dev.cpniguard.SealedRecord
import dev.cpniguard.SimChange
import dev.cpniguard.Store
import dev.cpniguard.Values
import dev.cpniguard.View
import dev.cpniguard.record
import java.nio.file.Files
import java.time.Duration
import java.time.Instant

/**
 * What a call costs through the package: `name nanoseconds` a line, the lower eighth of many short rounds, which
 * other work on the machine disturbs little. The same calls on the same record, counted in the same way, as
 * `bindings/ffi/examples/calls.rs`, which the job `kotlin` runs before it.
 */
fun main() {
    ManualClock(Instant.EPOCH).use { clock -> measure("empty") { clock.now() } }
    case(Store.memory()) { guard, _ -> measure("protect16") { guard.protect(ACCOUNT, sixteen()) } }
    views("memory", Store.memory(), WARM, batches = 16)
    val folder = Files.createTempDirectory("cpni-bench")
    views("durable", Store.folder(folder.toString()), warm = 1, batches = 3)
    folder.toFile().deleteRecursively()
}

private const val ACCOUNT = "8155550100"
private const val VIEWS = 1_000
private const val ROUNDS = 60
private const val TIMES = 10

/** Rounds until the compiler is done. */
private const val WARM = 400
private val TEXTS = mapOf(
    "name" to "Dana Example",
    "street" to "12 Example Street",
    "city" to "Exampleville NY 12345",
    "birth_date" to "1984-02-29",
    "ssn" to "987-65-4321",
    "account_number" to "200000012345",
    "mobile" to "2125550199",
    "email" to "dana@example.com",
    "plan" to "Unlimited Plus",
    "features" to "Hotspot, voice mail",
    "lines" to "2125550198",
    "imei" to "490154203237518",
    "iccid" to "8901260123456789013",
    "balance" to "$123.45",
    "card" to "4111111111111111",
)
private val FIELDS = TEXTS.keys.toTypedArray() + "call_detail"
private val ROWS = List(14) {
    CallRow(CallDirection.OUTBOUND, "2125550123".toCharArray(), Instant.ofEpochSecond(1_795_440_000L + it), 61u)
}

private fun sixteen(): Record = record("r-1") {
    for ((field, value) in TEXTS) text(field, value)
    calls("call_detail", ROWS)
}

/** A guard with its hosts in memory, and a case of a care agent's on the account. */
private fun case(store: Store, work: (Guard, Interaction) -> Unit) {
    val agents = MemoryAgents()
    agents.signIn("dana", AgentProfile("dana", Role.CARE_AGENT, "carrier", "US", Instant.now() + Duration.ofDays(1)))
    val contacts = MemoryContacts()
    contacts.put("case-1", ContactState(Channel.BACK_OFFICE, true, "dana"))
    Guard.build {
        schema(Carrier.resource("subscriber.toml"))
        grants(Carrier.resource("grants.toml"))
        keys(Keys.memory())
        store(store)
        agents(agents)
        contacts(contacts)
    }.use { guard ->
        guard.setAccountFacts(ACCOUNT, AccountFacts(simChange = SimChange.Never, survivor = false, business = false))
        guard.interaction("dana", ACCOUNT, Purpose.SUPPORT, Contact("case-1", Channel.BACK_OFFICE)).use { work(guard, it) }
    }
}

private fun views(name: String, store: Store, warm: Int, batches: Int) = case(store) { guard, case ->
    val sealed = guard.protect(ACCOUNT, sixteen()).sealed
    measure("view16-$name", warm) { case.view(sealed, *FIELDS).use(::look) }
    val thousand: List<SealedRecord> = List(VIEWS) { sealed }
    val warmBatches = minOf(warm, batches)
    measure("batch1000-$name", warmBatches, batches, 1) {
        case.viewBatch(thousand, *FIELDS).use { batch -> for (each in batch.asSequence()) look(each.get()) }
    }
    measure("viewall1000-$name", warmBatches, batches, 1) { for (each in case.viewAll(thousand, *FIELDS)) each.get().use(::look) }
}

private fun look(view: View) = view.withValues(::look)

private fun look(view: RecordView) = view.withValues(::look)

private fun look(values: Values) =
    check(values.names.size > 10) { "a view that shows nothing measures nothing" }

private fun measure(name: String, warm: Int = WARM, rounds: Int = ROUNDS, times: Int = TIMES, work: () -> Unit) {
    repeat(warm * times) { work() }
    val costs = LongArray(rounds) {
        val start = System.nanoTime()
        repeat(times) { work() }
        (System.nanoTime() - start) / times
    }
    costs.sort()
    println("$name ${costs[rounds / 8]}")
}
