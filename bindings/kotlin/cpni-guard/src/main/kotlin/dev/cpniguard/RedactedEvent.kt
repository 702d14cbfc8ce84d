package dev.cpniguard

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.classic.spi.IThrowableProxy
import ch.qos.logback.classic.spi.LoggerContextVO
import ch.qos.logback.classic.spi.StackTraceElementProxy
import org.slf4j.Marker
import org.slf4j.event.KeyValuePair
import org.slf4j.helpers.BasicMarkerFactory
import org.slf4j.helpers.MessageFormatter
import java.time.Instant
import java.util.Collections
import java.util.IdentityHashMap

/** A logging event of texts that were redacted. All of them cross to the library in one call, while the event is made. */
internal class RedactedEvent private constructor(
    private val event: ILoggingEvent,
    private val message: String?,
    private val arguments: Array<Any?>?,
    private val formatted: String?,
    private val thread: String?,
    private val mdc: Map<String, String>,
    private val pairs: List<KeyValuePair>?,
    private val markers: List<Marker>?,
    private val throwable: IThrowableProxy?,
) : ILoggingEvent {
    override fun getMessage(): String? = message

    override fun getFormattedMessage(): String? = formatted

    override fun getArgumentArray(): Array<Any?>? = arguments

    override fun getThreadName(): String? = thread

    override fun getMDCPropertyMap(): Map<String, String> = mdc

    @Deprecated("as Logback's")
    override fun getMdc(): Map<String, String> = mdc

    override fun getKeyValuePairs(): List<KeyValuePair>? = pairs

    override fun getMarkerList(): List<Marker>? = markers

    override fun getThrowableProxy(): IThrowableProxy? = throwable

    override fun getLevel(): Level? = event.level

    override fun getLoggerName(): String? = event.loggerName

    override fun getLoggerContextVO(): LoggerContextVO? = event.loggerContextVO

    override fun getCallerData(): Array<StackTraceElement>? = event.callerData

    override fun hasCallerData(): Boolean = event.hasCallerData()

    override fun getTimeStamp(): Long = event.timeStamp

    override fun getNanoseconds(): Int = event.nanoseconds

    override fun getInstant(): Instant? = event.instant

    override fun getSequenceNumber(): Long = event.sequenceNumber

    /** Everything is read already. */
    override fun prepareForDeferredProcessing(): Unit = Unit

    override fun toString(): String = "[$level] $formatted"

    companion object {
        /** No character. */
        private const val PLACE = '\uFFFF'

        /** The event, redacted; without a redactor, or where that fails, with nothing of its texts. Throws nothing. */
        fun of(event: ILoggingEvent, redactor: Redactor?): ILoggingEvent = try {
            read(event, redactor)
        } catch (_: Throwable) { // a host's `toString`, a chain of causes without an end
            bare(event)
        }

        private fun read(event: ILoggingEvent, redactor: Redactor?): RedactedEvent {
            val texts = LogTexts()
            val whole = texts.add(event.formattedMessage)
            val pattern = texts.add(event.message)
            val arguments = event.argumentArray?.let { given ->
                val used = placesOf(event.message.orEmpty(), given.size)
                // What has no place in the message is scanned under all of its words.
                given.mapIndexed { at, value -> texts.addValue(value, if (at < used) "" else event.message.orEmpty()) }
            }
            val thread = texts.add(event.threadName)
            val mdc = event.mdcPropertyMap.orEmpty().map { (key, value) -> texts.add(key) to texts.add(value, key) }
            val pairs = event.keyValuePairs?.map { texts.add(it.key) to texts.addValue(it.value, it.key.orEmpty()) }
            val markers = event.markerList?.filterNotNull()?.map { marker -> namesOf(marker).map(texts::add) }
            val throwable = event.throwableProxy?.let { RedactedThrowable.of(it, texts) }
            texts.redact(redactor)

            val formatted = whole?.text
            // Arguments go on where the message says no more of them than they do alone.
            val isSame = arguments != null && pattern?.text == event.message &&
                MessageFormatter.basicArrayFormat(event.message, Array(arguments.size) { arguments[it].text }) == formatted
            return RedactedEvent(
                event,
                message = if (isSame) event.message else formatted,
                arguments = if (isSame) Array(arguments!!.size) { arguments[it].value } else null,
                formatted = formatted,
                thread = thread?.text,
                mdc = mdc.associate { (key, value) -> key?.text.orEmpty() to value?.text.orEmpty() },
                pairs = pairs?.map { (key, value) -> KeyValuePair(key?.text.orEmpty(), value.value) },
                markers = markers?.map { names -> marker(names.map { it!!.text }) },
                throwable = throwable,
            )
        }

        /** How many of so many arguments a message has a place for, as SLF4J counts. */
        private fun placesOf(message: String, arguments: Int): Int {
            val marked = MessageFormatter.basicArrayFormat(message, Array(arguments) { PLACE.toString() })
            return marked.count { it == PLACE } - message.count { it == PLACE }
        }

        private fun bare(event: ILoggingEvent) =
            RedactedEvent(event, NOT_REDACTED, null, NOT_REDACTED, NOT_REDACTED, emptyMap(), null, null, null)

        /** A marker's name, and those of what it refers to: other markers hold values, which must not go on. */
        private fun namesOf(marker: Marker): List<String> {
            val seen = Collections.newSetFromMap(IdentityHashMap<Marker, Boolean>())
            val waiting = ArrayDeque(listOf(marker))
            val names = ArrayList<String>()
            while (true) {
                val next = waiting.removeFirstOrNull() ?: return names
                if (!seen.add(next)) continue
                names += next.name.orEmpty()
                next.iterator().forEach(waiting::add)
            }
        }

        private fun marker(names: List<String>): Marker {
            val factory = BasicMarkerFactory()
            return factory.getDetachedMarker(names.first()).also { marker ->
                names.drop(1).forEach { marker.add(factory.getDetachedMarker(it)) }
            }
        }
    }
}

/** A throwable's message and its causes', redacted. What it is, and where it was thrown, stays. */
private class RedactedThrowable private constructor(
    private val proxy: IThrowableProxy,
    private val message: LogTexts.Text?,
    private val overriding: LogTexts.Text?,
) : IThrowableProxy {
    private var cause: IThrowableProxy? = null
    private var suppressed: Array<IThrowableProxy> = emptyArray()

    override fun getMessage(): String? = message?.text

    override fun getOverridingMessage(): String? = overriding?.text

    override fun getClassName(): String? = proxy.className

    override fun getStackTraceElementProxyArray(): Array<StackTraceElementProxy>? = proxy.stackTraceElementProxyArray

    override fun getCommonFrames(): Int = proxy.commonFrames

    override fun getCause(): IThrowableProxy? = cause

    override fun getSuppressed(): Array<IThrowableProxy> = suppressed

    override fun isCyclic(): Boolean = proxy.isCyclic

    companion object {
        fun of(proxy: IThrowableProxy, texts: LogTexts): RedactedThrowable {
            val redacted = RedactedThrowable(proxy, texts.add(proxy.message), texts.add(proxy.overridingMessage))
            redacted.cause = proxy.cause?.let { of(it, texts) }
            redacted.suppressed = proxy.suppressed.orEmpty().map { of(it, texts) }.toTypedArray()
            return redacted
        }
    }
}

/** The texts of one event, on their way to the library together. */
internal class LogTexts {
    private val asked = ArrayList<Text>()

    /** A text, under the name of its key. Nothing stays nothing. */
    fun add(text: String?, label: String = ""): Text? = text?.let { Text(label, it, null).also(asked::add) }

    /** A value that is not looked into: what it says of itself. One that cannot say it is dropped. */
    fun addValue(value: Any?, label: String = ""): Text {
        val written = try {
            written(value)
        } catch (_: Throwable) {
            return Text(label, null, null)
        }
        return Text(label, written, value).also(asked::add)
    }

    /** Once, when all are there. */
    fun redact(redactor: Redactor?) {
        val values = asked.map { it.label to it.original.orEmpty() }
        val redacted = redactor?.redactForLog(values) ?: values.map { NOT_REDACTED }
        asked.forEachIndexed { at, text -> text.text = redacted[at] }
    }

    /** As SLF4J writes an argument. */
    private fun written(value: Any?): String = when (value) {
        is Array<*> -> value.contentDeepToString()
        is BooleanArray -> value.contentToString()
        is ByteArray -> value.contentToString()
        is CharArray -> value.contentToString()
        is ShortArray -> value.contentToString()
        is IntArray -> value.contentToString()
        is LongArray -> value.contentToString()
        is FloatArray -> value.contentToString()
        is DoubleArray -> value.contentToString()
        else -> value.toString()
    }

    /** A text, and what became of it. */
    internal class Text(val label: String, val original: String?, private val given: Any?) {
        /** Redacted; until then, and where that failed, dropped. */
        var text: String = NOT_REDACTED

        /** The value itself where it is a number or a truth value in which nothing was found; otherwise its text. */
        val value: Any?
            get() = if (text == original && isPlain(given)) given else text
    }

    private companion object {
        fun isPlain(value: Any?) = when (value) {
            null, is Boolean, is Byte, is Short, is Int, is Long, is Float, is Double, is Char -> true
            else -> false
        }
    }
}
