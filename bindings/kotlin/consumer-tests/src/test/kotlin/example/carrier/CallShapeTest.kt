package example.carrier

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.lang.reflect.Modifier

/**
 * On arm64 JNA crashes where a struct by value does not fit into the eight registers of a call
 * (java-native-access/jna#1736, open in every release): found by `scripts/native-libraries --release`. So nothing that
 * this package calls has more arguments. The three below are for Swift, and have a short form for Kotlin.
 */
class CallShapeTest {
    @Test
    fun `the arguments of a call fit into the registers of arm64`() {
        val calls = Class.forName("dev.cpniguard.ffi.UniffiLib").declaredMethods.filter { Modifier.isNative(it.modifiers) }
        assertTrue(calls.size > 100)
        val long = calls.filter { it.parameterCount > 8 }.map { it.name.removePrefix("uniffi_cpni_guard_ffi_fn_") }
        assertEquals(setOf("constructor_accountfacts_new", "constructor_agentprofile_new", "constructor_contactstate_new"), long.toSet())
    }
}
