package desk

import dev.cpniguard.device.CpniException
import dev.cpniguard.device.DeviceSession
import dev.cpniguard.device.DeviceView
import dev.cpniguard.device.DeviceField
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.CharBuffer
import java.time.Duration

/** The back end refused or is gone: a number and a name, nothing of a customer. */
internal class Refused(message: String) : IOException(message)

/** A call of the queue. */
internal class Waiting(val contact: String, val kind: String)

/** Where the back end is, and the token of the agent who is signed in here. */
internal class Line(private val port: Int, private val token: String) {
    private val http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()

    /** The calls that wait for this agent. Whose they are, only the back end knows. */
    fun waiting(): List<Waiting> = ask("calls/waiting").decodeToString().lines().map {
        val (contact, kind) = it.split('\t')
        Waiting(contact, kind)
    }

    /** What waits for a supervisor, who is signed in here. */
    fun approvals(): List<Approval> =
        ask("approvals/waiting").decodeToString().lines().filter(String::isNotEmpty).map(::Approval)

    fun ask(path: String, body: ByteArray = ByteArray(0)): ByteArray {
        val request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:$port/$path"))
            .header("Authorization", "Bearer $token")
            .timeout(Duration.ofSeconds(20))
            .POST(BodyPublishers.ofByteArray(body))
        val answer = http.send(request.build(), BodyHandlers.ofByteArray())
        if (answer.statusCode() != 200) throw Refused(answer.body().decodeToString().ifEmpty { "not found" })
        return answer.body()
    }
}

/**
 * One customer's call at this desk. It has a device session of its own, and that is the only key on this machine: it
 * opens what the back end sealed for it, and nothing once the call is over. Its methods wait for the back end.
 */
internal class Call(private val line: Line, val contact: String) : AutoCloseable {
    private val device = DeviceSession.start()
    private val id = line.ask("open/$contact").decodeToString()
    private var view: DeviceView? = null

    /** What happened here, newest first. */
    val trail = ArrayDeque(listOf("interaction opened"))

    /** How the customer was authenticated; `null`: not yet. */
    var authenticatedBy: String? = null
        private set

    /** Whether the session still opens anything. */
    val isLive: Boolean get() = device.isLive

    /** How long the session has left, if nothing is looked at. */
    val timeLeft: Duration? get() = device.timeLeft

    /** Asks for the fields anew. What was shown before is wiped. */
    fun look(): List<DeviceField> {
        val request = device.request()
        val reply = line.ask("$id/view?${FIELDS.keys.joinToString(",")}", request.toByteArray())
        val opened = device.open(request, reply)
        view?.close()
        view = opened
        trail.addFirst("event ${opened.auditIndex}: looked at ${opened.fields.size} fields")
        return opened.fields
    }

    /** Has the back end compare what the customer said. */
    fun password(typed: CharArray): Boolean {
        val encoded = Charsets.UTF_8.encode(CharBuffer.wrap(typed))
        val body = ByteArray(encoded.remaining()).also(encoded::get)
        try {
            val matched = line.ask("$id/password", body).decodeToString() == "match"
            if (matched) authenticatedBy = "the account password"
            trail.addFirst(if (matched) "password: match" else "password: no match")
            return matched
        } finally {
            body.fill(0)
            encoded.array().fill(0)
        }
    }

    /** Has the call detail mailed to the customer's address of record. Nobody here sees it. */
    fun mailCallDetail(): Boolean {
        val sent = line.ask("$id/send?call_detail").decodeToString() == "sent"
        trail.addFirst(if (sent) "call detail sent to the address of record" else "call detail: not sent")
        return sent
    }

    /** Has the customer confirm in the carrier's app. */
    fun confirmInApp(): Boolean {
        val matched = line.ask("$id/app").decodeToString() == "match"
        if (matched) authenticatedBy = "$authenticatedBy and the carrier's app"
        trail.addFirst(if (matched) "app: match" else "app: no match")
        return matched
    }

    /** Asks for another SIM. The digits are overwritten. */
    fun changeSim(digits: CharArray): SimRequest {
        val encoded = Charsets.UTF_8.encode(CharBuffer.wrap(digits))
        val body = ByteArray(encoded.remaining()).also(encoded::get)
        try {
            return stands(line.ask("$id/sim", body))
        } finally {
            body.fill(0)
            encoded.array().fill(0)
            digits.fill('\u0000')
        }
    }

    /** How it stands now. */
    fun status(of: SimRequest): SimRequest = SimRequest(line.ask("$id/sim-status?${of.id}").decodeToString())

    /** Has the back end carry it out. */
    fun carryOut(request: SimRequest): SimRequest = stands(line.ask("$id/sim-execute?${request.id}"))

    private fun stands(answer: ByteArray) = SimRequest(answer.decodeToString()).also {
        trail.addFirst("SIM change: ${it.state.lowercase()}")
    }

    /** The end: first here, so that nothing stays readable if the back end cannot be reached. */
    override fun close() {
        view?.close()
        view = null
        device.close()
        try {
            line.ask("$id/end")
        } catch (_: IOException) {
            // It ends there by itself, when its time is over.
        } catch (_: CpniException) {
        }
    }

    companion object {
        /** What a care agent asks for, and what the window calls it. */
        val FIELDS = linkedMapOf(
            "name" to "Name", "mobile" to "Number", "plan" to "Plan", "lines" to "Lines", "balance" to "Balance",
            "call_detail" to "Call detail", "ssn" to "SSN",
        )
    }
}
