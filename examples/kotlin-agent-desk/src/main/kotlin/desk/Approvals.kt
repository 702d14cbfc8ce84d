package desk

import java.awt.BorderLayout
import java.awt.Dimension
import java.awt.Font
import javax.swing.Box
import javax.swing.JButton
import javax.swing.JFrame
import javax.swing.JPanel
import javax.swing.Timer

/** What a second person is shown before they approve it: which line becomes which SIM. */
internal class Approval(line: String) {
    private val parts = line.split('\t')
    val id: String get() = parts[0]
    val account: String get() = parts[1]
    val line: String get() = parts[2]
    val sim: String get() = parts[3]
    val because: String get() = parts[4]
}

/** The supervisor's window, on another desk: signed in with a session of its own. */
internal class ApprovalWindow(private val line: Line) : JFrame("Second person") {
    private val page = Page().apply {
        isOpaque = true
        background = Look.page
        border = Look.padding(18, 18)
    }
    private val waiter = Waiter { said ->
        answer = said
        refresh()
    }
    private var waiting: List<Approval> = emptyList()
    private var answer = ""

    init {
        contentPane = JPanel(BorderLayout()).apply { add(page) }
        defaultCloseOperation = HIDE_ON_CLOSE
        size = Dimension(520, 300)
        refresh()
    }

    /** Looks again, and again: it comes to the front when something waits for this person. */
    fun watch() = Timer(2_000) { look { if (waiting.isNotEmpty()) isVisible = true } }.start()

    fun look(then: () -> Unit = {}) = waiter.wait({ line.approvals() }) {
        waiting = it
        refresh()
        then()
    }

    fun approve(approval: Approval) = waiter.wait({ line.ask("approvals/${approval.id}") }) {
        answer = "Approved, and recorded with this person's id."
        look()
    }

    private fun refresh() {
        page.removeAll()
        page.add(Look.label("Second person", 19f, Look.ink, Font.BOLD))
        page.add(Look.label("What colleagues ask for, and may not do alone", 12f, Look.quiet))
        page.add(Box.createVerticalStrut(14))
        for (approval in waiting) page.add(card(approval))
        if (waiting.isEmpty()) page.add(Look.label("Nothing waits for you.", 13f, Look.quiet))
        page.add(Box.createVerticalStrut(10))
        page.add(Look.label(answer.ifEmpty { " " }, 12.5f, Look.open))
        revalidate()
        repaint()
    }

    private fun card(approval: Approval) = Card().apply {
        border = Look.padding(14, 16)
        add(Look.label("SIM change for ${approval.account}", 14f, Look.ink, Font.BOLD))
        add(Box.createVerticalStrut(6))
        add(Look.label("${approval.line}  →  SIM ${approval.sim}", 13.5f))
        add(Box.createVerticalStrut(4))
        add(Look.paragraph("Because of ${approval.because}", 340, 12f))
        add(Box.createVerticalStrut(10))
        add(JButton("Approve this SIM for this line").apply {
            alignmentX = LEFT_ALIGNMENT
            addActionListener { approve(approval) }
        })
    }

    /** What drives the window in CI looks at it here. */
    internal val shown: List<Approval> get() = waiting
    internal val says: String get() = answer

    private companion object {
        const val LEFT_ALIGNMENT = java.awt.Component.LEFT_ALIGNMENT
    }
}
