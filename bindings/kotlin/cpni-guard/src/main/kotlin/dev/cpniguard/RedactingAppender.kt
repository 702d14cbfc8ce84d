package dev.cpniguard

import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.UnsynchronizedAppenderBase
import ch.qos.logback.core.spi.AppenderAttachable
import ch.qos.logback.core.spi.AppenderAttachableImpl

/**
 * A Logback appender that redacts each event before the appenders behind it get it: message, arguments, MDC, key-value pairs,
 * thread name, names of markers, and the messages of a throwable and its causes. If that fails, the event goes on with
 * [NOT_REDACTED] in place of its texts.
 *
 * ```xml
 * <appender name="CLEAN" class="dev.cpniguard.RedactingAppender">
 *   <accountPattern>[0-9]{4}-[A-Z]{5}</accountPattern>
 *   <appender-ref ref="FILE"/>
 * </appender>
 * ```
 *
 * Rules: the event that goes on is another one, of texts, numbers and truth values; a host's objects stay behind. Where an
 * argument is an identifier only by the words around it (`"PIN {}"`), the event has its message and no arguments. Names of
 * loggers, of classes and stack frames are the program's and stay. Logback is a dependency of yours, not of this package.
 *
 * Not in front of Logback's `SocketAppender`, which takes no events but its own.
 */
public class RedactingAppender private constructor(
    private val behind: AppenderAttachableImpl<ILoggingEvent>,
    private val given: Redactor?,
) : UnsynchronizedAppenderBase<ILoggingEvent>(), AppenderAttachable<ILoggingEvent> by behind {
    /** With labels, and the settings of its properties: what a configuration file makes. */
    public constructor() : this(AppenderAttachableImpl(), null)

    /** With a redactor of yours. It stays yours to close, when the appender is stopped. */
    public constructor(redactor: Redactor) : this(AppenderAttachableImpl(), redactor)

    /** Whether digits are read as words too. */
    public var isSpoken: Boolean = false

    private val patterns = ArrayList<String>()

    @Volatile
    private var redactor: Redactor? = null

    /** Finds the carrier's account numbers by this pattern, with others that are given so. */
    public fun addAccountPattern(pattern: String) {
        patterns += pattern
    }

    /** Starts, whatever comes: without a redactor events go on without their texts. */
    override fun start() {
        redactor = given ?: made()
        if (!behind.iteratorForAppenders().hasNext()) addWarn("no appender is behind $name: its events go nowhere")
        super.start()
    }

    override fun stop() {
        super.stop()
        behind.detachAndStopAllAppenders()
        if (given == null) redactor?.close()
        redactor = null
    }

    override fun append(event: ILoggingEvent) {
        behind.appendLoopOnAppenders(RedactedEvent.of(event, redactor))
    }

    private fun made(): Redactor? = try {
        Redactor.build {
            spoken(isSpoken)
            patterns.forEach(::accountPattern)
        }
    } catch (failed: Throwable) { // a missing native library is an Error
        addError("$name has no redactor (${(failed as? CpniException)?.message ?: failed.javaClass.name}): texts are dropped")
        null
    }
}
