package desk

import com.formdev.flatlaf.FlatLightLaf
import com.formdev.flatlaf.fonts.inter.FlatInterFont
import java.awt.Color
import java.awt.Component
import java.awt.Dimension
import java.awt.Font
import java.awt.Graphics
import java.awt.Graphics2D
import java.awt.Rectangle
import java.awt.RenderingHints
import javax.swing.BorderFactory
import javax.swing.BoxLayout
import javax.swing.JLabel
import javax.swing.JPanel
import javax.swing.Scrollable
import javax.swing.UIManager
import javax.swing.border.Border

/** Colours, fonts and the few shapes that the window is made of. */
internal object Look {
    val page = Color(0xF3F5F8)
    val card = Color(0xFFFFFF)
    val line = Color(0xDFE4EA)
    val ink = Color(0x1B2430)
    val quiet = Color(0x5C6877)
    val accent = Color(0x1F5FBF)
    val closed = Color(0x9A5B00)
    val closedBack = Color(0xFFF4E0)
    val open = Color(0x17693B)
    val openBack = Color(0xE3F4E9)
    val ended = Color(0x5C6877)
    val endedBack = Color(0xE9EDF2)
    val danger = Color(0xB3261E)

    fun install() {
        FlatInterFont.install()
        FlatLightLaf.setPreferredFontFamily(FlatInterFont.FAMILY)
        FlatLightLaf.setup()
        UIManager.put("Component.arc", 8)
        UIManager.put("Button.arc", 8)
        UIManager.put("TextComponent.arc", 8)
        UIManager.put("Component.accentColor", accent)
        UIManager.put("ScrollBar.thumbArc", 999)
        UIManager.put("defaultFont", font(13f))
    }

    fun font(size: Float, weight: Int = Font.PLAIN): Font =
        Font(FlatInterFont.FAMILY, weight, size.toInt()).deriveFont(size)

    fun label(text: String, size: Float = 13f, color: Color = ink, weight: Int = Font.PLAIN) =
        JLabel(text).apply {
            font = font(size, weight)
            foreground = color
            alignmentX = Component.LEFT_ALIGNMENT
        }

    /** A text that wraps in a given width. The text is ours or a rule's, never a customer's. */
    fun paragraph(text: String, width: Int, size: Float = 12.5f, color: Color = quiet) =
        label("<html><body style='width:${width}px'>${escape(text)}</body></html>", size, color)

    fun padding(top: Int, side: Int, bottom: Int = top): Border =
        BorderFactory.createEmptyBorder(top, side, bottom, side)

    private fun escape(text: String) = text.replace("&", "&amp;").replace("<", "&lt;")
}

/** A column or a row of things. */
internal fun stack(axis: Int = BoxLayout.Y_AXIS, vararg parts: Component) =
    JPanel().apply {
        layout = BoxLayout(this, axis)
        isOpaque = false
        alignmentX = Component.LEFT_ALIGNMENT
        parts.forEach(::add)
    }

/** A column that is as wide as the window that scrolls it. */
internal class Page : JPanel(), Scrollable {
    init {
        layout = BoxLayout(this, BoxLayout.Y_AXIS)
        isOpaque = false
    }

    override fun getPreferredScrollableViewportSize(): Dimension = preferredSize

    override fun getScrollableUnitIncrement(visible: Rectangle, axis: Int, direction: Int) = 20

    override fun getScrollableBlockIncrement(visible: Rectangle, axis: Int, direction: Int) = visible.height

    override fun getScrollableTracksViewportWidth() = true

    override fun getScrollableTracksViewportHeight() = false
}

/** A white card with round corners. */
internal open class Card(private val fill: Color = Look.card, private val edge: Color = Look.line) : JPanel() {
    init {
        isOpaque = false
        layout = BoxLayout(this, BoxLayout.Y_AXIS)
        alignmentX = Component.LEFT_ALIGNMENT
    }

    override fun paintComponent(g: Graphics) {
        smooth(g).run {
            color = fill
            fillRoundRect(0, 0, width - 1, height - 1, 14, 14)
            color = edge
            drawRoundRect(0, 0, width - 1, height - 1, 14, 14)
        }
    }
}

/** A word on a coloured pill. */
internal class Chip(text: String, private val ink: Color, private val back: Color) : JLabel(text) {
    init {
        font = Look.font(11f, Font.BOLD)
        foreground = ink
        border = Look.padding(3, 9)
        alignmentX = Component.LEFT_ALIGNMENT
    }

    override fun getMaximumSize(): Dimension = preferredSize

    override fun paintComponent(g: Graphics) {
        smooth(g).run {
            color = back
            fillRoundRect(0, 0, width, height, height, height)
        }
        super.paintComponent(g)
    }
}

internal fun smooth(g: Graphics): Graphics2D = (g as Graphics2D).apply {
    setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON)
    setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON)
}
