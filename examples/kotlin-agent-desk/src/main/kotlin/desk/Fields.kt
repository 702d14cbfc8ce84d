package desk

import dev.cpniguard.device.CallDirection
import dev.cpniguard.device.CallRow
import dev.cpniguard.device.CpniException
import dev.cpniguard.device.DeviceField
import dev.cpniguard.device.RemedyPath
import java.awt.BorderLayout
import java.awt.Color
import java.awt.Dimension
import java.awt.Font
import java.awt.Graphics
import java.awt.Graphics2D
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.util.Locale
import javax.accessibility.AccessibleContext
import javax.swing.Box
import javax.swing.JComponent
import javax.swing.JPanel

/** What the agent may say of a refusal and what would lawfully help. Several fields often have the same. */
internal data class Refusal(val forAgent: String, val remedies: List<RemedyPath>) {
    fun lines(width: Int): JComponent = stack().apply {
        add(Look.paragraph("“$forAgent”", width, 12.5f, Look.ink))
        for (path in remedies.take(MOST_REMEDIES)) {
            add(Box.createVerticalStrut(2))
            add(Look.paragraph("→ You could " + path.steps.joinToString(", and ") { it.advice }, width, 12f, Look.accent))
        }
    }

    companion object {
        const val MOST_REMEDIES = 3

        fun of(field: DeviceField): Refusal? =
            (field as? DeviceField.Withheld)?.let { Refusal(it.forAgent, it.remedies) }
    }
}

/** A row: a field's name, and its value or why there is none. What was [said] above is not said again. */
internal class FieldRow(title: String, field: DeviceField, said: Refusal?, curtain: Curtain) : JPanel(BorderLayout(16, 0)) {
    init {
        isOpaque = false
        border = Look.padding(10, 18)
        val name = Look.label(title, 13f, Look.quiet).apply { preferredSize = Dimension(96, 18) }
        val (state, ink, back) = when (field) {
            is DeviceField.Withheld -> Triple("withheld", Look.closed, Look.closedBack)
            is DeviceField.Absent -> Triple("not on file", Look.ended, Look.endedBack)
            is DeviceField.Disclosed -> Triple("shown", Look.open, Look.openBack)
        }
        add(stack(parts = arrayOf(name)), BorderLayout.WEST)
        add(stack(parts = arrayOf(Chip(state, ink, back))), BorderLayout.EAST)
        when (field) {
            is DeviceField.Withheld -> add(why(field, said), BorderLayout.CENTER)
            is DeviceField.Absent -> Unit
            is DeviceField.Disclosed -> add(Drawn(field, curtain), BorderLayout.CENTER)
        }
    }

    override fun getMaximumSize() = Dimension(Int.MAX_VALUE, preferredSize.height)

    override fun paintComponent(g: Graphics) {
        g.color = Look.line
        g.drawLine(18, height - 1, width - 18, height - 1)
    }

    /** Under which rule, and what may be said. Nothing of it is the customer's. */
    private fun why(field: DeviceField.Withheld, said: Refusal?): JComponent = stack().apply {
        Refusal.of(field).takeIf { it != said }?.let { add(it.lines(WIDTH)) }
        val cites = field.reasons.map { it.cite }.distinct()
        add(Look.paragraph(cites.joinToString(" · ").ifEmpty { "not granted" }, WIDTH, 11.5f))
    }

    private companion object {
        const val WIDTH = 280
    }
}

/**
 * A value, drawn and not held: no text component, so there is nothing to select, to copy or for other programs to
 * read. Each time it is drawn it is asked for anew; behind the curtain, and after the end, it is not there.
 */
internal class Drawn(private val field: DeviceField.Disclosed, private val curtain: Curtain) : JComponent() {
    private val lines = try {
        if (field.isCalls) field.withCalls { it.size.coerceAtLeast(1) } else 1
    } catch (_: CpniException) {
        1
    }

    override fun getPreferredSize() = Dimension(300, lines * LINE)

    override fun getAccessibleContext(): AccessibleContext? = null

    override fun paintComponent(g: Graphics) {
        val page = smooth(g)
        if (curtain.isClosed) return cover(page, "hidden while this window is not in front")
        page.font = Look.font(13.5f)
        page.color = Look.ink
        try {
            if (field.isCalls) field.withCalls { calls(page, it) } else field.withChars { page.drawChars(it, 0, it.size, 0, TOP) }
        } catch (_: CpniException) {
            cover(page, "the call has ended")
        }
    }

    private fun calls(page: Graphics2D, rows: List<CallRow>) {
        if (rows.isEmpty()) page.drawString("none", 0, TOP)
        rows.forEachIndexed { at, row ->
            val y = TOP + at * LINE
            page.color = if (row.direction == CallDirection.OUTBOUND) Look.accent else Look.open
            page.drawString(if (row.direction == CallDirection.OUTBOUND) "↗" else "↙", 0, y)
            page.color = Look.ink
            page.drawChars(row.number, 0, row.number.size, 22, y)
            page.color = Look.quiet
            page.drawString(WHEN.format(row.start.atZone(ZoneId.systemDefault())), 140, y)
            val seconds = row.seconds.toInt()
            page.drawString("%d:%02d".format(seconds / 60, seconds % 60), 262, y)
        }
    }

    private fun cover(page: Graphics2D, why: String) {
        page.color = BARS
        page.fillRoundRect(0, 1, width, height - 3, 8, 8)
        page.color = Look.quiet
        page.font = Look.font(11.5f, Font.ITALIC)
        page.drawString(why, 10, TOP)
    }

    private companion object {
        const val LINE = 20
        const val TOP = 15
        val BARS = Color(0xE9EDF2)
        val WHEN: DateTimeFormatter = DateTimeFormatter.ofPattern("d MMM HH:mm", Locale.US)
    }
}

/** Closed while the window is not in front. */
internal class Curtain {
    var isClosed = false
}
