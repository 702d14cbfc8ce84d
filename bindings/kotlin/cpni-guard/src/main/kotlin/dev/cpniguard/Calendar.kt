package dev.cpniguard

import dev.cpniguard.ffi.Day
import java.time.LocalDate
import dev.cpniguard.ffi.BusinessCalendar as Ffi

public typealias DayKind = dev.cpniguard.ffi.DayKind

/** The carrier's own calendar of business days: it knows closures of the FCC that no rule foretells. */
public fun interface BusinessDays {
    /** What this day is. Where this throws, the day is in doubt ([DayKind.UNCLEAR]). */
    public fun kind(day: LocalDate): DayKind
}

/** The calendar of business days, by which deadlines and silences are counted. */
public class BusinessCalendar private constructor(internal val ffi: Ffi) : AutoCloseable {
    /** What this day is. */
    public fun kind(day: LocalDate): DayKind = calling { ffi.kind(day.ffi()) }

    /**
     * The last day to act: the business day that is number [days] after [from], which itself does not count. Days in
     * doubt count. `null`: the calendar cannot tell, so act at once.
     */
    public fun lastDayToAct(from: LocalDate, days: Int): LocalDate? =
        calling { ffi.lastDayToAct(from.ffi(), count(days)) }?.date()

    /**
     * The last of so many full business days after [from]. Days in doubt do not count. `null`: the calendar cannot
     * tell, so the silence has no known end.
     */
    public fun lastFullDay(from: LocalDate, days: Int): LocalDate? =
        calling { ffi.lastFullDay(from.ffi(), count(days)) }?.date()

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "BusinessCalendar(..)"

    public companion object {
        /**
         * Weekends and the legal public holidays of 5 USC 6103, by rule. [closures]: days on which the FCC was closed
         * without a holiday; they are in doubt. It foretells no closure by weather or executive order.
         */
        @JvmStatic
        @JvmOverloads
        public fun usFederal(closures: Collection<LocalDate> = emptyList()): BusinessCalendar =
            BusinessCalendar(calling { Ffi.usFederal(closures.map { it.ffi() }) })

        /** The carrier's own. */
        @JvmStatic
        public fun of(days: BusinessDays): BusinessCalendar = BusinessCalendar(calling { Ffi.ofHost(days.ffi()) })

        private fun count(days: Int): UByte {
            if (days !in 0..255) throw CpniException(ErrorCode.BINDING_NOT_A_DAY)
            return days.toUByte()
        }
    }
}

internal fun BusinessDays.ffi() = object : dev.cpniguard.ffi.BusinessDays {
    override fun kind(day: Day) = answer { this@ffi.kind(day.date()) }
}

/** A year that the library does not know is one of its errors. */
internal fun LocalDate.ffi(): Day =
    Day(year.coerceIn(Short.MIN_VALUE.toInt(), Short.MAX_VALUE.toInt()).toShort(), monthValue.toByte(), dayOfMonth.toByte())

internal fun Day.date(): LocalDate = LocalDate.of(year.toInt(), month.toInt(), day.toInt())
