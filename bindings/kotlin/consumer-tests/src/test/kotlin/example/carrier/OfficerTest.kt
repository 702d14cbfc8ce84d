package example.carrier

import dev.cpniguard.AgentProfile
import dev.cpniguard.AuditCheck
import dev.cpniguard.CheckpointSigner
import dev.cpniguard.CpniException
import dev.cpniguard.CustomerCount
import dev.cpniguard.DataClass
import dev.cpniguard.ErrorCode
import dev.cpniguard.EventKind
import dev.cpniguard.ExportFormat
import dev.cpniguard.Exposure
import dev.cpniguard.Field
import dev.cpniguard.Guard
import dev.cpniguard.IncidentAccesses
import dev.cpniguard.Keys
import dev.cpniguard.LostKeys
import dev.cpniguard.Reach
import dev.cpniguard.Role
import dev.cpniguard.SealedRecord
import dev.cpniguard.StolenRecords
import dev.cpniguard.Store
import dev.cpniguard.StoreSettings
import dev.cpniguard.checkGrowth
import dev.cpniguard.incident
import dev.cpniguard.openCheckpoint
import dev.cpniguard.suspending
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.security.KeyPairGenerator
import java.security.Signature
import java.time.LocalDate

/** The questions of officers and witnesses; and a signer that is not on this machine. */
class OfficerTest {
    private val all = IncidentAccesses(emptyList(), emptyList(), emptyList(), emptyList(), emptyList(), null, null)

    @Test
    fun `what was stolen counts by the keys that were lost`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            fun scope(lost: LostKeys) = StolenRecords(lost).use { stolen ->
                stolen.add("acct-stolen", sealed)
                assertEquals(ErrorCode.SEALED_FORMAT, codeOf { stolen.add("acct-stolen", SealedRecord(ByteArray(3))) })
                assertEquals("StolenRecords(..)", stolen.toString())
                carrier.guard.breachScope("sue-token", null, stolen, emptyList(), true)
            }
            for ((lost, reach) in listOf(
                LostKeys.NotKnown to Reach.DISCLOSED,
                LostKeys.Versions(setOf(1u)) to Reach.DISCLOSED,
                LostKeys.Versions(setOf(2u)) to Reach.ENCRYPTED,
                LostKeys.None to Reach.ENCRYPTED,
            )) {
                scope(lost).use { scope ->
                    val account = scope.accounts().single()
                    assertEquals(reach, account.reach, "$lost")
                    val (open, shut) = account.decryptable to account.encrypted
                    assertTrue(DataClass.SSN in if (reach == Reach.DISCLOSED) open else shut)
                    assertTrue((if (reach == Reach.DISCLOSED) shut else open).isEmpty())
                    val exposure = if (reach == Reach.DISCLOSED) Exposure.READABLE else Exposure.ENCRYPTED_KEYS_SAFE
                    val incident = scope.incident(LocalDate.of(2026, 11, 2))
                    assertEquals(CustomerCount.Exactly(1u), incident.customers)
                    assertTrue(incident.affected.size > 4 && incident.affected.values.all { it == exposure })
                    assertEquals("acct-stolen", scope.name(0))
                }
            }
        }
    }

    @Test
    fun `names are for officers, and every question is recorded`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            val seen = carrier.authenticated("call-1").use { call -> call.view(sealed, "plan").use { it.auditIndex } }
            val audit = carrier.guard.audit()
            val before = audit.size()
            assertEquals(ErrorCode.INTERACTION_NOT_ENTITLED, codeOf { carrier.guard.nameAccount("dana-token", seen) })
            assertEquals(ErrorCode.INTERACTION_UNKNOWN_AGENT, codeOf { carrier.guard.nameAccount("nobody", seen) })
            assertEquals(Carrier.ACCOUNT, carrier.guard.nameAccount("sue-token", seen))
            assertNull(carrier.guard.nameAccount("sue-token", 0u), "the beginning of the log is about nobody")
            val refused = codeOf { carrier.guard.breachScope("dana-token", all, null, emptyList(), true) }
            assertEquals(ErrorCode.INTERACTION_NOT_ENTITLED, refused)
            val asked = audit.events(before)
            assertEquals(listOf(5030, 5001, 0, 0, 5030), asked.events.map { it.cause.toInt() })
            assertEquals(EventKind.SCOPE_ASKED, asked.events.last().kind)
            runBlocking {
                val officer = carrier.guard.suspending(Dispatchers.IO)
                assertEquals(Carrier.ACCOUNT, officer.nameAccount("sue-token", seen))
                officer.breachScope("sue-token", all).use { scope ->
                    val log = scope.logs().single()
                    assertTrue(log.proven && log.gap == null && log.checkpoint != null)
                    assertEquals(listOf(DataClass.SERVICE_DETAILS), scope.accounts().single().given)
                }
            }
        }
    }

    @Test
    fun `logs of other guards merge where they have the same keys`() {
        val vault = Vault()
        Carrier { keys(Keys.host(vault, create = true)) }.use { one ->
            Carrier { keys(Keys.host(vault)) }.use { other ->
                val sealed = one.customer()
                other.customer()
                other.authenticated("call-1").use { it.view(sealed, "plan").close() }
                val closed = other.guard.audit().also { it.close() }
                assertEquals(ErrorCode.BINDING_CLOSED, codeOf { one.guard.breachScope("sue-token", all, null, listOf(closed), true) })
                val log = other.guard.audit()
                one.guard.breachScope("sue-token", all, null, emptyList(), true).use { assertTrue(it.accounts().isEmpty()) }
                one.guard.breachScope("sue-token", all, null, listOf(log), true).use {
                    assertEquals(listOf(2, 1), listOf(it.logs().size, it.accounts().size))
                }
                Carrier().use { strange ->
                    val theirs = listOf(strange.guard.audit())
                    val refused = codeOf { one.guard.breachScope("sue-token", all, null, theirs, true) }
                    assertEquals(ErrorCode.AUDIT_ANOTHER_TENANT, refused)
                }
            }
        }
    }

    @Test
    fun `a witness sees that a log only grew, and a SIEM gets its lines`() {
        Carrier().use { carrier ->
            val log = carrier.guard.audit()
            val earlier = log.checkpoint()
            assertEquals(earlier, log.keptCheckpoint())
            carrier.customer()
            val later = log.checkpoint()
            val key = log.verifyingKey()
            val facts = openCheckpoint(later, key)
            assertEquals(log.size() to 32, facts.size to facts.root.size)
            val path = log.proveGrowth(earlier, later)
            checkGrowth(earlier, later, path, key)
            assertEquals(ErrorCode.PROOF_CONSISTENCY, codeOf { checkGrowth(later, earlier, path, key) })
            path[0][0] = (path[0][0].toInt() xor 1).toByte()
            assertEquals(ErrorCode.PROOF_CONSISTENCY, codeOf { checkGrowth(earlier, later, path, key) })
            assertEquals(ErrorCode.PROOF_FORMAT, codeOf { openCheckpoint("no note", key) })
            assertEquals(ErrorCode.AUDIT_NOT_PROVEN, codeOf { log.proveGrowth(later, earlier) })

            val first = log.export(ExportFormat.OCSF, 0u, 1u, tenant = "acme")
            assertTrue(first.more && first.lines.count { it == '\n' } == 1 && "acme" in first.lines)
            val rest = log.export(ExportFormat.CEF, first.mark)
            assertTrue(!rest.more && rest.lines.lines().first().startsWith("CEF:0"))
            assertEquals(log.size(), first.exported + rest.exported)
        }
    }

    @Test
    fun `a signer of the host's signs, and one that throws loses no record`() {
        val pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
        val public = pair.public.encoded.takeLast(32).toByteArray()
        var answer: (ByteArray) -> ByteArray = { it }
        val service = object : CheckpointSigner {
            override fun publicKey() = answer(public)

            override fun sign(message: ByteArray) =
                answer(Signature.getInstance("Ed25519").apply { initSign(pair.private) }.apply { update(message) }.sign())
        }
        Carrier { checkpointSigner(service); checkpointEvery(1u, java.time.Duration.ofHours(1)) }.use { carrier ->
            val sealed = carrier.customer()
            val log = carrier.guard.audit()
            val key = log.verifyingKey()
            assertEquals(log.size(), openCheckpoint(log.checkpoint(), key).size)
            val named = java.util.Base64.getDecoder().decode(key.split('+', limit = 3)[2])
            assertArrayEquals(public, named.takeLast(32).toByteArray(), "it is the service's key")

            val moods: List<(ByteArray) -> ByteArray> = listOf(
                { throw IllegalStateException("canary 987-65-4321") },
                { throw StackOverflowError() },
                { ByteArray(5) },
                { ByteArray(it.size) { 7 } },
            )
            for ((number, mood) in moods.withIndex()) {
                answer = mood
                val before = log.size()
                carrier.authenticated("call-$number").use { call ->
                    call.view(sealed, "plan").use { assertInstanceOf(Field.Disclosed::class.java, it["plan"]) }
                }
                assertEquals(before + 4u, log.size(), "opened, presented, viewed, ended")
                assertEquals(ErrorCode.AUDIT_NOT_SIGNED, codeOf { log.checkpoint() })
                assertEquals(ErrorCode.AUDIT_NOT_SIGNED, codeOf { log.prove(before) })
                assertEquals(log.size(), (log.verify() as AuditCheck.Intact).size)
            }
            answer = { it }
            assertEquals(log.size(), openCheckpoint(log.checkpoint(), key).size, "and then all of them")
        }
        for (mood in listOf<(ByteArray) -> ByteArray>({ throw IllegalStateException("canary") }, { ByteArray(31) })) {
            answer = mood
            assertEquals(ErrorCode.AUDIT_NOT_SIGNED, codeOf { Guard.build { checkpointSigner(service) } })
        }
    }

    @Test
    fun `a log that was refused is set aside, and the next one says so`(@TempDir folder: Path) {
        val vault = Vault()
        val path = folder.toString()
        Carrier(Store.folder(path, StoreSettings(busyTimeoutMillis = 50u))) { keys(Keys.host(vault, create = true)) }.use { first ->
            first.customer()
            assertEquals(ErrorCode.STORE_ANOTHER_WRITER, codeOf { Store.setAside(path) }, "a guard writes it")
            Carrier(Store.folder(path, StoreSettings(readOnly = true))) { keys(Keys.host(vault)) }.use { looks ->
                assertInstanceOf(AuditCheck.Intact::class.java, looks.guard.audit().verify())
                assertEquals(ErrorCode.AUDIT_NOT_RECORDED, codeOf { looks.customer() })
            }
        }
        val aside = Store.setAside(path)
        assertEquals(16, aside.log!!.size)
        val sue = AgentProfile("sue", Role.CARE_AGENT, "carrier", "US")
        Carrier(Store.folder(path)) { keys(Keys.host(vault)); inPlaceOf(aside, ErrorCode.AUDIT_BROKEN, sue) }.use { second ->
            val began = second.guard.audit().events(0u).events.single { it.kind == EventKind.REANCHORED }
            assertEquals(listOf(6003, "sue"), listOf(began.cause.toInt(), began.agent))
            assertArrayEquals(aside.log, began.interaction)
        }
        Carrier(Store.folder("$path/full", StoreSettings(maxAuditBytes = 200_000u))).use { carrier ->
            val sealed = carrier.customer()
            val call = carrier.authenticated("call-1")
            val stopped = assertThrows(CpniException::class.java) {
                repeat(2_000) { call.view(sealed, "plan").close() }
            }
            assertEquals(ErrorCode.AUDIT_NOT_RECORDED, stopped.known, "nothing is disclosed")
        }
    }
}
