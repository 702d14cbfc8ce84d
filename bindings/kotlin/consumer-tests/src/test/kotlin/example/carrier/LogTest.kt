package example.carrier

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.LoggerContext
import ch.qos.logback.classic.PatternLayout
import ch.qos.logback.classic.encoder.JsonEncoder
import ch.qos.logback.classic.joran.JoranConfigurator
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.read.ListAppender
import dev.cpniguard.NOT_REDACTED
import dev.cpniguard.RedactingAppender
import dev.cpniguard.Redactor
import dev.cpniguard.withBlindTokens
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.slf4j.MDC
import org.slf4j.Marker
import org.slf4j.MarkerFactory
import org.slf4j.helpers.BasicMarkerFactory
import kotlin.concurrent.thread

/** Logback behind the redacting appender: nothing of a customer's reaches what writes. */
class LogTest {
    private val context = LoggerContext().apply { setMDCAdapter(MDC.getMDCAdapter()) }
    private val written = ListAppender<ILoggingEvent>()
    private val log = context.getLogger("example.care")
    private val redactor = Redactor.labels()

    @AfterEach
    fun stop() {
        context.stop()
        redactor.close()
        MDC.clear()
    }

    private fun start(appender: RedactingAppender = RedactingAppender(redactor)): RedactingAppender {
        written.context = context
        written.start()
        appender.context = context
        appender.name = "CLEAN"
        appender.addAppender(written)
        appender.start()
        log.addAppender(appender)
        log.isAdditive = false
        return appender
    }

    private fun only(): ILoggingEvent = written.list.single().also { written.list.clear() }

    /** All that Logback's own layout and its JSON encoder write of an event. */
    private fun all(event: ILoggingEvent): String {
        val layout = PatternLayout()
        layout.context = context
        layout.pattern = "%d %thread %level %logger %marker %X %kvp %msg %m %ex{full} %xEx %rEx %n"
        layout.start()
        val json = JsonEncoder()
        json.context = context
        json.setWithFormattedMessage(true)
        json.start()
        // Times are numbers of any digits.
        val line = json.encode(event).toString(Charsets.UTF_8).replace(Regex("\"(timestamp|nanoseconds)\":\\d+"), "")
        return layout.doLayout(event) + line + event
    }

    /** None of the values, nor any four digits of them. */
    private fun assertClean(event: ILoggingEvent): String = all(event).also { text ->
        for (value in listOf("987-65", "987654320", "4320", "555-0123", "5550123", "0123", "4482", "dana@")) {
            assertFalse(Regex("\\b$value").containsMatchIn(text), "$value is in $text")
        }
    }

    private class Customer(private val ssn: String) {
        override fun toString() = "Customer(ssn=$ssn)"
    }

    @Test
    fun `message, arguments, context, pairs, markers and causes are clean`() {
        start()
        MDC.put("phone", "5550123")
        MDC.put("call", "c-7")
        val marker = MarkerFactory.getMarker("SSN 987-65-4320").apply { add(MarkerFactory.getMarker("AUDIT")) }
        val cause = IllegalArgumentException("no such number: (202) 555-0123", Exception("pin 4482"))
        cause.addSuppressed(Exception("dana@example.com"))
        Thread.currentThread().name = "call of 202-555-0123"
        log.atWarn().setMessage("customer {} in {} lines at {}")
            .addArgument(Customer("987-65-4320")).addArgument(3).addArgument(arrayOf("(202) 555-0123", 1.5))
            .addKeyValue("pin", "4482").addKeyValue("count", 3).addKeyValue("who", Customer("987-65-4320"))
            .addMarker(marker).setCause(cause).log()
        val event = only()
        val text = assertClean(event)
        assertEquals("customer Customer(ssn=[SSN]) in 3 lines at [[PHONE], 1.5]", event.formattedMessage)
        assertEquals("customer {} in {} lines at {}", event.message)
        assertEquals(listOf<Any?>("Customer(ssn=[SSN])", 3, "[[PHONE], 1.5]"), event.argumentArray.toList())
        assertEquals(mapOf("phone" to "[PHONE]", "call" to "c-7"), event.mdcPropertyMap)
        assertEquals(listOf<Any?>("[SECRET]", 3, "Customer(ssn=[SSN])"), event.keyValuePairs.map { it.value })
        assertEquals("SSN [SSN]", event.markerList.single().name)
        assertTrue(event.markerList.single().contains("AUDIT"))
        assertEquals("no such number: [PHONE]", event.throwableProxy.message)
        assertEquals("pin [SECRET]", event.throwableProxy.cause.message)
        assertEquals("[EMAIL]", event.throwableProxy.suppressed.single().message)
        assertEquals("java.lang.IllegalArgumentException", event.throwableProxy.className)
        assertEquals("call of [PHONE]", event.threadName)
        assertTrue("LogTest" in text, "the stack is there")
        assertEquals(Level.WARN to "example.care", event.level to event.loggerName)
    }

    @Test
    fun `an argument that the words around it tell goes with its message`() {
        start()
        for ((pattern, value) in listOf("pin {}" to "4482", "password={}" to "hunter2", "date of birth: {}" to "1980-01-02")) {
            log.info(pattern, value)
            val event = only()
            assertFalse(value in all(event), all(event))
            assertNull(event.argumentArray, pattern)
            assertEquals(event.formattedMessage, event.message)
        }
        for ((pattern, values) in listOf("pin" to arrayOf("4482"), "pin \\{}" to arrayOf("4482"), "pin of {}" to arrayOf("gold", 4482))) {
            log.info(pattern, *values)
            val text = all(only())
            assertFalse(Regex("\\b4482").containsMatchIn(text), text)
        }
        log.info("line {} of {}", 3, "gold")
        val event = only()
        assertEquals(listOf<Any?>(3, "gold"), event.argumentArray.toList())
        assertEquals("line 3 of gold", event.formattedMessage)
        log.info("plain {} braces")
        assertEquals("plain {} braces", only().formattedMessage)
        log.info(null as String?)
        assertNull(only().formattedMessage)
    }

    /** As logging libraries have them: the marker is its own value. */
    private class ValueMarker(private val marker: Marker = BasicMarkerFactory().getDetachedMarker("FIELDS")) :
        Marker by marker {
        override fun toString() = "ssn=987-65-4320"
    }

    private class Hostile : RuntimeException() {
        override val message: String get() = throw IllegalStateException("987-65-4320")

        override fun toString(): String = throw IllegalStateException("987-65-4320")
    }

    @Test
    fun `what a host's objects do reaches nobody`() {
        start()
        log.info(ValueMarker(), "marked")
        assertClean(only())
        log.atInfo().addKeyValue("who", Hostile()).log("pair")
        assertEquals(NOT_REDACTED, only().also(::assertClean).keyValuePairs.single().value)
        val marker = MarkerFactory.getDetachedMarker("A")
        val other = MarkerFactory.getDetachedMarker("B")
        marker.add(other)
        other.add(marker)
        log.info(marker, "markers in a ring")
        assertTrue(only().markerList.single().contains("B"))
        val first = Exception("pin 4482")
        val second = Exception("SSN 987-65-4320", first)
        first.initCause(second)
        log.info("causes in a ring", first)
        assertClean(only())
        log.info("half a pair \uD83D SSN 987-65-4320")
        assertEquals("half a pair \uFFFD SSN [SSN]", only().formattedMessage)
    }

    @Test
    fun `where it cannot be redacted the event stays and its texts are dropped`() {
        val carrier = Carrier()
        val tokens = redactor.withBlindTokens(carrier.guard)
        start(RedactingAppender(tokens))
        MDC.put("phone", "5550123")
        log.info("SSN {}", "987-65-4320")
        assertTrue(Regex("""SSN \[SSN:[a-z]{16}]""").matches(only().formattedMessage))
        carrier.close()
        log.error("SSN {} of {}", "987-65-4320", "gold", Exception("pin 4482 of 202-555-0123"))
        val dropped = only()
        assertClean(dropped)
        assertEquals(Level.ERROR to NOT_REDACTED, dropped.level to dropped.formattedMessage)
        assertEquals(mapOf("phone" to NOT_REDACTED), dropped.mdcPropertyMap)
        assertEquals(NOT_REDACTED, dropped.throwableProxy.message)
        assertEquals("java.lang.Exception", dropped.throwableProxy.className)
        log.info("nothing to hide")
        assertEquals("nothing to hide", only().formattedMessage)
        tokens.close()
        log.error("SSN 987-65-4320")
        assertEquals(Level.ERROR to NOT_REDACTED, only().also(::assertClean).let { it.level to it.formattedMessage })
    }

    @Test
    fun `a configuration file sets it up`() {
        val xml = """
            <configuration>
              <appender name="LIST" class="ch.qos.logback.core.read.ListAppender"/>
              <appender name="CLEAN" class="dev.cpniguard.RedactingAppender">
                <spoken>true</spoken>
                <accountPattern>[0-9]{4}-[A-Z]{5}</accountPattern>
                <accountPattern>ZZ-[0-9]{2}</accountPattern>
                <appender-ref ref="LIST"/>
              </appender>
              <appender name="BROKEN" class="dev.cpniguard.RedactingAppender">
                <accountPattern>[0-9</accountPattern>
                <appender-ref ref="LIST"/>
              </appender>
              <root level="INFO"><appender-ref ref="CLEAN"/></root>
              <logger name="broken" additivity="false"><appender-ref ref="BROKEN"/></logger>
            </configuration>
        """.trimIndent()
        JoranConfigurator().also { it.context = context }.doConfigure(xml.byteInputStream())
        val clean = context.getLogger("ROOT").getAppender("CLEAN") as RedactingAppender
        val list = clean.getAppender("LIST") as ListAppender<ILoggingEvent>
        log.info("0000-EXMPL, ZZ-77, two oh two, five five five, oh one two three")
        assertEquals("[ACCOUNT], [ACCOUNT], [PHONE]", list.list.single().formattedMessage)
        context.getLogger("broken").warn("SSN 987-65-4320")
        assertEquals(Level.WARN to NOT_REDACTED, list.list.last().let { it.level to it.formattedMessage })
        assertTrue(context.statusManager.copyOfStatusList.any { "E9309 binding_pattern" in it.message })
    }

    @Test
    fun `threads log at once`() {
        start()
        List(8) { at ->
            thread {
                repeat(50) { log.info("{} SSN 987-65-4320", at) }
            }
        }.forEach(Thread::join)
        assertEquals(400, written.list.size)
        assertTrue(written.list.all { it.formattedMessage.endsWith(" SSN [SSN]") })
    }
}
