package example.carrier

import dev.cpniguard.CpniException
import dev.cpniguard.ErrorCode
import dev.cpniguard.Guard
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ErrorCodeTest {
    @Test
    fun `the table is Rust's`() {
        val rust = dev.cpniguard.ffi.errorCodes().map { it.code.toInt() to it.name }
        assertTrue(rust.size > 100)
        assertEquals(rust.sortedBy { it.first }, ErrorCode.entries.map { it.number to it.name.lowercase() })
        assertNull(ErrorCode.of(1))
    }

    @Test
    fun `an exception is its code`() {
        val failed = assertThrows(CpniException::class.java) { Guard.build { } }
        assertEquals(ErrorCode.GUARD_MISSING, failed.known)
        assertEquals("E9001 guard_missing", failed.message)
        assertEquals("guard_missing", failed.name)
        assertNull(failed.cause)
        assertEquals(0, failed.suppressed.size)
    }
}
