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
    public val isLive: Boolean
        get() = try {
            calling { ffi.isLive() }
        } catch (closed: CpniException) {
            if (closed.known != ErrorCode.BINDING_CLOSED) throw closed
            false
        }

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
            calling { ffi.end() }
        } catch (closed: CpniException) {
            if (closed.known != ErrorCode.BINDING_CLOSED) throw closed
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
            FieldState.WITHHELD -> DeviceField.Withheld(this, at.toUInt(), field)
            FieldState.ABSENT -> DeviceField.Absent(this, at.toUInt(), field)
            FieldState.DISCLOSED -> DeviceField.Disclosed(this, at.toUInt(), field)
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

    internal fun <R> value(at: UInt, isCalls: Boolean, block: (Value) -> R): R {
        val bytes = calling { ffi.reveal(at) }
        try {
            return block(Value(bytes, 0, bytes.size, isCalls))
        } finally {
            bytes.fill(0)
        }
    }

    internal fun matches(at: UInt, given: CharArray): Boolean = calling { given.lend { ffi.matches(at, it) } }
}

/** What came of asking for one field. It prints its decision, never its value. */
public sealed class DeviceField(
    internal val view: DeviceView,
    internal val at: UInt,
    private val told: DeviceFieldAnswer,
) {
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
    public class Withheld internal constructor(view: DeviceView, at: UInt, private val told: DeviceFieldAnswer) :
        DeviceField(view, at, told) {
        /** Why. */
        public val because: WithheldBecause? get() = decision.because

        /** What would lawfully change the answer, the shortest way first. */
        public val remedies: List<RemedyPath> get() = told.remedies
    }

    /** It may be given out, and the record does not hold it. */
    public class Absent internal constructor(view: DeviceView, at: UInt, told: DeviceFieldAnswer) :
        DeviceField(view, at, told)

    /** Given out. Each way to read it is one call to the library, whose copy is overwritten after the block. */
    public class Disclosed internal constructor(view: DeviceView, at: UInt, told: DeviceFieldAnswer) :
        DeviceField(view, at, told) {
        /** Whether it is a list of calls, rather than a text. */
        public val isCalls: Boolean = told.isCalls

        /** In which form. */
        public val form: DisclosureForm? get() = decision.form

        /** The duties that come with it. */
        public val obligations: List<Obligation> get() = decision.obligations

        /** The text: [Value.withChars]. */
        public fun <R> withChars(block: (CharArray) -> R): R = view.value(at, isCalls) { it.withChars(block) }

        /** The text: [Value.withText]. */
        public fun <R> withText(block: (CharSequence) -> R): R = view.value(at, isCalls) { it.withText(block) }

        /** The text as UTF-8: [Value.withBytes]. */
        public fun <R> withBytes(block: (ByteBuffer) -> R): R = view.value(at, isCalls) { it.withBytes(block) }

        /** The calls: [Value.withCalls]. */
        public fun <R> withCalls(block: (List<CallRow>) -> R): R = view.value(at, isCalls) { it.withCalls(block) }

        /** Whether a text is the value, in constant time. To compare without looking. */
        public fun matches(given: CharArray): Boolean = view.matches(at, given)
    }
}
