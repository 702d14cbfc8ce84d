package desk

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import dev.cpniguard.Attested
import dev.cpniguard.AuditCheck
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.Delivery
import dev.cpniguard.CodeTo
import dev.cpniguard.Evidence
import dev.cpniguard.Guard
import dev.cpniguard.ImportedSecret
import dev.cpniguard.Interaction
import dev.cpniguard.Keys
import dev.cpniguard.MemoryAgents
import dev.cpniguard.MemoryContacts
import dev.cpniguard.Presented
import dev.cpniguard.Purpose
import dev.cpniguard.SealedRecord
import dev.cpniguard.Store
import dev.cpniguard.Values
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.charset.CodingErrorAction
import java.security.SecureRandom
import java.util.HexFormat
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors

/**
 * The carrier's back end: the one process with a guard and its keys. The desk asks it over loopback:
 *
 * | POST | body | answer |
 * |---|---|---|
 * | `/calls/waiting` | | a line for each: contact, tab, what it is |
 * | `/open/CONTACT` | | the id of an interaction |
 * | `/ID/view?FIELD,FIELD` | a request of a device session | a reply, sealed for that session |
 * | `/ID/password` | what the customer said | `match` or `no match` |
 * | `/ID/send?FIELD` | | `sent` or `not sent` |
 * | `/ID/app` | | `match` or `no match`: the customer confirms in the carrier's app |
 * | `/ID/sim` | the number of the new SIM | how the change stands: [Changes] |
 * | `/ID/sim-status?TRANSACTION` | | the same |
 * | `/ID/sim-execute?TRANSACTION` | | the same, after it was carried out |
 * | `/approvals/waiting` | | of a supervisor: a line for each change that waits for one |
 * | `/approvals/TRANSACTION` | | of a supervisor: approves it |
 * | `/ID/end` | | |
 *
 * Each request carries the agent's session token, and an interaction answers only to the one that opened it. This
 * channel stands for a carrier's own TLS: it says who asks, and the desk trusts what it brings.
 */
internal class Backend(folder: String) : AutoCloseable {
    private class Open(val token: String, val ringing: Sample.Ringing, val call: Interaction, val sealed: SealedRecord)

    private val agents = MemoryAgents()
    private val contacts = MemoryContacts()
    private val open = ConcurrentHashMap<String, Open>()
    private val records: Map<String, SealedRecord>
    private val guard = Guard.build {
        schema(resource("subscriber.toml"))
        grants(resource("grants.toml"))
        keys(Keys.memory()) // of a sample; a carrier's: Keys.passphrase or Keys.host
        store(Store.folder(folder))
        agents(agents)
        contacts(contacts)
        accountFacts { Sample.facts() }
        risks { _, _ -> Sample.risk() }
        transactionRules(Changes.rules())
        delivery(Post)
    }
    private val changes = Changes(guard)
    private val workers = Executors.newFixedThreadPool(4)
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)

    /** What the desk of the one agent who is signed in shows for itself. */
    val token: String = random()

    /** What another desk shows, of somebody who may approve. */
    val supervisor: String = random()
    val port: Int get() = server.address.port

    init {
        agents.signIn(token, Sample.agent())
        agents.signIn(supervisor, Sample.supervisor())
        records = Sample.calls.associate { ringing ->
            guard.importSecret(ImportedSecret.PASSWORD, ringing.account, Sample.PASSWORD.toCharArray())
            contacts.put(ringing.contact, ContactState(ringing.channel, true, Sample.AGENT, ringing.account))
            changes.contactPoints(ringing.account)
            ringing.account to guard.protect(ringing.account, Sample.customer(ringing.account)).sealed
        }
        server.executor = workers
        server.createContext("/") { exchange -> exchange.use { answer(it) } }
        server.start()
    }

    private fun answer(exchange: HttpExchange) {
        val (status, body) = try {
            200 to handle(exchange)
        } catch (refused: CpniException) {
            409 to refused.message.toByteArray() // a number and its name, no text of a customer's
        } catch (_: NoSuchElementException) {
            404 to ByteArray(0)
        }
        exchange.responseHeaders["Cache-Control"] = "no-store"
        exchange.sendResponseHeaders(status, if (body.isEmpty()) -1 else body.size.toLong())
        if (body.isNotEmpty()) exchange.responseBody.write(body)
    }

    private fun handle(exchange: HttpExchange): ByteArray {
        val token = exchange.requestHeaders.getFirst("Authorization")?.removePrefix("Bearer ") ?: throw NoSuchElementException()
        val (first, second) = exchange.requestURI.path.drop(1).split('/').takeIf { it.size == 2 } ?: throw NoSuchElementException()
        val fields = exchange.requestURI.query.orEmpty().split(',').filter(String::isNotEmpty)
        val body = exchange.requestBody.readNBytes(MAX_BODY)
        if (first == "calls") return waiting(token).toByteArray()
        if (first == "open") return open(token, second).toByteArray()
        if (first == "approvals") return approvals(token, second).toByteArray()
        val opened = open[first]?.takeIf { it.token == token } ?: throw NoSuchElementException()
        return when (second) {
            "view" -> opened.call.viewForDevice(opened.sealed, fields, body)
            "password" -> try {
                presented(opened.call, body).toByteArray()
            } finally {
                body.fill(0)
            }
            "send" -> {
                val receipt = opened.call.sendToAddressOfRecord(opened.sealed, *fields.toTypedArray())
                (if (receipt.sent) "sent" else "not sent").toByteArray()
            }
            "app" -> app(opened).toByteArray()
            "sim" -> changes.ask(opened.call, opened.ringing.account, body.decodeToString())?.toByteArray()
                ?: throw NoSuchElementException()
            "sim-status" -> changes.status(opened.ringing.account, fields.first()).toByteArray()
            "sim-execute" -> changes.carryOut(opened.call, opened.ringing.account, fields.first()).toByteArray()
            "end" -> {
                open.remove(first)
                opened.call.close()
                ByteArray(0)
            }
            else -> throw NoSuchElementException()
        }
    }

    private fun waiting(token: String): String {
        if (token != this.token) throw NoSuchElementException()
        return Sample.calls.joinToString("\n") { "${it.contact}\t${it.caller}" }
    }

    /** Opens the call's account and no other: the telephony says which it is, not the desk. */
    private fun open(token: String, contact: String): String {
        val ringing = Sample.calls.first { it.contact == contact }
        val call = guard.interaction(token, ringing.account, Purpose.SUPPORT, Contact(contact, ringing.channel))
        val id = random()
        open[id] = Open(token, ringing, call, records.getValue(ringing.account))
        return id
    }

    /**
     * The customer confirms on the handset. That is what the carrier's app says, and not the desk: the contact says so, and
     * only then does the evidence count.
     */
    private fun app(opened: Open): String {
        val (ringing, app) = opened.ringing to Attested.APP_FACTOR
        contacts.put(ringing.contact, ContactState(ringing.channel, true, Sample.AGENT, ringing.account, attested = listOf(app)))
        return if (opened.call.present(Evidence.attested(app)) == Presented.MATCH) "match" else "no match"
    }

    /** The directory knows who may approve; a list of what waits is for them alone. */
    private fun approvals(token: String, which: String): String {
        if (token != supervisor) throw NoSuchElementException()
        if (which == "waiting") return changes.forApproval()
        changes.approve(which, token)
        return "approved"
    }

    private fun presented(call: Interaction, typed: ByteArray): String {
        val decoder = Charsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE)
        val chars = decoder.decode(ByteBuffer.wrap(typed))
        val given = CharArray(chars.remaining()).also(chars::get)
        try {
            return if (call.present(Evidence.password(given)) == Presented.MATCH) "match" else "no match"
        } finally {
            given.fill('\u0000')
            chars.array().fill('\u0000')
        }
    }

    /** What a reviewer asks afterwards: does the log still say what happened. */
    fun verified(): String = when (val check = guard.audit().verify()) {
        is AuditCheck.Intact -> "audit log: ${check.size} events, verified"
        is AuditCheck.Broken -> "audit log: broken at event ${check.event}"
    }

    override fun close() {
        server.stop(0)
        workers.shutdown()
        open.values.forEach { it.call.close() }
        changes.close()
        guard.close()
    }

    /** The print shop of the sample: it takes what it is given and keeps none of it. */
    private object Post : Delivery {
        override fun send(account: String, to: String, values: Values) = Unit

        override fun sendCode(account: String, to: CodeTo, address: String?, code: CharArray) =
            throw IOException("no text messages here")

        override fun callBack(account: String) = throw IOException("no dialler here")
    }

    private companion object {
        const val MAX_BODY = 4096

        fun random(): String = HexFormat.of().formatHex(ByteArray(16).also(SecureRandom()::nextBytes))

        fun resource(name: String) = Backend::class.java.getResource("/$name")!!.readText()
    }
}

/** Serves until its standard input ends. The first line that it prints says where, and with which tokens. */
internal object Serve {
    @JvmStatic
    fun main(arguments: Array<String>) {
        Backend(arguments[0]).use { backend ->
            println("${backend.port} ${backend.token} ${backend.supervisor}")
            while (System.`in`.read() != -1) Unit
            println(backend.verified())
        }
    }
}
