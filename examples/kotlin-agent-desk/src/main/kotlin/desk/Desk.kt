package desk

import dev.cpniguard.device.CpniException
import dev.cpniguard.device.DeviceField
import java.awt.Rectangle
import java.awt.Robot
import java.awt.event.WindowEvent
import java.io.File
import java.time.Instant
import javax.imageio.ImageIO
import javax.swing.JFrame
import javax.swing.SwingUtilities
import kotlin.system.exitProcess

/**
 * The window. `DESK_LINE` says where the back end is and with which tokens: `PORT TOKEN SUPERVISOR`. The supervisor's
 * window comes up beside it when something waits for a second person; in a carrier's house it is on another desk. With a
 * folder as its argument both are driven through a call without a person, check what is shown on the way, and keep
 * screenshots there.
 */
internal object Desk {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (port, token, supervisor) = System.getenv("DESK_LINE").split(' ')
        Look.install()
        lateinit var window: DeskWindow
        lateinit var second: ApprovalWindow
        SwingUtilities.invokeAndWait {
            window = DeskWindow(Line(port.toInt(), token)).apply {
                setLocation(50, 10)
                isVisible = true
            }
            second = ApprovalWindow(Line(port.toInt(), supervisor)).apply { setLocation(380, 300) }
            if (arguments.isEmpty()) second.watch()
        }
        arguments.firstOrNull()?.let { exitProcess(if (Drive(window, second, File(it)).all()) 0 else 1) }
    }
}

/** A call from its beginning to its end, as CI plays it. */
private class Drive(private val window: DeskWindow, private val second: ApprovalWindow, private val folder: File) {
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

        changeOfSim()

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
        picture("7-ended")
        return isWell
    }

    /** The SIM of the call: refused on a password, asked for with the app, waited for, approved, done. */
    private fun changeOfSim() {
        ask()
        until("a password alone changes no SIM") { window.simChange?.state == "REFUSED" }
        check("and it is said what would help") { window.simChange?.remedies != null }
        now { window.confirmInApp() }
        until("the app confirms") { window.authenticatedBy?.endsWith("app") == true }
        ask()
        // From a device that is new to the account: this carrier's rules have it wait, and want a second person.
        until("it waits for a second person") { window.simChange?.let { it.state == "WAITING" && it.needs == "a second person" } == true }
        check("and for a time") { window.simChange!!.let { Instant.parse(it.asked.substringAfter(", ")) < it.until } }
        check("the customer is told how to object") { "If you did not ask for this" in window.simChange!!.forCustomer }
        now { window.carryOut() }
        until("it is not carried out meanwhile") { window.simRefusal?.startsWith("E52") == true }
        picture("4-sim-change-waits")

        now {
            second.isVisible = true
            second.look()
        }
        until("the second person is shown what to approve") { second.shown.singleOrNull()?.sim == NEW_SIM }
        picture("5-second-person", second)
        now { second.shown.forEach(second::approve) }
        until("it is approved") { second.says.startsWith("Approved") && second.shown.isEmpty() }
        now { second.isVisible = false }
        until("the desk sees who approved") { window.simChange?.approver == "a-2001" }
        until("the wait is over") { window.simChange?.waits(Instant.now()) == false }
        now { window.carryOut() }
        until("the SIM is changed") { window.simChange?.state == "CONFIRMED" }
        now { window.carryOut() }
        until("and not twice") { window.simRefusal?.startsWith("E5204") == true }
        // The second person's window was in front, and nothing manages windows here.
        now { window.dispatchEvent(WindowEvent(window, WindowEvent.WINDOW_GAINED_FOCUS)) }
        picture("6-sim-changed")
    }

    private fun ask() = now {
        window.simField.text = NEW_SIM
        window.changeSim()
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

    private fun picture(name: String, of: JFrame = window) {
        Thread.sleep(400) // what was asked to be painted is painted
        val area = Rectangle(of.location, of.size)
        ImageIO.write(robot.createScreenCapture(area), "png", File(folder, "$name.png"))
    }

    private companion object {
        const val NEW_SIM = "8900000000000000003"

        /** What the back end is made of. */
        val NOT_HERE = listOf("dev.cpniguard.Guard", "dev.cpniguard.Interaction", "dev.cpniguard.ffi.UniffiLib")
    }
}
