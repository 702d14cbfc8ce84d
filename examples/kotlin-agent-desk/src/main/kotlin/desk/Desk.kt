package desk

import dev.cpniguard.device.CpniException
import dev.cpniguard.device.DeviceField
import java.awt.Rectangle
import java.awt.Robot
import java.awt.event.WindowEvent
import java.io.File
import javax.imageio.ImageIO
import javax.swing.SwingUtilities
import kotlin.system.exitProcess

/**
 * The window. `DESK_LINE` says where the back end is and with which token: `PORT TOKEN`. With a folder as its argument
 * it is driven through a call without a person, checks what is shown on the way, and keeps screenshots there.
 */
internal object Desk {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (port, token) = System.getenv("DESK_LINE").split(' ')
        Look.install()
        lateinit var window: DeskWindow
        SwingUtilities.invokeAndWait {
            window = DeskWindow(Line(port.toInt(), token)).apply {
                setLocation(50, 10)
                isVisible = true
            }
        }
        arguments.firstOrNull()?.let { exitProcess(if (Drive(window, File(it)).all()) 0 else 1) }
    }
}

/** A call from its beginning to its end, as CI plays it. */
private class Drive(private val window: DeskWindow, private val folder: File) {
    private val robot = Robot()
    private var isWell = true

    fun all(): Boolean {
        folder.mkdirs()
        check("there is no guard in this process") { NOT_HERE.none(::isHere) }
        now { window.take("call-88231") }
        until("the call opens") { window.shown.isNotEmpty() }
        check("nobody is authenticated, so nothing is shown") { window.shown.all { it is DeviceField.Withheld } }
        check("each refusal says what the agent may say") {
            window.shown.all { it is DeviceField.Withheld && it.forAgent.isNotEmpty() }
        }
        picture("1-not-authenticated")

        give("not-the-password")
        until("the wrong password is answered") { window.typingSays == "No match." }
        check("a wrong password shows nothing") { window.shown.none { it is DeviceField.Disclosed } }
        give("plum-harbor-19") // what the sample's customer says
        until("the password is answered") { window.shown.any { it is DeviceField.Disclosed } }
        val shown = window.shown.filterIsInstance<DeviceField.Disclosed>()
        check("the SSN is not among what is shown") { shown.none { it.name == "ssn" } && shown.any { it.name == "name" } }
        check("the name is the customer's") { shown.first { it.name == "name" }.withText { it.toString() } == "Dana Example" }
        check("the calls are there") { shown.first { it.isCalls }.withCalls { rows -> rows.size == 4 } }
        picture("2-authenticated")

        now { window.dispatchEvent(WindowEvent(window, WindowEvent.WINDOW_LOST_FOCUS)) }
        check("the curtain closes") { window.curtainClosed }
        picture("3-not-in-front")
        now { window.dispatchEvent(WindowEvent(window, WindowEvent.WINDOW_GAINED_FOCUS)) }

        now { window.hangUp() }
        until("the window is cleared") { window.shown.isEmpty() }
        until("what was kept of the call opens no more") {
            shown.all { field ->
                try {
                    if (field.isCalls) field.withCalls { false } else field.withChars { false }
                } catch (_: CpniException) {
                    true
                }
            }
        }
        picture("4-ended")
        return isWell
    }

    private fun isHere(name: String) = try {
        Class.forName(name) != null
    } catch (_: ClassNotFoundException) {
        false
    }

    /** Types as a person does: into the field, then the key. */
    private fun give(password: String) = now {
        window.passwordField.text = password
        window.passwordField.postActionEvent()
    }

    private fun now(work: () -> Unit) = SwingUtilities.invokeAndWait(work)

    private fun until(what: String, holds: () -> Boolean) {
        val end = System.nanoTime() + 30_000_000_000
        while (!asked(holds) && System.nanoTime() < end) Thread.sleep(20)
        check(what, holds)
    }

    private fun check(what: String, holds: () -> Boolean) {
        val held = asked(holds)
        isWell = isWell && held
        println("${if (held) "ok  " else "FAIL"} $what")
    }

    private fun asked(holds: () -> Boolean): Boolean {
        var answer = false
        now { answer = holds() }
        return answer
    }

    private fun picture(name: String) {
        Thread.sleep(400) // what was asked to be painted is painted
        val area = Rectangle(window.location, window.size)
        ImageIO.write(robot.createScreenCapture(area), "png", File(folder, "$name.png"))
    }

    private companion object {
        /** What the back end is made of. */
        val NOT_HERE = listOf("dev.cpniguard.Guard", "dev.cpniguard.Interaction", "dev.cpniguard.ffi.UniffiLib")
    }
}
