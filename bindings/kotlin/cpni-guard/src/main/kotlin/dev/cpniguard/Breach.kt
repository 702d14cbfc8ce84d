package dev.cpniguard

import dev.cpniguard.ffi.IncidentFacts
import dev.cpniguard.ffi.ReachedClass
import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.BreachReport as FfiReport
import dev.cpniguard.ffi.MayNotify as FfiMayNotify
import dev.cpniguard.ffi.NotBefore as FfiNotBefore

public typealias BreachGround = dev.cpniguard.ffi.BreachGround
public typealias BreachHarm = dev.cpniguard.ffi.BreachHarm
public typealias BreachIntent = dev.cpniguard.ffi.BreachIntent
public typealias BreachRegime = dev.cpniguard.ffi.BreachRegime
public typealias BreachTask = dev.cpniguard.ffi.BreachTask
public typealias Citation = dev.cpniguard.ffi.Citation
public typealias Exposure = dev.cpniguard.ffi.Exposure
public typealias NoticeHold = dev.cpniguard.ffi.NoticeHold
public typealias ReadFrom = dev.cpniguard.ffi.ReadFrom
public typealias Whom = dev.cpniguard.ffi.Whom

// The duties of a breach (47 CFR 64.2011). Pure functions: no guard, no key, no log. Nothing here names a customer:
// names are given by `Guard.breachScope` and `Guard.nameAccount`, to breach officers only.

/** How many customers are affected. */
public sealed class CustomerCount {
    /** So many. */
    public abstract val count: ULong

    /** Counted. */
    public data class Exactly(override val count: ULong) : CustomerCount()

    /** A lower bound: the log has a gap, or somebody is still counting. */
    public data class AtLeast(override val count: ULong) : CustomerCount()

    internal fun ffi(): dev.cpniguard.ffi.CustomerCount = when (this) {
        is Exactly -> dev.cpniguard.ffi.CustomerCount.Exactly(count)
        is AtLeast -> dev.cpniguard.ffi.CustomerCount.AtLeast(count)
    }

    internal companion object {
        fun of(ffi: dev.cpniguard.ffi.CustomerCount): CustomerCount = when (ffi) {
            is dev.cpniguard.ffi.CustomerCount.Exactly -> Exactly(ffi.count)
            is dev.cpniguard.ffi.CustomerCount.AtLeast -> AtLeast(ffi.count)
        }
    }
}

/**
 * A direction of an agency not to tell customers or the public.
 *
 * @property given the day on which it was given.
 * @property through the last day of the silence that it directs.
 * @property extends whether it extends an earlier one. A first direction lasts 30 days at the most.
 * @property inWriting whether the carrier holds it in writing.
 */
public data class AgencyDelay(
    val given: LocalDate,
    val through: LocalDate,
    val extends: Boolean = false,
    val inWriting: Boolean = false,
)

/** An earlier finding by which the agencies did not have to be told, until more came out on [fellOn]. */
public data class EarlierFinding(val customers: CustomerCount, val harm: BreachHarm, val fellOn: LocalDate)

/**
 * The facts of an incident. What is not said takes the side that closes.
 *
 * @property determined the day of the "reasonable determination", by the carrier's own clock.
 * @property affected what was reached, and whether it can be read; empty: nobody knows.
 * @property customers how many.
 * @property intent whether it was done on purpose.
 * @property goodFaithOfEmployee an employee or agent came upon it in good faith, and it was neither used improperly
 *   nor disclosed further.
 * @property harm what was found about harm.
 * @property foundBefore what was found before, and when that fell.
 * @property agenciesNotified the day on which the central reporting facility confirmed the notice; `null`: nobody was
 *   told.
 * @property urgentAfterConsultation the carrier said in its notice that customers must know sooner, to avoid immediate
 *   and irreparable harm, and has consulted the investigating agency. A human decides.
 * @property delays directions of agencies to be silent.
 * @property delaysLifted the day on which an agency wrote that notice no longer impedes it.
 * @property otherNoticeDue the earliest day on which other law, a state's mostly, has customers told.
 */
public data class Incident @JvmOverloads constructor(
    val determined: LocalDate,
    val affected: Map<DataClass, Exposure> = emptyMap(),
    val customers: CustomerCount = CustomerCount.AtLeast(0u),
    val intent: BreachIntent = BreachIntent.UNKNOWN,
    val goodFaithOfEmployee: Boolean = false,
    val harm: BreachHarm = BreachHarm.UNDETERMINED,
    val foundBefore: EarlierFinding? = null,
    val agenciesNotified: LocalDate? = null,
    val urgentAfterConsultation: Boolean = false,
    val delays: List<AgencyDelay> = emptyList(),
    val delaysLifted: LocalDate? = null,
    val otherNoticeDue: LocalDate? = null,
) {
    internal fun ffi() = IncidentFacts(
        determined.ffi(),
        affected.map { (reached, exposure) -> ReachedClass(reached, exposure) },
        customers.ffi(),
        intent,
        goodFaithOfEmployee,
        harm,
        foundBefore?.let { dev.cpniguard.ffi.EarlierFinding(it.customers.ffi(), it.harm, it.fellOn.ffi()) },
        agenciesNotified?.ffi(),
        urgentAfterConsultation,
        delays.map { dev.cpniguard.ffi.AgencyDelay(it.given.ffi(), it.through.ffi(), it.extends, it.inWriting) },
        delaysLifted?.ffi(),
        otherNoticeDue?.ffi(),
    )
}

/** From when something may be done. */
public sealed class NotBefore {
    /** Any time. */
    public object AnyTime : NotBefore() {
        override fun toString(): String = "AnyTime"
    }

    /** This day. */
    public data class From(val first: LocalDate) : NotBefore()

    /** Not now: the agencies' notice is not known, or the calendar cannot tell. */
    public object Unknown : NotBefore() {
        override fun toString(): String = "Unknown"
    }
}

/** Until when something must be done. */
public sealed class Deadline {
    /** As soon as practicable or without unreasonable delay, and on this day at the latest. */
    public data class By(val last: LocalDate) : Deadline()

    /** Kept through this day at least. */
    public data class Through(val last: LocalDate) : Deadline()

    /** The text sets no last day. */
    public object NoLastDay : Deadline() {
        override fun toString(): String = "NoLastDay"
    }

    /** At once: the calendar cannot tell a last day. */
    public object AtOnce : Deadline() {
        override fun toString(): String = "AtOnce"
    }
}

/**
 * Something that must be done.
 *
 * @property task what.
 * @property to who is told.
 * @property notBefore when it may be done at the earliest.
 * @property deadline the last day, or why there is none.
 * @property cited where that comes from.
 */
public data class BreachDuty(
    val task: BreachTask,
    val to: List<Whom>,
    val notBefore: NotBefore,
    val deadline: Deadline,
    val cited: Citation,
)

/**
 * What one text asks.
 *
 * @property regime the text.
 * @property compliance whether it must be followed for this incident; `null`: it was replaced, or is not there yet.
 * @property isBreach whether the incident is a breach by this text.
 * @property ground why it is, or is not.
 * @property cited where that comes from.
 * @property duties what must be done, in the order of the text. Empty where the incident is no breach.
 */
public data class RegimeDuties(
    val regime: BreachRegime,
    val compliance: Compliance?,
    val isBreach: Boolean,
    val ground: BreachGround,
    val cited: Citation,
    val duties: List<BreachDuty>,
)

/** Whether 64.2011 lets customers be told now. Other law is the host's to ask. */
public sealed class MayNotify {
    /** Nothing in 64.2011 holds it. */
    public object Yes : MayNotify() {
        override fun toString(): String = "Yes"
    }

    /**
     * Not now.
     *
     * @property until the first day on which this no longer stands against it, once that day has begun everywhere
     *   (12:00 UTC); `null`: no day can be told.
     * @property why why not.
     * @property cited where that comes from.
     */
    public data class No(val until: LocalDate?, val why: NoticeHold, val cited: Citation) : MayNotify()

    /** Not now, and silence may hurt customers too: a human decides. */
    public data class HeldForHuman(val why: NoticeHold) : MayNotify()
}

/**
 * What follows from an incident, under each text of 47 CFR 64.2011. It names no customer.
 *
 * ```kotlin
 * val incident = Incident(
 *     determined = LocalDate.of(2026, 11, 2),
 *     affected = mapOf(DataClass.CALL_DETAIL to Exposure.READABLE),
 *     customers = CustomerCount.Exactly(136u),
 *     intent = BreachIntent.INTENTIONAL,
 *     agenciesNotified = LocalDate.of(2026, 11, 4),
 * )
 * BusinessCalendar.usFederal().use { days ->
 *     BreachReport.of(incident, days).use { report ->
 *         when (val answer = report.mayNotifyCustomer(Instant.now())) {
 *             is MayNotify.Yes -> tell()
 *             is MayNotify.No -> waitFor(answer.until)
 *             is MayNotify.HeldForHuman -> ask(answer.why)
 *         }
 *     }
 * }
 * ```
 */
public class BreachReport private constructor(private val ffi: FfiReport) : AutoCloseable {
    private val found = calling { ffi.findings() }

    /** The text that governs; `null` before 2007-12-08. */
    public val governing: BreachRegime? get() = found.governing

    /** Each text, with what it asks. First that of 2007. */
    public val regimes: List<RegimeDuties> = found.regimes.map { of ->
        RegimeDuties(of.regime, of.compliance, of.isBreach, of.ground, of.cited, of.duties.map(::duty))
    }

    /** Whether the count is a lower bound below 500 that may rise over it. */
    public val mayCrossThreshold: Boolean get() = found.mayCrossThreshold

    /**
     * The last of the seven full business days in which customers are not told (text of 2007); `null` where the
     * agencies' notice is not known, or the calendar cannot tell.
     */
    public val silentThrough: LocalDate? = found.silentThrough?.date()

    /** How the report reads what the rule leaves open: interpretations. */
    public val readings: List<String> get() = found.readings

    /** What a text asks. */
    public fun regime(text: BreachRegime): RegimeDuties = regimes.first { it.regime == text }

    /**
     * Whether customers may be told now. Of several grounds the one that lasts longest is named; a "no" goes before
     * "held for a human".
     */
    public fun mayNotifyCustomer(now: Instant): MayNotify =
        when (val answer = calling { ffi.mayNotifyCustomer(now.micros()) }) {
            is FfiMayNotify.Yes -> MayNotify.Yes
            is FfiMayNotify.No -> MayNotify.No(answer.until?.date(), answer.why, answer.cited)
            is FfiMayNotify.HeldForHuman -> MayNotify.HeldForHuman(answer.why)
        }

    /** As JSON. */
    public fun toJson(): String = calling { ffi.json() }

    /** As a page of text. */
    public fun toText(): String = calling { ffi.text() }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "BreachReport(..)"

    private fun duty(of: dev.cpniguard.ffi.BreachDuty) = BreachDuty(
        of.task,
        of.to,
        when (val from = of.notBefore) {
            is FfiNotBefore.AnyTime -> NotBefore.AnyTime
            is FfiNotBefore.From -> NotBefore.From(from.first.date())
            is FfiNotBefore.Unknown -> NotBefore.Unknown
        },
        when (val until = of.deadline) {
            is dev.cpniguard.ffi.Deadline.By -> Deadline.By(until.last.date())
            is dev.cpniguard.ffi.Deadline.Through -> Deadline.Through(until.last.date())
            is dev.cpniguard.ffi.Deadline.NoLastDay -> Deadline.NoLastDay
            is dev.cpniguard.ffi.Deadline.AtOnce -> Deadline.AtOnce
        },
        of.cited,
    )

    public companion object {
        /**
         * Evaluates an incident: the same facts, dates and calendar give the same report. [text2024From]: the first
         * day on which the text of 2024 governs, once the FCC has published it; `null`: that of 2007 governs.
         */
        @JvmStatic
        @JvmOverloads
        public fun of(incident: Incident, calendar: BusinessCalendar, text2024From: LocalDate? = null): BreachReport =
            BreachReport(calling { FfiReport.of(incident.ffi(), text2024From?.ffi(), calendar.ffi) })
    }
}
