package example.carrier

import dev.cpniguard.Action
import dev.cpniguard.AgentProfile
import dev.cpniguard.Alphabet
import dev.cpniguard.BreachReport
import dev.cpniguard.BusinessCalendar
import dev.cpniguard.ChangeRequest
import dev.cpniguard.Channel
import dev.cpniguard.ColumnValue
import dev.cpniguard.Contact
import dev.cpniguard.ContactChange
import dev.cpniguard.CpniException
import dev.cpniguard.Evidence
import dev.cpniguard.ExportFormat
import dev.cpniguard.Field
import dev.cpniguard.FormatToken
import dev.cpniguard.HostRisk
import dev.cpniguard.IncidentAccesses
import dev.cpniguard.Interaction
import dev.cpniguard.Keys
import dev.cpniguard.LockKind
import dev.cpniguard.Purpose
import dev.cpniguard.Role
import dev.cpniguard.Row
import dev.cpniguard.SealedRecord
import dev.cpniguard.Search
import dev.cpniguard.StolenRecords
import dev.cpniguard.TokenTerms
import dev.cpniguard.VaultToken
import dev.cpniguard.columnContent
import dev.cpniguard.execute
import dev.cpniguard.incident
import dev.cpniguard.issueToken
import dev.cpniguard.keyDesk
import dev.cpniguard.migrate
import dev.cpniguard.openCheckpoint
import dev.cpniguard.permit
import dev.cpniguard.record
import dev.cpniguard.registerFormatColumn
import dev.cpniguard.rehearseMigration
import dev.cpniguard.reindex
import dev.cpniguard.removeLock
import dev.cpniguard.request
import dev.cpniguard.resealJob
import dev.cpniguard.search
import dev.cpniguard.transactions
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.time.LocalDate
import java.util.logging.Handler
import java.util.logging.LogRecord
import java.util.logging.Logger

/** No `toString`, no exception and no log holds a customer's value. */
class LeakTest {
    private val heard = StringBuilder()

    private fun hear(said: () -> Any?) {
        try {
            heard.append(said()).append('\n')
        } catch (failed: CpniException) {
            heard.append(failed.stackTraceToString()).append('\n')
        }
    }

    @Test
    fun `nothing that prints holds a value`() {
        val out = System.out
        val err = System.err
        val printed = ByteArrayOutputStream()
        val handler = object : Handler() {
            override fun publish(record: LogRecord) {
                heard.append(record.message).append(record.thrown?.stackTraceToString() ?: "")
            }

            override fun flush() = Unit

            override fun close() = Unit
        }
        val root = Logger.getLogger("")
        root.addHandler(handler)
        System.setOut(PrintStream(printed, true))
        System.setErr(PrintStream(printed, true))
        try {
            Carrier { keys(Keys.host(Vault(), create = true)) }.use(::walk)
        } finally {
            System.setOut(out)
            System.setErr(err)
            root.removeHandler(handler)
        }
        heard.append(printed.toString())

        assertTrue(heard.length > 5_000, "the calls said something")
        val secrets = Carrier.VALUES.values +
            listOf(Carrier.NUMBER, Carrier.PLACE, Carrier.PASSWORD, Carrier.ACCOUNT, "4321", "987654321", "plum", "Canary")
        for (secret in secrets) {
            // Four digits are in some random id or other: as a word of their own they are nobody's.
            val isSaid = if (secret == "4321") FOUR.containsMatchIn(heard) else secret in heard
            assertFalse(isSaid, "$secret was said")
            val bytes = secret.toByteArray().contentToString().trim('[', ']')
            assertFalse(bytes in heard, "$secret was said in bytes")
            assertFalse(secret.toCharArray().contentToString().trim('[', ']') in heard, "$secret was said in characters")
        }
    }

    private fun transactions(carrier: Carrier, call: Interaction) {
        val changes = listOf(
            ChangeRequest.simChange(Carrier.NUMBER.toCharArray(), "987-65-4321".toCharArray()),
            ChangeRequest.contact(ContactChange.EMAIL, "mail-2", Carrier.VALUES.getValue("name").toCharArray()),
        )
        val all = carrier.guard.transactions()
        for (change in changes) {
            hear {
                val asked = call.request(change)
                hear { call.permit(asked.id, change).use { listOf(it, call.execute(it, change)) } }
                hear { all.approve(Carrier.ACCOUNT, asked.id, change, "987-65-4321") }
                listOf(change, change.action, asked, asked.explain(), asked.forCustomer, asked.notified)
            }
        }
        hear { call.permit("987-65-4321", changes.first()) }
        hear { call.removeLock(LockKind.SIM) }
        hear { listOf(all, all.of(Carrier.ACCOUNT), all.lock(Carrier.ACCOUNT, LockKind.PORT), HostRisk(device = "4321")) }
        hear { all.reportFraud(Carrier.ACCOUNT, "case-1", Carrier.NOON - Carrier.DAY, "sue-token") }
        hear { all.simStatistics(Carrier.NOON, Carrier.NOON + Carrier.DAY) }
    }

    private fun searchAndTokens(carrier: Carrier, call: Interaction, sealed: SealedRecord) {
        val contact = Contact("call-1", Channel.PHONE_INBOUND)
        carrier.guard.search("dana-token", contact, Purpose.SUPPORT, "ssn", "987-65-4321".toCharArray()).use { search ->
            hear { listOf(search, (search as Search.Allowed).terms, search.find(listOf(Row(Carrier.ACCOUNT, sealed)))) }
        }
        hear { carrier.guard.search("dana-token", contact, Purpose.SUPPORT, "987-65-4321", "987-65-4321".toCharArray()) }
        hear { carrier.guard.reindex(listOf(Row(Carrier.ACCOUNT, sealed))).map { it.get() } }
        val terms = TokenTerms(Carrier.NOON + Carrier.DAY, setOf(Purpose.SUPPORT))
        hear { carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "plan", terms).also { token -> hear { call.detokenise(token) } } }
        hear { VaultToken.ofText("987-65-4321") }
        val column = carrier.guard.registerFormatColumn("ssn_token", "ssn", Alphabet.Digits, 9..9)
        hear { listOf(column, column.tokenise("987-65-4321".toCharArray()), column.tokensOf("987-65-4321".toCharArray())) }
        hear { call.viewToken(sealed, column, FormatToken("987654321")) }
    }

    private fun walk(carrier: Carrier) {
        val sealed = carrier.customer()
        hear { Carrier.customerRecord() }
        hear { Carrier.rows() }
        hear { Evidence.password("987-65-4321".toCharArray()) }
        hear { Keys.passphrase("/tmp/none", "plum-harbor-19".toCharArray()) }
        hear { AgentProfile("web-1", Role.CUSTOMER, "carrier", ownAccount = Carrier.ACCOUNT) }
        hear { carrier.guard.protect(Carrier.ACCOUNT, Carrier.customerRecord()) }
        hear { carrier.guard.protectAll(listOf(Carrier.ACCOUNT to Carrier.customerRecord())).map { it.get() } }
        hear { carrier.guard.protect(Carrier.ACCOUNT, record { text("Dana Q. Example", "987-65-4321") }) }
        hear { carrier.guard.protect("987-65-4321".repeat(40), Carrier.customerRecord()) }
        hear { record { text("plan", "987-65-4321\uD83D") } }
        carrier.authenticated("call-1").use { call ->
            hear { call.present(Evidence.password("987-65-4321".toCharArray())) }
            hear { listOf(carrier.guard, call, sealed, sealed.info(), carrier.agents, carrier.contacts) }
            call.view(sealed, *Carrier.VALUES.keys.toTypedArray(), "call_detail").use { view ->
                hear { view }
                hear { view.fields }
                hear { view.fields.map(Field::explain) }
                hear { view.withValues { values -> listOf(values, values["name"], values["call_detail"]!!.withCalls { "$it" }) } }
                hear { (view["call_detail"] as Field.Disclosed).withText { "none" } }
            }
            hear { call.view(sealed, "Dana Q. Example") }
            hear { call.verify(sealed, "ssn", "987-65-4321".toCharArray()) }
            hear { call.decide(Action.CHANGE_EMAIL_OF_RECORD) }
            hear { call.sendToAddressOfRecord(sealed, "name") }
            transactions(carrier, call)
            searchAndTokens(carrier, call, sealed)
        }
        val values = listOf(ColumnValue(Carrier.ACCOUNT, "ssn", "987-65-4321".toCharArray()), ColumnValue("987-65-4321", "x", "4321".toCharArray()))
        hear { listOf(values, carrier.guard.rehearseMigration(values), carrier.guard.migrate(values), carrier.guard.migrate(values).results) }
        hear { columnContent("ssn", "987-65-4321".toCharArray()) }
        carrier.guard.resealJob().use { job -> hear { listOf(job, job.batch(listOf(Row(Carrier.ACCOUNT, sealed))), job.progress(), job.finish()) } }
        hear { carrier.guard.keyDesk(Keys.memory(), "sue-token") }
        carrier.guard.notices().lease(5).forEach { notice -> hear { listOf(notice, notice.facts()) } }
        hear { carrier.guard.audit().whoSaw(Carrier.ACCOUNT, Carrier.NOON - Carrier.DAY, Carrier.NOON + Carrier.DAY) }
        val all = IncidentAccesses(emptyList(), emptyList(), emptyList(), emptyList(), emptyList(), null, null)
        carrier.guard.breachScope("sue-token", all, true).use { scope -> hear { listOf(scope, scope.accounts()) } }
        StolenRecords().use { stolen ->
            hear { stolen.also { it.add(Carrier.ACCOUNT, sealed) } }
            hear { stolen.add("987-65-4321".repeat(40), sealed) }
            hear { stolen.add(Carrier.ACCOUNT, SealedRecord("987-65-4321".toByteArray())) }
            carrier.guard.breachScope("sue-token", all, stolen, emptyList(), true).use { scope ->
                hear { listOf(scope, scope.accounts(), scope.customers(), scope.exposures(), scope.logs()) }
                hear { scope.incident(LocalDate.of(2026, 11, 2)) }
                val report = BreachReport.of(scope.incident(LocalDate.of(2026, 11, 2)), BusinessCalendar.usFederal())
                hear { listOf(report, report.regimes, report.mayNotifyCustomer(Carrier.NOON), report.toText(), report.toJson()) }
            }
        }
        carrier.guard.audit().use { log ->
            hear { log.events(0u) }
            hear { log.export(ExportFormat.OCSF, 0u) }
            hear { openCheckpoint(log.checkpoint(), log.verifyingKey()) }
        }
        hear { carrier.guard.nameAccount("dana-token", 1u) }
    }

    private companion object {
        val FOUR = Regex("""\b4321\b""")
    }
}
