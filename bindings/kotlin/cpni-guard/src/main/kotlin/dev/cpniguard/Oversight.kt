package dev.cpniguard

import dev.cpniguard.ffi.ReadyNotice
import dev.cpniguard.ffi.BreachScope as FfiScope

/** Whose data an incident touched. It names accounts, so it prints nothing. */
public class BreachScope internal constructor(private val ffi: FfiScope) : AutoCloseable {
    /** The accounts, in the order of their pseudonyms. */
    public fun accounts(): List<AffectedAccount> = calling { ffi.accounts() }

    /** The name of the account at this place of [accounts]; `null`: it could not be opened. */
    public fun name(at: Int): String? {
        if (at < 0) throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)
        return calling { ffi.name(at.toUInt()) }?.toString(Charsets.UTF_8)
    }

    /** Whether these are all: the log has no gap. If it is not, more accounts may be affected. */
    public fun isExact(): Boolean = calling { ffi.isExact() }

    /** How many accounts got out, and whether that is all. Attempts do not count. */
    public fun customers(): CustomerCount = CustomerCount.of(calling { ffi.customers() })

    /** Every class that got out, and whether it can be read. */
    public fun exposures(): Map<DataClass, Exposure> = calling { ffi.exposures() }.associate { it.`class` to it.exposure }

    /** The logs that it was drawn from. */
    public fun logs(): List<ScopeSource> = calling { ffi.logs() }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "BreachScope(..)"
}

/** The queue of notices to customers, for the host's worker: lease some, hand them over, say how it went. */
public class Notices internal constructor(private val guard: Guard) {
    /** Claims at most so many, those that wait longest first, for ten minutes. */
    public fun lease(limit: Int): List<LeasedNotice> =
        calling { guard.ffi.leaseNotices(limit.coerceAtLeast(0).toUInt()) }.map {
            LeasedNotice(guard, it.id, it.attempts, it.notice, it.cause.toInt())
        }

    /** How many there are, leased or not. */
    public fun count(): ULong = calling { guard.ffi.noticeCount() }
}

/**
 * An entry of the queue that this worker leased.
 *
 * @property id the same for every attempt: 16 bytes.
 * @property attempts to hand it over, with this one.
 * @property cause the code of why the entry does not open; 0: it does.
 */
public class LeasedNotice internal constructor(
    private val guard: Guard,
    public val id: ByteArray,
    public val attempts: UInt,
    private val notice: ReadyNotice?,
    public val cause: Int,
) : AutoCloseable {
    /** Whom it is for. */
    public fun account(): String = calling { opened().account() }.toString(Charsets.UTF_8)

    /** What it says. */
    public fun facts(): NoticeFacts = calling { opened().facts() }

    /** It was handed over: recorded, and taken out of the queue. `false`: it was not in the queue any more. */
    public fun done(): Boolean = calling { id.lend { guard.ffi.noticeDone(it) } }

    /** It could not be handed over: it waits, longer after each attempt. `false`: it is another worker's, or gone. */
    public fun failed(): Boolean = calling { guard.ffi.noticeFailed(opened()) }

    /** Gives it up, also one that does not open: recorded, and taken out of the queue. */
    public fun discard(): Boolean = calling { id.lend { guard.ffi.noticeDiscard(it) } }

    override fun close() {
        notice?.close()
    }

    override fun toString(): String = "LeasedNotice(..)"

    private fun opened(): ReadyNotice = notice ?: throw CpniException.of(cause)
}
