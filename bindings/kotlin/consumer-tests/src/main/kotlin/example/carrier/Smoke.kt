package example.carrier

import dev.cpniguard.AuditCheck
import dev.cpniguard.Field
import dev.cpniguard.device.DeviceField
import dev.cpniguard.device.DeviceSession
import dev.cpniguard.device.GuardClock
import kotlin.system.exitProcess

/**
 * Loads both libraries, seals, shows, opens on an agent's machine, verifies the log, and prints one line: for a JVM that
 * runs nothing else.
 */
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
        val opened = DeviceSession.start(GuardClock { carrier.clock.now() }).use { device ->
            carrier.authenticated("call-2").use { call ->
                val request = device.request()
                val reply = call.viewForDevice(sealed, listOf("name", "ssn"), request.toByteArray())
                device.open(request, reply).fields.count { it is DeviceField.Disclosed }
            }
        }
        val check = carrier.guard.audit().use { it.verify() }
        if (check !is AuditCheck.Intact || shown != 2 || opened != 1) exitProcess(1)
        val machine = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
        println("cpni-guard on $machine, Java ${System.getProperty("java.version")}: $shown of 3 fields shown, $opened of 2 on an agent's machine, ${check.size} events verified")
    }
}
