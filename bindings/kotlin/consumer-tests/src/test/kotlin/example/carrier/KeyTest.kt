package example.carrier

import dev.cpniguard.Alphabet
import dev.cpniguard.ColumnContent
import dev.cpniguard.ColumnPair
import dev.cpniguard.ColumnValue
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.EventKind
import dev.cpniguard.Field
import dev.cpniguard.FormatToken
import dev.cpniguard.IndexTerm
import dev.cpniguard.KeyBranch
import dev.cpniguard.KeyState
import dev.cpniguard.Keys
import dev.cpniguard.Migrated
import dev.cpniguard.MigrationReport
import dev.cpniguard.Purpose
import dev.cpniguard.Reseal
import dev.cpniguard.ResealReport
import dev.cpniguard.Row
import dev.cpniguard.SealedRecord
import dev.cpniguard.SealedToken
import dev.cpniguard.Store
import dev.cpniguard.Subjects
import dev.cpniguard.TokenTerms
import dev.cpniguard.Unneeded
import dev.cpniguard.columnContent
import dev.cpniguard.compareColumns
import dev.cpniguard.confirmDeleted
import dev.cpniguard.confirmDueDeleted
import dev.cpniguard.deleteDue
import dev.cpniguard.deletionOf
import dev.cpniguard.erase
import dev.cpniguard.erasureOf
import dev.cpniguard.issueToken
import dev.cpniguard.keyDesk
import dev.cpniguard.migrate
import dev.cpniguard.readBoth
import dev.cpniguard.readmit
import dev.cpniguard.registerFormatColumn
import dev.cpniguard.registerSealedColumn
import dev.cpniguard.rehearseMigration
import dev.cpniguard.resealJob
import dev.cpniguard.resealTokens
import dev.cpniguard.suspending
import dev.cpniguard.tokenColumns
import dev.cpniguard.unfinishedErasures
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path
import java.time.LocalDate

/** The life of keys, columns of tokens, erasure, and the way from plain columns to sealed ones. */
class KeyTest {
    private fun plan(carrier: Carrier, call: String, sealed: dev.cpniguard.Stored): String = carrier.authenticated(call).use {
        it.view(sealed, "plan").use { view -> (view["plan"] as Field.Disclosed).withChars { chars -> String(chars) } }
    }

    @Test
    fun `a data key is rotated, everything sealed again with a result a row, and the old key destroyed`() {
        val keys = Keys.memory()
        Carrier { keys(keys) }.use { carrier ->
            val sealed = carrier.customer()
            val terms = TokenTerms(Carrier.NOON + Carrier.DAY, setOf(Purpose.SUPPORT))
            carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "plan", terms).close()
            carrier.guard.keyDesk(keys, "sue-token").use { desk ->
                assertTrue(desk.versions().all { it.version == 1u && it.state == KeyState.ACTIVE })
                assertEquals(2u, desk.rotate(KeyBranch.DATA))
                val event = carrier.guard.audit().use { log -> log.events(0u).events.last() }
                assertEquals(EventKind.KEYS_CHANGED to "sue", event.kind to event.agent)

                val rows = listOf(
                    Row(Carrier.ACCOUNT, sealed),
                    Row(Carrier.ACCOUNT, sealed.field("plan")),
                    Row("acct-000043", sealed),
                    Row(Carrier.ACCOUNT, SealedRecord(ByteArray(3))),
                )
                val job = carrier.guard.resealJob()
                val done = job.batch(rows)
                val moved = assertInstanceOf(Reseal.Done::class.java, done[0].get())
                assertEquals(1u to 2u, moved.from.keyVersion to moved.to.keyVersion)
                assertEquals(2u, (moved.stored as SealedRecord).info().keyVersion)
                assertEquals(listOf(true, true), done.drop(2).map { it is Each.Failed })
                val progress = job.progress()
                assertEquals(listOf(2uL, 0uL, 1uL), listOf(progress.resealed, progress.current, progress.unreadable))
                assertEquals(mapOf(1u to 3uL), progress.found)
                assertEquals(1uL, progress.failed.values.sum())
                val first = job.finish()
                assertEquals(ErrorCode.BINDING_USED_UP, codeOf { job.batch(rows) })
                fun destroy(report: ResealReport) = desk.destroy(KeyBranch.DATA, 1u, Unneeded.Rows(report))
                assertEquals(ErrorCode.KEY_IN_USE, codeOf { destroy(first) })

                fun second(more: (dev.cpniguard.ResealJob) -> Unit = {}) = carrier.guard.resealJob().use { pass ->
                    assertEquals(Reseal.AlreadyCurrent, pass.batch(listOf(Row(Carrier.ACCOUNT, moved.stored))).single().get())
                    more(pass)
                    pass.finish()
                }
                val old = IndexTerm(byteArrayOf(0, 0, 0, 1, 20, 1, 1, 16))
                assertEquals(ErrorCode.KEY_IN_USE, codeOf { destroy(second { it.foundTerms(listOf(old)) }) })
                assertEquals(ErrorCode.KEY_NOT_SURVEYED, codeOf { destroy(second { it.foundUnreadable() }) })
                assertEquals(ErrorCode.KEY_NOT_SURVEYED, codeOf { desk.destroy(KeyBranch.DATA, 1u, Unneeded.OwnStores) })
                val whole = second()
                assertTrue(whole.showsUnneeded(1u))
                // The library's own stores hold it back yet: a vault token, and a password that was not shown since.
                val needs = desk.needs(KeyBranch.DATA, 1u)
                assertEquals(listOf(1uL, 1uL, 2uL), listOf(needs.tokens, needs.secrets, needs.total))
                assertEquals(ErrorCode.KEY_IN_USE, codeOf { destroy(whole) })
                assertEquals(1uL, carrier.guard.resealTokens(10u).moved)
                assertEquals("Unlimited Canary", plan(carrier, "call-1", moved.stored)) // and the password moves
                destroy(whole)
                assertEquals(KeyState.DESTROYED, desk.versions().first { it.branch == KeyBranch.DATA }.state)
            }
            carrier.authenticated("call-1").use { call -> assertEquals(ErrorCode.KEY_DESTROYED, codeOf { call.view(sealed, "plan") }) }
        }
    }

    @Test
    fun `refusals of the desk are typed, and it ends with the guard`() {
        val keys = Keys.memory()
        val carrier = Carrier { keys(keys) }
        val desk = carrier.guard.keyDesk(keys, "sue-token")
        assertEquals(ErrorCode.KEY_NOT_ROTATED, codeOf { desk.rotate(KeyBranch.REFERENCE) })
        assertEquals(ErrorCode.KEY_STILL_ACTIVE, codeOf { desk.retire(KeyBranch.DATA, 1u) })
        assertEquals(ErrorCode.KEY_IN_USE, codeOf { desk.retire(KeyBranch.AUDIT, 1u) })
        val sealed = carrier.customer()
        desk.rotate(KeyBranch.DATA)
        assertEquals("Unlimited Canary", plan(carrier, "call-1", sealed))
        desk.retire(KeyBranch.DATA, 1u)
        carrier.authenticated("call-1").use { call -> assertEquals(ErrorCode.KEY_RETIRED, codeOf { call.view(sealed, "plan") }) }
        desk.reinstate(KeyBranch.DATA, 1u)
        assertEquals("Unlimited Canary", plan(carrier, "call-1", sealed))
        assertEquals(0uL, desk.forgetSecrets(1u))
        carrier.agents.signOut("sue-token")
        assertEquals(ErrorCode.INTERACTION_UNKNOWN_AGENT, codeOf { desk.rotate(KeyBranch.DATA) })
        carrier.close()
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { desk.versions() })
        keys.close()
        assertEquals(ErrorCode.BINDING_CLOSED, codeOf { Carrier { keys(keys) } })
    }

    @Test
    fun `processes that share a keyring follow, and a keyring moves to another key store`() {
        val vault = Vault()
        Carrier { keys(Keys.host(vault, create = true)) }.use { one ->
            Carrier { keys(Keys.host(vault)) }.use { other ->
                val desk = one.guard.keyDesk(Keys.host(vault))
                val theirs = other.guard.keyDesk(Keys.host(vault))
                assertEquals(false, theirs.reload())
                desk.rotate(KeyBranch.DATA)
                assertEquals(ErrorCode.KEY_CHANGED, codeOf { theirs.rotate(KeyBranch.DATA) })
                assertTrue(theirs.reload())
                val sealed = one.customer()
                other.customer()
                assertEquals("Unlimited Canary", plan(other, "call-1", sealed))
                val moved = Keys.host(Vault())
                desk.rewrap(moved)
                Carrier { keys(moved) }.use { third ->
                    third.customer()
                    assertEquals("Unlimited Canary", plan(third, "call-1", sealed))
                }
            }
        }
    }

    @Test
    fun `a column of tokens is made in lists, rotated in two steps, and leads back as a view only`(@TempDir folder: Path) {
        val file = "$folder/keys.cpni"
        val passphrase = "correct horse battery".toCharArray()
        val keys = Keys.passphrase(file, passphrase, create = true)
        Carrier(Store.folder("$folder/guard")) { keys(keys); passphrase.fill('x') }.use { carrier ->
            val guard = carrier.guard
            val column = guard.registerFormatColumn("ssn_token", "ssn", Alphabet.Digits, 9..9, Alphabet.TenLetters)
            val join = guard.registerSealedColumn("plan_join", "plan")
            val values = listOf("987-65-4321", "987 65 4321", "98765432A").map(String::toCharArray)
            val made = column.tokenise(values)
            assertEquals(made[0].get(), made[1].get())
            assertEquals(ErrorCode.TOKEN_NOT_OF_ITS_KIND, (made[2] as Each.Failed).error.known)
            assertEquals("FormatToken(..)", made[0].get().toString())
            assertEquals(9, made[0].get().text.length)

            assertEquals(ErrorCode.TOKEN_NOTHING_TO_ROTATE, codeOf { column.rotate() })
            assertEquals(ErrorCode.TOKEN_NOT_ROTATING, codeOf { column.confirm() })
            guard.keyDesk(keys).use { assertEquals(2u, it.rotate(KeyBranch.TOKEN)) }
            val before = join.tokenise("Unlimited Canary".toCharArray())
            assertEquals(2u to 1u, column.rotate().let { it.version to it.previous })
            join.rotate()
            assertEquals(listOf(made[0].get()), column.tokensOf(values[0]).drop(1))
            assertEquals(column.tokenise(values[0]), column.replace(listOf(made[0].get())).single().get())
            val after = join.replace(listOf(before, SealedToken("987-65-4321")))
            assertEquals(1u to 2u, before.keyVersion() to after[0].get().keyVersion())
            assertEquals(ErrorCode.TOKEN_FORMAT, (after[1] as Each.Failed).error.known)
            assertNull(column.confirm().previous)
            assertEquals(setOf("plan_join", "ssn_token"), guard.tokenColumns().map { it.name }.toSet())

            val sealed = carrier.customer()
            carrier.authenticated("call-1").use { call ->
                call.viewToken(sealed, join, after[0].get()).use { assertInstanceOf(Field.Disclosed::class.java, it["plan"]) }
                val other = join.tokenise("Another plan".toCharArray())
                assertEquals(ErrorCode.TOKEN_NOT_OF_THIS_ACCOUNT, codeOf { call.viewToken(sealed, join, other) })
                call.viewToken(sealed, column, FormatToken("ABCDEFGHI")).use { assertInstanceOf(Field.Withheld::class.java, it["ssn"]) }
            }
            assertEquals(ErrorCode.TOKEN_SMALL_DOMAIN, codeOf { guard.registerFormatColumn("c", "mobile", Alphabet.Digits, 5..5) })
            assertEquals(ErrorCode.TOKEN_LENGTHS, codeOf { guard.registerFormatColumn("c", "mobile", Alphabet.Digits, -1..9) })
            assertEquals(ErrorCode.TOKEN_LENGTHS, codeOf { guard.registerFormatColumn("c", "mobile", Alphabet.Digits, 9..8) })
            assertEquals(ErrorCode.TOKEN_REFUSED_CLASS, codeOf { guard.registerSealedColumn("c", "ssn_last4") })
        }
    }

    @Test
    fun `an account is erased, and the host confirms what it deleted`(@TempDir folder: Path) {
        Carrier(Store.folder("$folder/guard")) { subjects(Subjects.folder("$folder/guard")) }.use { carrier ->
            val sealed = carrier.customer()
            val guard = carrier.guard
            assertNull(guard.erasureOf(Carrier.ACCOUNT))
            assertEquals("Unlimited Canary", plan(carrier, "call-1", sealed))
            val receipt = guard.erase(Carrier.ACCOUNT, "sue-token", "case-77", LocalDate.of(2027, 3, 1), listOf("crm_note"))
            assertEquals(listOf("crm_note", "mobile", "ssn"), receipt.outstanding)
            assertTrue(receipt.isDeleted && !receipt.isComplete)
            assertEquals(Carrier.NOON to LocalDate.of(2027, 3, 1), receipt.at to receipt.backupsExpire)
            val event = guard.audit().use { it.events(receipt.event!!).events.first() }
            assertEquals(EventKind.ACCOUNT_ERASED to "sue", event.kind to event.agent)
            carrier.authenticated("call-1").use { call -> assertEquals(ErrorCode.SUBJECT_ERASED, codeOf { call.view(sealed, "plan") }) }
            assertEquals(ErrorCode.SUBJECT_ERASED, codeOf { guard.protect(Carrier.ACCOUNT, Carrier.customerRecord()) })
            assertEquals(ErrorCode.SUBJECT_OUTSTANDING, codeOf { guard.readmit(Carrier.ACCOUNT, "sue-token", "case-78") })
            assertEquals(1uL, guard.unfinishedErasures())
            assertEquals(ErrorCode.SUBJECT_NO_SUCH_COLUMN, codeOf { guard.confirmDeleted(Carrier.ACCOUNT, "nothing", "sue-token") })
            runBlocking {
                val confirmed = receipt.outstanding.map { guard.suspending(Dispatchers.IO).confirmDeleted(Carrier.ACCOUNT, it, "sue-token") }
                assertEquals(listOf(false, false, true), confirmed.map { it.isComplete })
            }
            assertEquals(2u, guard.readmit(Carrier.ACCOUNT, "sue-token", "case-78"))
            assertEquals("Unlimited Canary", plan(carrier, "call-1", guard.protect(Carrier.ACCOUNT, Carrier.customerRecord()).sealed))
        }
        assertTrue(Files.exists(folder.resolve("guard/subjects.sqlite3")))
        Carrier().use { without ->
            assertEquals(ErrorCode.SUBJECT_NO_STORE, codeOf { without.guard.erase(Carrier.ACCOUNT, "sue-token", "case-77") })
        }
    }

    @Test
    fun `what is to be deleted after a day is`() {
        Carrier { subjects(Subjects.memory()) }.use { carrier ->
            val guard = carrier.guard
            carrier.customer()
            val today = LocalDate.of(2026, 11, 23)
            val sealed = guard.protectUntil(Carrier.ACCOUNT, Carrier.customerRecord(), today).sealed
            assertEquals("Unlimited Canary", plan(carrier, "call-1", sealed))
            val over = codeOf { guard.protectUntil(Carrier.ACCOUNT, Carrier.customerRecord(), today.minusDays(1)) }
            assertEquals(ErrorCode.SUBJECT_DELETE_AFTER, over)
            carrier.clock.advance(java.time.Duration.ofDays(1))
            carrier.authenticated("call-2").use { call ->
                assertEquals(ErrorCode.SUBJECT_PAST_DELETE_AFTER, codeOf { call.view(sealed, "plan") })
            }
            val receipt = guard.deleteDue("sue-token", "case-77").single()
            assertEquals(today to true, receipt.deleteAfter to receipt.isDeleted)
            val confirmed = receipt.outstanding.map { guard.confirmDueDeleted(today, it, "sue-token") }
            assertTrue(confirmed.last().isComplete)
            assertEquals(confirmed.last(), guard.deletionOf(today))
        }
    }

    @Test
    fun `plain columns are rehearsed, migrated, read both ways and compared`() {
        Carrier().use { carrier ->
            val guard = carrier.guard
            fun value(field: String, text: String, account: String = Carrier.ACCOUNT) = ColumnValue(account, field, text.toCharArray())
            val values = listOf(
                value("ssn", "987-65-4321"), value("plan", ""), value("mobile", "no number"), value("ssn", "Q0dGAdamaged"),
                value("plan", "Basic", account = ""),
            )
            val rehearsed = guard.rehearseMigration(values)
            assertEquals(MigrationReport(1u, 0u, 2u, 1u, mapOf(1001 to 1uL, 3001 to 1uL)), rehearsed)
            val batch = guard.migrate(values)
            assertEquals(rehearsed, batch.report)
            val sealed = assertInstanceOf(Migrated.Sealed::class.java, batch.results[0].get())
            assertEquals(listOf("ssn", "ssn_last4"), sealed.columns.keys.toList())
            assertEquals(Migrated.Already, batch.results[1].get())
            assertEquals(listOf(3001, 1001), batch.results.drop(3).map { (it as Each.Failed).error.code })
            val text = sealed.columns.getValue("ssn")
            assertEquals(ColumnContent.SEALED, columnContent("ssn", text.toCharArray()))
            assertEquals(ColumnContent.PLAIN, columnContent("ssn", "987-65-4321".toCharArray()))
            val again = guard.migrate(listOf(value("ssn", text)))
            assertTrue(again.report.isClean && !(again.report + rehearsed).isClean)
            assertEquals(1uL to 2uL, (again.report + rehearsed).let { it.sealed to it.plain })

            assertEquals(text, guard.readBoth(value("ssn", text))!!.toText())
            assertNull(guard.readBoth(value("ssn", "")))
            val plain = guard.readBoth(value("plan", "Basic"))!!
            carrier.customer()
            assertEquals("Basic", plan(carrier, "call-1", plain))

            val pairs = listOf(ColumnPair(value("ssn", "987-65-4321"), text), ColumnPair(value("ssn", "987-65-4322"), text))
            assertEquals(1uL to listOf(1), guard.compareColumns(pairs).let { it.same to it.different })
        }
    }
}
