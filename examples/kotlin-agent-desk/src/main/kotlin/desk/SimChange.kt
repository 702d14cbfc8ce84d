package desk

import java.awt.BorderLayout
import java.awt.Color
import java.awt.Component
import java.awt.Dimension
import java.awt.Font
import java.time.Duration
import java.time.Instant
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import javax.swing.Box
import javax.swing.JButton
import javax.swing.JPanel

/** How a SIM change stands, as the back end says. No number of a SIM or of a line is in it. */
internal class SimRequest(answer: String) {
    private val said = answer.lines().associate { line -> line.split('\t', limit = 2).let { it[0] to it[1] } }
    val id: String = said.getValue("id")
    val state: String = said.getValue("state")
    val until: Instant = Instant.parse(said.getValue("until"))
    val needs: String = said.getValue("needs")
    val approver: String = said.getValue("approver")
    val asked: String = said.getValue("asked")
    val notified: String = said.getValue("notified")
    val rules: String = said.getValue("rules")
    val forCustomer: String = said.getValue("customer")
    val forAgent: String? = said["agent"]
    val remedies: String? = said["remedies"]?.takeIf(String::isNotEmpty)

    /** Whether anything can become of it yet. */
    val isOpen: Boolean get() = state in OPEN

    /** Whether it waits for something: a time, a person. */
    fun waits(now: Instant): Boolean = isOpen && (needs.isNotEmpty() || now < until)

    private companion object {
        val OPEN = setOf("NOTIFIED", "WAITING", "PERMITTED")
    }
}

/** The change that was asked for: that it waits, until when, for whom, and what the customer is told. */
internal class SimCard(request: SimRequest, said: String?, carryOut: () -> Unit) : Card(back(request), edge(request)) {
    private val now = Instant.now()

    init {
        border = Look.padding(12, 18)
        add(Look.label(title(request), 14.5f, ink(request), Font.BOLD))
        add(Box.createVerticalStrut(6))
        if (request.isOpen) open(request)
        request.forAgent?.let { line("You may say", "“$it”", Look.ink) }
        request.remedies?.let { line("You could", it, Look.accent) }
        if (request.state == "CONFIRMED") {
            line("Asked for by", request.asked, Look.ink)
            line("Approved by", request.approver.ifEmpty { "nobody else: it did not have to be" }, Look.ink)
        } else {
            line("The customer is told", "“${request.forCustomer}”", Look.ink)
        }
        said?.let { line("The back end", it, Look.danger) }
        if (request.isOpen) {
            add(Box.createVerticalStrut(8))
            add(JButton("Carry it out").apply {
                alignmentX = LEFT_ALIGNMENT
                addActionListener { carryOut() }
            })
        }
    }

    private fun open(request: SimRequest) {
        val left = Duration.between(now, request.until)
        val time = CLOCK.format(request.until.atZone(ZoneId.systemDefault()))
        line("Until", if (left.isNegative) "$time: that is over" else "$time, ${left.seconds + 1} s from now", Look.ink)
        line("For", request.needs.ifEmpty { if (request.approver.isEmpty()) "nobody else" else "nobody else: ${request.approver} approved" }, Look.ink)
        line("Notices went to", request.notified, Look.ink)
        if (request.rules.isNotEmpty()) line("Because of", request.rules, Look.quiet)
    }

    private fun line(name: String, text: String, ink: Color) {
        add(JPanel(BorderLayout(10, 0)).apply {
            isOpaque = false
            alignmentX = LEFT_ALIGNMENT
            add(stack(parts = arrayOf(Look.label(name, 12f, Look.quiet).apply { preferredSize = Dimension(130, 16) })), BorderLayout.WEST)
            add(Look.paragraph(text, WIDTH, 12.5f, ink), BorderLayout.CENTER)
            border = Look.padding(2, 0)
        })
    }

    private fun title(request: SimRequest) = "SIM change: " + when {
        request.waits(now) -> "it waits"
        request.isOpen -> "it may be carried out"
        request.state == "CONFIRMED" -> "done"
        else -> request.state.lowercase()
    }

    override fun getMaximumSize() = Dimension(Int.MAX_VALUE, preferredSize.height)

    private companion object {
        const val WIDTH = 330
        const val LEFT_ALIGNMENT = Component.LEFT_ALIGNMENT
        val CLOCK: DateTimeFormatter = DateTimeFormatter.ofPattern("HH:mm:ss")

        fun ink(request: SimRequest) = when {
            request.waits(Instant.now()) -> Look.closed
            request.isOpen || request.state == "CONFIRMED" -> Look.open
            else -> Look.danger
        }

        fun back(request: SimRequest) = when {
            request.waits(Instant.now()) -> Look.closedBack
            request.isOpen || request.state == "CONFIRMED" -> Look.openBack
            else -> Look.endedBack
        }

        fun edge(request: SimRequest) = back(request)
    }
}
