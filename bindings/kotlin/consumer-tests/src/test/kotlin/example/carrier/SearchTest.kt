package example.carrier

import dev.cpniguard.Channel
import dev.cpniguard.Contact
import dev.cpniguard.ContactState
import dev.cpniguard.CpniException
import dev.cpniguard.DataClass
import dev.cpniguard.Each
import dev.cpniguard.ErrorCode
import dev.cpniguard.EventKind
import dev.cpniguard.Field
import dev.cpniguard.IndexTerm
import dev.cpniguard.Population
import dev.cpniguard.Protected
import dev.cpniguard.Purpose
import dev.cpniguard.Row
import dev.cpniguard.SealedRecord
import dev.cpniguard.Search
import dev.cpniguard.TokenTerms
import dev.cpniguard.VaultToken
import dev.cpniguard.issueToken
import dev.cpniguard.needsReindex
import dev.cpniguard.record
import dev.cpniguard.reindex
import dev.cpniguard.revokeToken
import dev.cpniguard.revokeTokensOf
import dev.cpniguard.schemaIndexes
import dev.cpniguard.search
import dev.cpniguard.suspending
import dev.cpniguard.sweepTokens
import dev.cpniguard.tokenVersions
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Accounts found by what somebody states, and vault tokens for what leaves the carrier. */
class SearchTest {
    private val contact = Contact("call-1", Channel.PHONE_INBOUND)

    private fun Carrier.find(ssn: String, by: Contact = contact): Search =
        guard.search("dana-token", by, Purpose.SUPPORT, "ssn", ssn.toCharArray())

    private fun Carrier.ring() = contacts.put("call-1", ContactState(Channel.PHONE_INBOUND, true, "dana"))

    private fun Carrier.sealed(account: String, ssn: String): Protected =
        guard.protect(account, record { text("ssn", ssn); text("mobile", "202-555-0143") })

    @Test
    fun `an account is found by a stated SSN, with policy, limits and a record`() {
        Carrier().use { carrier ->
            val mine = carrier.sealed(Carrier.ACCOUNT, "987-65-4321")
            val other = carrier.sealed("acct-000043", "987-65-4322")
            carrier.ring()
            val search = assertInstanceOf(Search.Allowed::class.java, carrier.find("987 65 4321"))
            assertEquals(listOf(mine.terms.getValue("ssn")), search.terms)
            val rows = listOf(
                Row("acct-000043", other.sealed),
                Row(Carrier.ACCOUNT, mine.sealed),
                Row(Carrier.ACCOUNT, mine.sealed.field("ssn")),
                Row("acct-000043", mine.sealed),
                Row(Carrier.ACCOUNT, SealedRecord(ByteArray(3))),
            )
            val found = search.find(rows)
            assertEquals(listOf(Carrier.ACCOUNT), found.accounts)
            assertEquals(2uL, found.unreadable)
            assertEquals("FoundAccounts(..)", found.toString())
            assertEquals(ErrorCode.BINDING_USED_UP, codeOf { search.find(rows) })
            val events = carrier.guard.audit().use { it.events(search.auditIndex).events }
            assertEquals(listOf(EventKind.SEARCHED, EventKind.ACCOUNT_FOUND, EventKind.ACCOUNT_FOUND), events.map { it.kind })

            assertEquals(ErrorCode.TOKEN_UNKNOWN_INDEX, codeOf { carrier.guard.search("dana-token", contact, Purpose.SUPPORT, "plan", CharArray(1)) })
            assertEquals(ErrorCode.INTERACTION_STATED_VALUES, codeOf { carrier.guard.search("dana-token", contact, Purpose.SUPPORT, "ssn") })
            val tried = (0..99).map { runCatching { carrier.find("987-65-%04d".format(it)).close() }.exceptionOrNull() as CpniException? }
            assertTrue(tried.count { it?.known == ErrorCode.INTERACTION_LOCKED_OUT || it?.known == ErrorCode.INTERACTION_HELD_BACK } > 50)
        }
    }

    @Test
    fun `a search that is refused says why and what would help`() {
        Carrier().use { carrier ->
            val refused = assertInstanceOf(Search.Withheld::class.java, carrier.find("987-65-4321", Contact("call-9", Channel.PHONE_INBOUND)))
            assertEquals("ssn", refused.decision.field)
            assertTrue(refused.because != null && refused.forAgent.isNotEmpty())
            assertTrue(refused.explain(0).reasons.isNotEmpty() || refused.explain(0).factsMissing.isNotEmpty() || refused.remedies.isNotEmpty())
            assertEquals(ErrorCode.BINDING_NO_SUCH_PLACE, codeOf { refused.explain(1) })
        }
    }

    @Test
    fun `terms of rows are told old and made anew`() {
        Carrier().use { carrier ->
            val sealed = carrier.sealed(Carrier.ACCOUNT, "987-65-4321")
            val term = sealed.terms.getValue("ssn")
            val older = IndexTerm(term.toByteArray().also { it[3] = 9 })
            assertEquals(listOf(false, true), carrier.guard.needsReindex("ssn", listOf(term, older)))
            val again = carrier.guard.reindex(listOf(Row(Carrier.ACCOUNT, sealed.sealed), Row("b", sealed.sealed)))
            assertEquals(sealed.terms, again[0].get())
            assertInstanceOf(Each.Failed::class.java, again[1])
            assertEquals("IndexTerm(keyVersion=1, bits=20)", term.toString())

            val plan = Population(20_000_000u, 20_000_000u).propose()
            assertEquals(plan, carrier.guard.schemaIndexes().first { it.name == "ssn" }.plan)
            assertEquals(ErrorCode.TOKEN_BARELY_FILTERS, codeOf { Population(20_000_000u, 56u).propose() })
            assertEquals(ErrorCode.TOKEN_POINTS_AT_VALUES, codeOf { Population(20_000_000u, 20_000_000u).check(32) })
            assertEquals(ErrorCode.TOKEN_TINY_POPULATION, codeOf { Population(50u, 50u).propose() })
        }
    }

    @Test
    fun `a vault token is issued, detokenised and revoked`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            val terms = TokenTerms(Carrier.NOON + Carrier.DAY, setOf(Purpose.SUPPORT))
            val token = carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "plan", terms)
            assertEquals(38 to DataClass.SERVICE_DETAILS, token.toText().length to token.dataClass())
            assertEquals("VaultToken(..)", token.toString())
            val once = carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "name", terms.copy(uses = 1u))
            carrier.authenticated("call-1").use { call ->
                VaultToken.ofText(token.toText().uppercase()).use { again ->
                    call.detokenise(again).use { assertEquals("Unlimited Canary", (it["plan"] as Field.Disclosed).withChars { String(it) }) }
                }
                call.detokenise(once).use { assertInstanceOf(Field.Disclosed::class.java, it["name"]) }
                assertEquals(ErrorCode.TOKEN_NOT_VALID, codeOf { call.detokenise(once) })
                assertTrue(carrier.guard.revokeToken(token))
                assertTrue(!carrier.guard.revokeToken(token))
                assertEquals(ErrorCode.TOKEN_NOT_VALID, codeOf { call.detokenise(token) })
            }
            assertEquals(1uL, carrier.guard.sweepTokens(10u))
            carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "plan", terms).close()
            assertEquals(mapOf(1u to 1uL), carrier.guard.tokenVersions())
            assertEquals(1uL, carrier.guard.revokeTokensOf(Carrier.ACCOUNT))

            for (bad in listOf(terms.copy(uses = 0u), terms.copy(purposes = emptySet()), terms.copy(expires = Carrier.NOON))) {
                assertEquals(ErrorCode.TOKEN_TERMS, codeOf { carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "plan", bad) })
            }
            assertEquals(ErrorCode.TOKEN_WRONG_SHAPE, codeOf { carrier.guard.issueToken(Carrier.ACCOUNT, sealed, "call_detail", terms) })
            // Closed, it is handed over no more: its memory may be somebody else's.
            token.close()
            assertEquals(ErrorCode.BINDING_CLOSED, codeOf { carrier.guard.revokeToken(token) })
            carrier.authenticated("call-1").use { call -> assertEquals(ErrorCode.BINDING_CLOSED, codeOf { call.detokenise(token) }) }
            // The text of the core's own test, and the same with one character wrong.
            VaultToken.ofText("cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mle").use { assertEquals(DataClass.SSN, it.dataClass()) }
            assertEquals(ErrorCode.TOKEN_NOT_A_TOKEN, codeOf { VaultToken.ofText("cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mlf") })
        }
    }

    @Test
    fun `the same for coroutines`() {
        Carrier().use { carrier ->
            val sealed = carrier.customer()
            carrier.ring()
            runBlocking {
                val guard = carrier.guard.suspending(Dispatchers.IO)
                val search = guard.search("dana-token", contact, Purpose.SUPPORT, "ssn", "987-65-4321".toCharArray()) as Search.Allowed
                assertEquals(listOf(Carrier.ACCOUNT), guard.find(search, listOf(Row(Carrier.ACCOUNT, sealed))).accounts)
                val terms = TokenTerms(Carrier.NOON + Carrier.DAY, setOf(Purpose.SUPPORT))
                guard.issueToken(Carrier.ACCOUNT, sealed, "plan", terms).use { token ->
                    guard.interaction("dana-token", Carrier.ACCOUNT, Purpose.SUPPORT, contact) { call ->
                        call.present(dev.cpniguard.Evidence.password(Carrier.PASSWORD.toCharArray()))
                        call.detokenise(token) { assertInstanceOf(Field.Disclosed::class.java, it["plan"]) }
                    }
                    assertTrue(guard.revokeToken(token))
                }
            }
        }
    }
}
