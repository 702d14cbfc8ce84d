package example.carrier

import dev.cpniguard.Record
import dev.cpniguard.Store
import dev.cpniguard.record
import java.nio.file.Files

/**
 * What a call costs through the package. Prints `name nanoseconds`, the median of some rounds, a line each; the job
 * `kotlin` sets the same lines of the Rust program beside them.
 */
fun main() {
    Carrier().use { carrier ->
        measure("empty", 2_000) { carrier.clock.now() }
        val guard = carrier.guard
        measure("protect16", 200) { guard.protect(Carrier.ACCOUNT, sixteen()) }
        measure("batch1000", 1) { guard.protectAll(List(1_000) { Carrier.ACCOUNT to sixteen() }) }
    }
    views("memory", Store.memory(), 200)
    val folder = Files.createTempDirectory("cpni-bench")
    views("durable", Store.folder(folder.toString()), 50)
    folder.toFile().deleteRecursively()
}

private fun views(where: String, store: Store, times: Int) = Carrier(store).use { carrier ->
    carrier.customer()
    val sealed = carrier.guard.protect(Carrier.ACCOUNT, sixteen()).sealed
    carrier.authenticated("call-1").use { call ->
        measure("view16_$where", times) {
            call.view(sealed, FIELDS).use { view ->
                view.withValues { values ->
                    check(values.names.size >= 10)
                }
            }
        }
        val thousand = List(if (where == "memory") 1_000 else 100) { sealed }
        measure("views${thousand.size}_$where", 1) {
            for (each in call.viewAll(thousand, *FIELDS.toTypedArray())) each.get().use { view -> view.withValues { } }
        }
    }
}

/** Every field of the sample schema that a record brings. */
val FIELDS = listOf(
    "name", "street", "city", "birth_date", "ssn", "account_number", "mobile", "email",
    "plan", "features", "lines", "imei", "iccid", "balance", "card", "call_detail",
)

private fun sixteen(): Record = record {
    for (field in FIELDS) if (field == "call_detail") calls(field, Carrier.rows()) else text(field, "a value of $field")
}

private fun measure(name: String, times: Int, work: () -> Unit) {
    val rounds = LongArray(11) {
        val start = System.nanoTime()
        repeat(times) { work() }
        (System.nanoTime() - start) / times
    }
    rounds.sort()
    println("$name ${rounds[rounds.size / 2]}")
}
