package dev.cpniguard

import dev.cpniguard.ffi.HostFailure
import java.time.Instant
import dev.cpniguard.ffi.GuardClock as FfiGuardClock

/** A clock, asked several times in each call. Without one, the operating system's. */
public fun interface GuardClock {
    /** The time. */
    public fun now(): Instant
}

internal fun GuardClock.ffi() = object : FfiGuardClock {
    override fun nowMicros() = answer { this@ffi.now().micros() }
}

/**
 * The host's answer, or that it could not answer. Everything that is thrown ends here: the generated code would
 * hand the stack trace, with whatever its messages hold, to the library as a text.
 */
internal inline fun <R> answer(ask: () -> R): R = try {
    ask()
} catch (stopped: Throwable) {
    if (stopped is InterruptedException) Thread.currentThread().interrupt()
    throw HostFailure.Unavailable()
}
