package desk

import dev.cpniguard.device.CpniException
import java.io.IOException
import java.util.concurrent.Executors
import javax.swing.SwingUtilities

/** Waits for the back end on a thread of its own, and goes on in the window's. [failed] gets what to say of a refusal. */
internal class Waiter(private val failed: (String) -> Unit) {
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "back end").apply { isDaemon = true } }

    fun <T> wait(ask: () -> T, then: (T) -> Unit) = run {
        val after = try {
            val answer = ask()
            Runnable { then(answer) }
        } catch (refused: IOException) {
            Runnable { failed("The back end refused: ${refused.message}") }
        } catch (refused: CpniException) {
            Runnable { failed("The session refused: ${refused.message}") }
        }
        SwingUtilities.invokeLater(after)
    }

    /** Does something there that nobody waits for. */
    fun run(work: () -> Unit) = thread.execute(work)
}
