package desk

import dev.cpniguard.device.DeviceField
import java.awt.BorderLayout
import java.awt.Color
import java.awt.Component
import java.awt.Cursor
import java.awt.Dimension
import java.awt.Font
import java.awt.event.MouseAdapter
import java.awt.event.MouseEvent
import java.awt.event.WindowAdapter
import java.awt.event.WindowEvent
import javax.swing.BorderFactory
import javax.swing.Box
import javax.swing.JButton
import javax.swing.JFrame
import javax.swing.JPanel
import javax.swing.JPasswordField
import javax.swing.JScrollPane
import javax.swing.JTextField
import javax.swing.ScrollPaneConstants
import javax.swing.Timer

/** The agent's window: the calls that wait, the one that is open, and what may be seen of its customer. */
internal class DeskWindow(private val line: Line) : JFrame("Agent desk") {
    private val curtain = Curtain()
    private val queue = stack()
    private val banner = JPanel(BorderLayout()).apply { isOpaque = false }
    private val changing = JPanel(BorderLayout()).apply { isOpaque = false }
    private val rows = Page()
    private val side = stack()
    private val typed = JPasswordField(14)
    private val typing = Look.label(" ", 12f, Look.danger)
    private val sim = JTextField(20)
    private val waiter = Waiter(::over)

    /** What is open, and what was decided of its fields: decisions and handles, no value. */
    private var call: Call? = null
    private var fields: List<DeviceField> = emptyList()
    private var calls: List<Waiting> = emptyList()
    private var said = "Take a call to begin."

    /** The SIM change of this call, and what the back end said of the last try to carry it out. */
    private var change: SimRequest? = null
    private var refusal: String? = null
    private var isAsking = false

    init {
        contentPane = JPanel(BorderLayout(18, 0)).apply {
            background = Look.page
            border = Look.padding(18, 18)
            add(queue.apply { preferredSize = Dimension(220, 10) }, BorderLayout.WEST)
            add(middle(), BorderLayout.CENTER)
            add(side.apply { preferredSize = Dimension(270, 10) }, BorderLayout.EAST)
        }
        addWindowFocusListener(object : WindowAdapter() {
            override fun windowLostFocus(event: WindowEvent) = draw(true)

            override fun windowGainedFocus(event: WindowEvent) = draw(false)

            private fun draw(closed: Boolean) {
                curtain.isClosed = closed
                repaint()
            }
        })
        typed.addActionListener { password() }
        Timer(500) { if (call?.isLive == false) over("The call is over. Nothing of its customer is left here.") }.start()
        Timer(1_000) { if (change?.isOpen == true) lookAtChange() }.start()
        size = Dimension(1180, 780)
        defaultCloseOperation = EXIT_ON_CLOSE
        refresh()
        waiter.wait({ line.waiting() }) { waiting ->
            calls = waiting
            refresh()
        }
    }

    fun take(contact: String) {
        call?.let(::close)
        waiter.wait({ Call(line, contact).let { it to it.look() } }) { (opened, seen) ->
            call = opened
            fields = seen
            refresh()
        }
    }

    fun password() {
        val current = call ?: return
        val password = typed.password
        typed.text = ""
        val ask = {
            try {
                if (current.password(password)) current.look() else null
            } finally {
                password.fill('\u0000')
            }
        }
        waiter.wait(ask) { seen ->
            typing.text = if (seen == null) "No match." else " "
            if (seen != null) fields = seen
            refresh()
        }
    }

    fun hangUp() {
        call?.let(::close)
        over("The call has ended. Nothing of its customer is left here.")
    }

    private fun mail() {
        val current = call ?: return
        waiter.wait({ current.mailCallDetail() }) { refresh() }
    }

    fun confirmInApp() {
        val current = call ?: return
        waiter.wait({ current.confirmInApp() }) { refresh() }
    }

    fun changeSim() {
        val current = call ?: return
        val digits = sim.text.toCharArray()
        sim.text = ""
        stands { current.changeSim(digits) }
    }

    fun carryOut() {
        val (current, asked) = (call ?: return) to (change ?: return)
        stands { current.carryOut(asked) }
    }

    /** A refusal of the back end is said beside the change, and the call goes on. */
    private fun stands(ask: () -> SimRequest) = waiter.wait({
        try {
            ask() to null
        } catch (refused: Refused) {
            null to refused.message
        }
    }) { (stands, refused) ->
        change = stands ?: change
        refusal = refused
        refresh()
    }

    private fun lookAtChange() {
        val (current, asked) = (call ?: return) to (change ?: return)
        if (isAsking) return
        isAsking = true
        waiter.wait({ runCatching { current.status(asked) }.getOrDefault(asked) }) { seen ->
            isAsking = false
            if (call == current && change?.id == seen.id) {
                change = seen
                refresh()
            }
        }
    }

    private fun close(ended: Call) {
        fields = emptyList()
        change = null
        refusal = null
        call = null
        waiter.run(ended::close)
    }

    private fun over(why: String) {
        call?.let(::close)
        fields = emptyList()
        typing.text = " "
        said = why
        refresh()
    }

    private fun refresh() {
        queue.removeAll()
        queue.add(Look.label("Agent desk", 19f, Look.ink, Font.BOLD))
        queue.add(Look.label("Calls for you", 12f, Look.quiet))
        queue.add(Box.createVerticalStrut(18))
        calls.forEach { queue.add(waiting(it)); queue.add(Box.createVerticalStrut(10)) }
        queue.add(Box.createVerticalGlue())

        val current = call
        val refusals = fields.mapNotNull(Refusal::of).groupBy { it }.values
        val common = refusals.maxByOrNull { it.size }?.takeIf { it.size > 1 }?.first()
        banner.removeAll()
        banner.add(
            when {
                current == null -> Banner(said, Look.ended, Look.endedBack)
                current.authenticatedBy == null ->
                    Banner("The caller is not authenticated yet.", Look.closed, Look.closedBack, common)
                else -> Banner("Authenticated by ${current.authenticatedBy}.", Look.open, Look.openBack, common)
            },
        )
        changing.removeAll()
        change?.let { changing.add(SimCard(it, refusal, ::carryOut)) }
        rows.removeAll()
        fields.zip(Call.FIELDS.values).forEach { (field, title) -> rows.add(FieldRow(title, field, common, curtain)) }
        side.removeAll()
        if (current != null) {
            if (current.authenticatedBy == null) {
                side.add(authenticate())
                side.add(Box.createVerticalStrut(14))
            }
            side.add(actions())
            side.add(Box.createVerticalStrut(14))
            if (current.authenticatedBy != null) {
                side.add(simChange())
                side.add(Box.createVerticalStrut(14))
            }
            side.add(trail(current))
        }
        side.add(Box.createVerticalGlue())
        revalidate()
        repaint()
    }

    private fun waiting(ringing: Waiting): Component {
        val isOpen = ringing.contact == call?.contact
        val card = if (isOpen) Card(Color(0xEAF1FC), Color(0xB9D0F2)) else Card()
        card.border = Look.padding(12, 14)
        card.maximumSize = Dimension(220, 64)
        card.add(Look.label(ringing.contact, 14f, Look.ink, Font.BOLD))
        card.add(Look.label(if (isOpen) "${ringing.kind} · on the line" else "${ringing.kind} · waiting", 12f, Look.quiet))
        if (!isOpen) {
            card.cursor = Cursor.getPredefinedCursor(Cursor.HAND_CURSOR)
            card.addMouseListener(object : MouseAdapter() {
                override fun mouseClicked(event: MouseEvent) = take(ringing.contact)
            })
        }
        return card
    }

    private fun middle(): Component {
        val scroll = JScrollPane(
            rows,
            ScrollPaneConstants.VERTICAL_SCROLLBAR_AS_NEEDED,
            ScrollPaneConstants.HORIZONTAL_SCROLLBAR_NEVER,
        ).apply {
            border = BorderFactory.createEmptyBorder()
            viewport.isOpaque = false
            isOpaque = false
        }
        val card = Card().apply {
            layout = BorderLayout()
            border = Look.padding(6, 2)
            add(scroll)
        }
        return JPanel(BorderLayout(0, 14)).apply {
            isOpaque = false
            add(stack(parts = arrayOf(banner, Box.createVerticalStrut(10), changing)), BorderLayout.NORTH)
            add(card, BorderLayout.CENTER)
        }
    }

    private fun authenticate(): Component = Card().apply {
        border = Look.padding(16, 16)
        typed.alignmentX = Component.LEFT_ALIGNMENT
        typed.maximumSize = Dimension(240, 34)
        add(Look.label("Authenticate the customer", 14f, Look.ink, Font.BOLD))
        add(Box.createVerticalStrut(4))
        add(Look.paragraph("Ask for the account password. You learn match or no match, and nothing else.", SIDE))
        add(Box.createVerticalStrut(10))
        add(typed)
        add(Box.createVerticalStrut(8))
        add(button("Check password") { password() }.apply {
            background = Look.accent
            foreground = Color.WHITE
            font = Look.font(13f, Font.BOLD)
        })
        add(Box.createVerticalStrut(4))
        add(typing)
    }

    private fun actions(): Component = Card().apply {
        border = Look.padding(16, 16)
        add(Look.label("For this customer", 14f, Look.ink, Font.BOLD))
        add(Box.createVerticalStrut(8))
        add(button("Mail the call detail") { mail() })
        add(Box.createVerticalStrut(4))
        add(Look.paragraph("To the address of record. It is not shown here.", SIDE, 11.5f))
        add(Box.createVerticalStrut(12))
        add(button("End the call") { hangUp() }.apply { foreground = Look.danger })
    }

    private fun simChange(): Component = Card().apply {
        border = Look.padding(16, 16)
        sim.alignmentX = Component.LEFT_ALIGNMENT
        sim.maximumSize = Dimension(240, 34)
        add(Look.label("Change the SIM", 14f, Look.ink, Font.BOLD))
        add(Box.createVerticalStrut(4))
        add(Look.paragraph("The number of the new SIM, as the customer reads it.", SIDE, 11.5f))
        add(Box.createVerticalStrut(6))
        add(sim)
        add(Box.createVerticalStrut(8))
        add(button("Ask for the change") { changeSim() })
        add(Box.createVerticalStrut(6))
        add(button("Confirm in the customer's app") { confirmInApp() })
    }

    private fun trail(current: Call): Component = Card().apply {
        border = Look.padding(16, 16)
        add(Look.label("Recorded", 14f, Look.ink, Font.BOLD))
        add(Box.createVerticalStrut(4))
        add(Look.paragraph("Each look is in the audit log before it is shown.", SIDE, 11.5f))
        add(Box.createVerticalStrut(8))
        current.trail.take(6).forEach { add(Look.paragraph(it, SIDE, 12f, Look.ink)); add(Box.createVerticalStrut(4)) }
    }

    private fun button(text: String, work: () -> Unit) = JButton(text).apply {
        alignmentX = Component.LEFT_ALIGNMENT
        addActionListener { work() }
    }

    /** What drives the window in CI looks at it here. */
    internal val shown: List<DeviceField> get() = fields
    internal val curtainClosed: Boolean get() = curtain.isClosed
    internal val passwordField: JPasswordField get() = typed
    internal val typingSays: String get() = typing.text
    internal val simField: JTextField get() = sim
    internal val simChange: SimRequest? get() = change
    internal val simRefusal: String? get() = refusal
    internal val authenticatedBy: String? get() = call?.authenticatedBy

    private companion object {
        const val SIDE = 175
    }
}

private class Banner(text: String, ink: Color, back: Color, refusal: Refusal? = null) : Card(back, back) {
    init {
        border = Look.padding(12, 18)
        add(Look.label(text, 13.5f, ink, Font.BOLD))
        refusal?.let {
            add(Box.createVerticalStrut(6))
            add(it.lines(420))
        }
    }
}
