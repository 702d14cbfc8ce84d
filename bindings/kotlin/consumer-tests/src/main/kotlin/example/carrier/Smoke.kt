package example.carrier

import dev.cpniguard.AuditCheck
import dev.cpniguard.Field
import kotlin.system.exitProcess

/** Loads the library, seals, shows, verifies the log, and prints one line: for a JVM that runs nothing else. */
fun main() {
    Carrier().use { carrier ->
        val sealed = carrier.customer()
        val shown = carrier.authenticated("call-1").use { call ->
            call.view(sealed, "name", "ssn", "plan").use { view ->
                val name = view["name"]
                check(name is Field.Disclosed && name.matches(Carrier.VALUES.getValue("name").toCharArray()))
                view.fields.count { it is Field.Disclosed }
            }
        }
        val check = carrier.guard.audit().use { it.verify() }
        if (check !is AuditCheck.Intact || shown != 2) exitProcess(1)
        val machine = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
        println("cpni-guard on $machine, Java ${System.getProperty("java.version")}: $shown of 3 fields shown, ${check.size} events verified")
    }
}
