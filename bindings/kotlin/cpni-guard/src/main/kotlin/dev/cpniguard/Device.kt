package dev.cpniguard

import dev.cpniguard.ffi.DeviceAnswer
import dev.cpniguard.ffi.DeviceFieldAnswer
import dev.cpniguard.ffi.DeviceRule
import dev.cpniguard.ffi.FieldState
import java.nio.ByteBuffer
import java.time.Duration
import java.time.temporal.ChronoUnit
import dev.cpniguard.ffi.DeviceSession as Ffi

/**
 * A session on an agent's machine, for one interaction: it opens the views that the back end seals for it
 * (`Interaction.viewForDevice`), each once, and nothing else. Its key is the only one there, and lives in memory.
 *
 * It is over with [close], and when the interaction's time is: ask [isLive] from a timer. Then its key and everything
 * that it opened are wiped. Nothing tells it that the call ended early: close it when the agent hangs up.
 */
public class DeviceSession private constructor(private val ffi: Ffi) : AutoCloseable {
    /** Whether it goes on. Where its time is over, everything is wiped. */
    public val isLive: Boolean get() = unlessClosed(false) { ffi.isLive() }

    /** How long what it opened may still be seen; `null` before the first view and after the end. */
    public val timeLeft: Duration?
        get() = calling { ffi.timeLeft() }?.let {
            Duration.of(it.coerceAtMost(Long.MAX_VALUE.toULong()).toLong(), ChronoUnit.MICROS)
        }

    /** Its public key as the back end's audit log names it: 64 hexadecimal digits. Not secret. */
    public val fingerprint: String get() = calling { ffi.fingerprint() }

    /** A request for one view. Send it over your own authenticated channel, with the names of the fields. */
    public fun request(): DeviceRequest = DeviceRequest(calling { ffi.request() })

    /**
     * Opens the reply to a request, once. The first one binds the session to its interaction. What is refused shows
     * nothing and changes nothing: a reply of another session or interaction, a replay, one that comes too late.
     */
    public fun open(request: DeviceRequest, reply: ByteArray): DeviceView = calling {
        request.bytes.lend { asked -> reply.lend { DeviceView(ffi.open(asked, it)) } }
    }

    override fun close() {
        try {
            unlessClosed(Unit) { ffi.end() }
        } finally {
            ffi.close()
        }
    }

    override fun toString(): String = "DeviceSession(..)"

    public companion object {
        /** Starts a session with a fresh key. */
        @JvmStatic
        public fun start(): DeviceSession = DeviceSession(calling { Ffi.start() })

        /** The same, with a clock of yours. It should go on while the machine sleeps. */
        @JvmStatic
        public fun start(clock: GuardClock): DeviceSession = DeviceSession(calling { Ffi.startWithClock(clock.ffi()) })
    }
}

/** A question of a device session, good for one reply: 40 bytes, not secret. */
public class DeviceRequest internal constructor(internal val bytes: ByteArray) {
    /** The bytes, for the back end. */
    public fun toByteArray(): ByteArray = bytes.copyOf()

    override fun toString(): String = "DeviceRequest(..)"
}

/** A view that was opened here. The values end with [close] and with the session: [ErrorCode.DISCLOSE_CLOSED]. */
public class DeviceView internal constructor(answer: DeviceAnswer) : AutoCloseable {
    private val ffi = answer.view

    /** The number of the back end's audit event that records this view, from 0. */
    public val auditIndex: ULong = answer.auditIndex

    /** The fields, in the order in which they were asked for. */
    public val fields: List<DeviceField> = answer.fields.mapIndexed { at, field ->
        when (field.state) {
            FieldState.WITHHELD -> DeviceField.Withheld(field)
            FieldState.ABSENT -> DeviceField.Absent(field)
            FieldState.DISCLOSED -> DeviceField.Disclosed(Source(at.toUInt(), field.isCalls), field)
        }
    }

    /** The field of this name, which was asked for. */
    public fun field(name: String): DeviceField =
        fields.firstOrNull { it.name == name } ?: throw CpniException(ErrorCode.BINDING_NO_SUCH_PLACE)

    /** As [field]. */
    public operator fun get(name: String): DeviceField = field(name)

    /** Every value that is given out, in one call; they are overwritten when [block] returns. */
    public fun <R> withValues(block: (Values) -> R): R = calling { ffi.revealAll() }.asValues(block)

    override fun close() {
        ffi.close()
    }

    override fun toString(): String = "DeviceView(..)"

    private inner class Source(private val at: UInt, isCalls: Boolean) : HeldValue(isCalls) {
        override fun reveal(): ByteArray = calling { ffi.reveal(at) }

        override fun matches(given: ByteBuffer): Boolean = calling { ffi.matches(at, given) }
    }
}

/** What came of asking for one field. It prints its decision, never its value. */
public sealed class DeviceField private constructor(private val told: DeviceFieldAnswer) {
    /** The decision. */
    public val decision: Decision get() = told.answer

    /** The field of the schema. */
    public val name: String get() = decision.field

    /** What it holds. */
    public val dataClass: DataClass get() = told.`class`

    /** One or two sentences that the agent may say: nothing in them helps a pretexter. */
    public val forAgent: String get() = decision.forAgent

    /** The rules that decided, the one that forbids first. */
    public val reasons: List<DeviceRule> get() = told.reasons

    override fun toString(): String = "${javaClass.simpleName}($decision)"

    /** Not given out. */
    public class Withheld internal constructor(private val told: DeviceFieldAnswer) : DeviceField(told) {
        /** Why. */
        public val because: WithheldBecause? get() = decision.because

        /** What would lawfully change the answer, the shortest way first. */
        public val remedies: List<RemedyPath> get() = told.remedies
    }

    /** It may be given out, and the record does not hold it. */
    public class Absent internal constructor(told: DeviceFieldAnswer) : DeviceField(told)

    /** Given out. */
    public class Disclosed internal constructor(source: ValueSource, told: DeviceFieldAnswer) :
        DeviceField(told), DisclosedValue by SourcedValue(source, told.answer, told.isCalls)
}
