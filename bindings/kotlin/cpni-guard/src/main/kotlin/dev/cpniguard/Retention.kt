package dev.cpniguard

import dev.cpniguard.ffi.OptOutCheck
import java.time.Instant
import java.time.LocalDate
import dev.cpniguard.ffi.OptOutHealth as Ffi

public typealias BackupQuestion = dev.cpniguard.ffi.BackupQuestion
public typealias OptOutOutcome = dev.cpniguard.ffi.OptOutOutcome
public typealias QuestionAbout = dev.cpniguard.ffi.QuestionAbout
public typealias RecordKind = dev.cpniguard.ffi.RecordKind
public typealias Retention = dev.cpniguard.ffi.Retention

/** Where one way to opt out stands (47 CFR 64.2009(f)). */
public sealed class OptOutHealth {
    /** It works. */
    public object Works : OptOutHealth() {
        override fun toString(): String = "Works"
    }

    /** It failed once in the last thirty days, and works again. @property on the day of the failure. */
    public data class Anomaly(val on: LocalDate) : OptOutHealth()

    /**
     * The last check failed: the next one tells. The clock would count from that day.
     *
     * @property on the day of the failure.
     * @property by the last day for the notice, if it is more than an anomaly; `null`: at once.
     */
    public data class Suspected(val on: LocalDate, val by: LocalDate?) : OptOutHealth()

    /**
     * More than an anomaly, or not checked, and no notice since.
     *
     * @property countsFrom the day from which the clock counts; `null`: the clock shows no day.
     * @property by the last day for the notice; `null`: at once.
     * @property cited where that comes from.
     */
    public data class NoticeDue(val countsFrom: LocalDate?, val by: LocalDate?, val cited: Citation) : OptOutHealth()

    /** The notice was filed; it has not worked since. */
    public object NoticeFiled : OptOutHealth() {
        override fun toString(): String = "NoticeFiled"
    }

    public companion object {
        /**
         * Where one way to opt out stands at [now], by its outcomes in any order, [watchedSince] a moment at which the
         * host began. A check that is missing counts as a failure.
         */
        @JvmStatic
        public fun of(
            checks: List<Pair<Instant, OptOutOutcome>>,
            watchedSince: Instant,
            now: Instant,
            calendar: BusinessCalendar,
        ): OptOutHealth {
            val all = checks.map { (at, outcome) -> OptOutCheck(at.micros(), outcome) }
            val health = calling {
                dev.cpniguard.ffi.optOutHealth(all, watchedSince.micros(), now.micros(), calendar.ffi)
            }
            return when (health) {
                is Ffi.Works -> Works
                is Ffi.Anomaly -> Anomaly(health.on.date())
                is Ffi.Suspected -> Suspected(health.on.date(), health.by?.date())
                is Ffi.NoticeDue -> NoticeDue(health.countsFrom?.date(), health.by?.date(), health.cited)
                is Ffi.NoticeFiled -> NoticeFiled
            }
        }
    }
}

/** How long this kind of record is kept at least, and by which rule. */
public fun retentionOf(kind: RecordKind): Retention = calling { dev.cpniguard.ffi.retentionOf(kind) }

/**
 * Whether a record may be deleted now, as far as these rules go. [lastDay]: the last day that it is about; of an
 * approval, the day on which it ended. `null` (unknown, or it still stands) is never deleted.
 */
public fun mayDelete(kind: RecordKind, lastDay: LocalDate?, now: Instant): Boolean =
    calling { dev.cpniguard.ffi.mayDelete(kind, lastDay?.ffi(), now.micros()) }

/** Reads a catalogue of back-up questions. What is wrong with one, and where, [checkQuestions] says. */
public fun backupQuestions(toml: String): List<BackupQuestion> = calling { dev.cpniguard.ffi.backupQuestions(toml) }

/** Checks a catalogue of back-up questions (47 CFR 64.2010(e)): nothing, or the first that may not be asked. */
public fun checkQuestions(toml: String): List<Fault> = calling { dev.cpniguard.ffi.checkQuestions(toml) }

/** Whether a back-up question may be about this. */
public val QuestionAbout.isAllowed: Boolean get() = calling { dev.cpniguard.ffi.mayAskAbout(this) }
