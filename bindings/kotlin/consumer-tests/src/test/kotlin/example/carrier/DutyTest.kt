package example.carrier

import dev.cpniguard.AgencyDelay
import dev.cpniguard.BreachGround
import dev.cpniguard.BreachHarm
import dev.cpniguard.BreachIntent
import dev.cpniguard.BreachRegime
import dev.cpniguard.BreachReport
import dev.cpniguard.BreachTask
import dev.cpniguard.BusinessCalendar
import dev.cpniguard.Certainty
import dev.cpniguard.Compliance
import dev.cpniguard.CustomerCount
import dev.cpniguard.DataClass
import dev.cpniguard.DayKind
import dev.cpniguard.Deadline
import dev.cpniguard.EarlierFinding
import dev.cpniguard.ErrorCode
import dev.cpniguard.Exposure
import dev.cpniguard.Incident
import dev.cpniguard.MayNotify
import dev.cpniguard.NotBefore
import dev.cpniguard.NoticeHold
import dev.cpniguard.OptOutHealth
import dev.cpniguard.OptOutOutcome
import dev.cpniguard.QuestionAbout
import dev.cpniguard.ReadFrom
import dev.cpniguard.RecordKind
import dev.cpniguard.Whom
import dev.cpniguard.backupQuestions
import dev.cpniguard.checkQuestions
import dev.cpniguard.isAllowed
import dev.cpniguard.mayDelete
import dev.cpniguard.retentionOf
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant
import java.time.LocalDate

/** Duties that follow from facts: a breach, a broken opt-out, records to keep, questions to ask. */
class DutyTest {
    private val federal = BusinessCalendar.usFederal()
    private val monday = Instant.parse("2026-11-02T12:00:00Z")
    private val incident = Incident(
        determined = day(11, 2),
        affected = mapOf(DataClass.CALL_DETAIL to Exposure.READABLE),
        customers = CustomerCount.Exactly(136u),
        intent = BreachIntent.INTENTIONAL,
        agenciesNotified = day(11, 4),
    )

    private fun day(month: Int, day: Int) = LocalDate.of(2026, month, day)

    private fun days(count: Long) = monday + Duration.ofDays(count)

    private fun report(of: Incident, from: LocalDate? = null) = BreachReport.of(of, federal, from)

    @Test
    fun `a breach says whom to tell until when, and what holds it`() = report(incident).use { report ->
        assertEquals(BreachRegime.TEXT2007, report.governing)
        assertEquals(day(11, 16), report.silentThrough)
        assertFalse(report.mayCrossThreshold)
        assertTrue(report.readings.size >= 5)
        val text = report.regime(BreachRegime.TEXT2007)
        assertTrue(text.isBreach)
        assertEquals(Compliance.REQUIRED, text.compliance)
        assertEquals(BreachGround.CPNI, text.ground)
        val (agencies, customers, record) = text.duties
        assertEquals(BreachTask.NOTIFY_AGENCIES, agencies.task)
        assertEquals(listOf(Whom.SECRET_SERVICE, Whom.FBI), agencies.to)
        assertEquals(Deadline.By(day(11, 12)), agencies.deadline)
        assertEquals(NotBefore.AnyTime, agencies.notBefore)
        assertEquals("47 CFR 64.2011(b)", agencies.cited.cite)
        assertEquals(Certainty.CLEAR to ReadFrom.PRIMARY, agencies.cited.certainty to agencies.cited.source)
        assertEquals(NotBefore.From(day(11, 17)), customers.notBefore)
        assertEquals(Deadline.NoLastDay, customers.deadline)
        assertEquals(Deadline.Through(LocalDate.of(2028, 11, 4)), record.deadline)

        val no = assertInstanceOf(MayNotify.No::class.java, report.mayNotifyCustomer(days(8)))
        assertEquals(day(11, 17) to NoticeHold.FULL_BUSINESS_DAYS, no.until to no.why)
        assertEquals("47 CFR 64.2011(b)(1)", no.cited.cite)
        assertInstanceOf(MayNotify.No::class.java, report.mayNotifyCustomer(days(15).minusNanos(1_000)))
        assertEquals(MayNotify.Yes, report.mayNotifyCustomer(days(15)), "the day has begun everywhere")
        assertTrue("by 2026-11-12" in report.toText() && "\"governing\": \"2007\"" in report.toJson())
        assertEquals("BreachReport(..)", report.toString())
    }

    @Test
    fun `every fact of an incident arrives, and what is not said closes`() {
        val least = report(Incident(day(11, 2)))
        assertEquals(BreachGround.UNKNOWN_DATA, least.regimes[0].ground)
        assertTrue(least.mayCrossThreshold)
        assertEquals(NotBefore.Unknown, least.regimes[0].duties[1].notBefore)
        val no = least.mayNotifyCustomer(monday) as MayNotify.No
        assertEquals(null to NoticeHold.LAW_ENFORCEMENT_FIRST, no.until to no.why)

        val from = day(1, 1)
        val before = EarlierFinding(CustomerCount.Exactly(12u), BreachHarm.NOT_LIKELY, day(11, 9))
        val more = report(incident.copy(customers = CustomerCount.AtLeast(499u), foundBefore = before), from)
        assertEquals(BreachRegime.TEXT2024, more.governing)
        assertEquals(listOf(Deadline.By(day(11, 19)), Deadline.By(day(12, 2))), more.regimes[1].duties.take(2).map { it.deadline })
        val small = incident.copy(customers = before.customers, harm = before.harm)
        assertEquals(BreachTask.ANNUAL_SUMMARY, report(small, from).regimes[1].duties[0].task)
        val slip = incident.copy(intent = BreachIntent.INADVERTENT, goodFaithOfEmployee = true)
        assertEquals(BreachGround.GOOD_FAITH, report(slip).regimes[1].ground)
        val safe = incident.copy(affected = mapOf(DataClass.SSN to Exposure.ENCRYPTED_KEYS_SAFE))
        assertTrue(report(safe, from).regimes[1].duties.none { it.task == BreachTask.NOTIFY_CUSTOMERS })

        fun held(of: Incident) = report(of).mayNotifyCustomer(days(8))
        assertEquals(MayNotify.HeldForHuman(NoticeHold.URGENT_NEED), held(incident.copy(urgentAfterConsultation = true)))
        val state = incident.copy(agenciesNotified = null, otherNoticeDue = day(11, 5))
        assertEquals(MayNotify.HeldForHuman(NoticeHold.OTHER_NOTICE_DUE), held(state))
        val silence = AgencyDelay(day(11, 5), day(12, 24), inWriting = true)
        assertEquals(day(12, 6), (held(incident.copy(delays = listOf(silence))) as MayNotify.No).until, "thirty days")
        val longer = incident.copy(delays = listOf(silence.copy(extends = true)))
        assertEquals(day(12, 25), (held(longer) as MayNotify.No).until)
        val lifted = held(longer.copy(delaysLifted = day(11, 6))) as MayNotify.No
        assertEquals(NoticeHold.FULL_BUSINESS_DAYS, lifted.why)
        assertEquals(ErrorCode.BINDING_NOT_A_DAY, codeOf { report(Incident(LocalDate.of(12_345, 1, 1))) })
        assertEquals(ErrorCode.BINDING_NOT_A_DAY, codeOf { report(incident, LocalDate.MIN) })
    }

    @Test
    fun `a calendar of the carrier's counts, and one that throws closes`() {
        assertEquals(DayKind.CLOSED, federal.kind(day(11, 11)))
        val closed = BusinessCalendar.usFederal(listOf(day(11, 3)))
        assertEquals(DayKind.UNCLEAR, closed.kind(day(11, 3)))
        assertEquals(day(11, 3) to day(11, 4), closed.lastDayToAct(day(11, 2), 1) to closed.lastFullDay(day(11, 2), 1))

        var fails = false
        val own = BusinessCalendar.of { if (fails) throw IllegalStateException("canary 987-65-4321") else DayKind.BUSINESS }
        assertEquals(day(11, 11), own.lastFullDay(day(11, 4), 7))
        fails = true
        assertEquals(day(11, 11), own.lastDayToAct(day(11, 4), 7), "a deadline counts the doubt")
        assertNull(own.lastFullDay(day(11, 4), 7), "a silence does not end by it")
        val no = BreachReport.of(incident, own).mayNotifyCustomer(days(300)) as MayNotify.No
        assertEquals(null to NoticeHold.FULL_BUSINESS_DAYS, no.until to no.why)
        assertEquals(ErrorCode.BINDING_NOT_A_DAY, codeOf { own.lastFullDay(day(11, 4), 256) })
        own.close()
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { own.kind(day(11, 4)) })
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { report(incident).also { it.close() }.toText() })
    }

    @Test
    fun `a way to opt out is watched`() {
        fun hour(count: Long) = monday + Duration.ofHours(count)
        fun health(now: Long, vararg checks: Pair<Long, OptOutOutcome>) =
            OptOutHealth.of(checks.map { (at, what) -> hour(at) to what }, monday, hour(now), federal)
        assertEquals(OptOutHealth.Works, health(25))
        val due = assertInstanceOf(OptOutHealth.NoticeDue::class.java, health(26))
        assertEquals(day(11, 3) to day(11, 10), due.countsFrom to due.by)
        assertEquals(ReadFrom.MEMORY, due.cited.source)
        assertEquals(OptOutHealth.Suspected(day(11, 3), day(11, 10)), health(30, 24L to OptOutOutcome.FAILED))
        val anomaly = health(49, 48L to OptOutOutcome.WORKED, 24L to OptOutOutcome.FAILED)
        assertEquals(OptOutHealth.Anomaly(day(11, 3)), anomaly)
        val told = health(45, 24L to OptOutOutcome.FAILED, 40L to OptOutOutcome.FAILED, 44L to OptOutOutcome.NOTICE_FILED)
        assertEquals(OptOutHealth.NoticeFiled, told)
    }

    @Test
    fun `records are kept as long as the rules say`() {
        val years = RecordKind.entries.associateWith { retentionOf(it).years.toInt() }
        assertEquals(mapOf(1 to 5, 2 to 1, 3 to 1), years.values.groupingBy { it }.eachCount())
        assertEquals("47 CFR 64.2011(d)", retentionOf(RecordKind.BREACH).cited.cite)
        val on = LocalDate.of(2024, 11, 1)
        assertFalse(mayDelete(RecordKind.BREACH, on, days(-1)), "its anniversary is kept")
        assertTrue(mayDelete(RecordKind.BREACH, on, monday))
        assertFalse(mayDelete(RecordKind.SIM_CHANGE, on, monday))
        assertFalse(mayDelete(RecordKind.APPROVAL, null, monday), "it still stands")
    }

    @Test
    fun `questions that may not be asked are named`() {
        fun one(about: String, text: String) = "[[question]]\nid = \"q-1\"\ntext = \"$text\"\nabout = \"$about\"\n"
        val good = one("preference", "Which dish do you like best?")
        assertEquals(emptyList<Any>(), checkQuestions(good))
        assertEquals(listOf("q-1" to QuestionAbout.PREFERENCE), backupQuestions(good).map { it.id to it.about })
        for (bad in listOf(one("ssn", "Which number?"), one("memory", "Which street was it?"), "no catalogue")) {
            assertEquals(ErrorCode.INTERACTION_QUESTIONS, codeOf { backupQuestions(bad) })
            assertTrue(checkQuestions(bad).single().line > 0u)
        }
        val allowed = setOf(QuestionAbout.CUSTOMERS_OWN, QuestionAbout.PREFERENCE, QuestionAbout.MEMORY, QuestionAbout.AGREED_WORD)
        assertEquals(allowed, QuestionAbout.entries.filter { it.isAllowed }.toSet())
    }
}
