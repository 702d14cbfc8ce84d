package example.carrier

import dev.cpniguard.Evidence
import dev.cpniguard.Field
import dev.cpniguard.record
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import java.io.File
import java.io.IOException
import java.io.RandomAccessFile

/**
 * Looks for a value in all writable memory of this process: what is left of it once it was closed. The search finds the
 * value while it is lent, so that "none" means something. A garbage collector moves arrays before they are
 * overwritten, and that copy stays until its place is used again: it is counted before and after a collection.
 */
class MemoryTest {
    @Test
    fun `what is left of a value after it was closed`() {
        assumeTrue(File("/proc/self/mem").canRead(), "there is no /proc here")
        Carrier().use { carrier ->
            val sealed = value().let { plain ->
                try {
                    carrier.guard.protect(Carrier.ACCOUNT, record { text("plan", plain) }).sealed
                } finally {
                    plain.fill('\u0000')
                }
            }
            carrier.customer()
            val sealedOnly = copies()
            val lent: Copies
            carrier.authenticated("call-1").use { call ->
                call.view(sealed, "plan").use { view ->
                    lent = (view["plan"] as Field.Disclosed).withChars { copies() }
                }
            }
            val closed = copies()
            System.gc()
            val collected = copies()
            println("copies of a value: sealed $sealedOnly, lent $lent, closed $closed, after a collection $collected")
            assertTrue(lent.native + lent.arrays > 0, "the search does not find what is there")
            assertEquals(Copies(0, 0), collected, "after a collection nothing is left")
        }
    }

    /** In UTF-8, and as Java holds characters. */
    private data class Copies(val native: Int, val arrays: Int) {
        override fun toString() = "$native UTF-8 and $arrays UTF-16"
    }

    /** Never a constant, which would be in memory for another reason. */
    private fun value() = CharArray(24) { ('a'.code + (it * 7 + 3) % 26 xor 1).toChar() }

    private fun copies(): Copies {
        val first = value()
        // What is looked for is held changed, so that the search does not find itself.
        val wanted = ByteArray(first.size) { (first[it].code xor KEY).toByte() }
        first.fill('\u0000')
        var native = 0
        var arrays = 0
        val page = ByteArray(1 shl 20)
        RandomAccessFile("/proc/self/mem", "r").use { memory ->
            for (line in File("/proc/self/maps").readLines()) {
                val (range, rights) = line.split(' ')
                if (!rights.startsWith("rw") || line.endsWith("[vvar]")) continue
                val (from, to) = range.split('-').map { it.toULong(16).toLong() }
                var at = from
                while (at < to) {
                    val len = minOf(page.size.toLong(), to - at).toInt()
                    try {
                        memory.seek(at)
                        memory.readFully(page, 0, len)
                    } catch (_: IOException) {
                        break // not there after all
                    }
                    for (start in 0 until len) {
                        if (found(page, start, len, wanted, 1)) native++
                        if (found(page, start, len, wanted, 2)) arrays++
                    }
                    at += len
                }
                page.fill(0)
            }
        }
        return Copies(native, arrays)
    }

    private fun found(page: ByteArray, start: Int, len: Int, wanted: ByteArray, step: Int): Boolean {
        if (start + wanted.size * step > len) return false
        for (at in wanted.indices) {
            if ((page[start + at * step].toInt() xor KEY).toByte() != wanted[at]) return false
            if (step == 2 && page[start + at * step + 1] != 0.toByte()) return false
        }
        return true
    }

    private companion object {
        const val KEY = 0x5A
    }
}
