// Accounts found by what somebody states, and vault tokens for what leaves the carrier.

import CpniGuard
import Foundation
import XCTest

final class SearchTests: XCTestCase {
    private let contact = (id: "call-1", channel: Channel.phoneInbound)
    private let terms = TokenTerms(expiresMicros: noon + 24 * 3_600_000_000, purposes: [.support], uses: nil)

    private func sealed(_ world: World, _ account: String, _ ssn: String) throws -> ProtectedRecord {
        try world.cpni.protect(
            try Record("r-1", ["ssn": .text(ssn), "mobile": "2125550199"]), account: account)
    }

    private func search(_ world: World, _ ssn: String, from contact: String = "call-1") throws -> SearchDecision {
        try world.cpni.search(
            agentSession: "token-dana", contact: (contact, .phoneInbound), purpose: .support, index: "ssn", stated: [ssn])
    }


    func testAnAccountIsFoundByAStatedSsn() throws {
        let world = try World()
        let mine = try sealed(world, account, "987-65-4321")
        let other = try sealed(world, "other", "987-65-4322")
        _ = try world.call()
        guard case .allowed(let search) = try search(world, "987 65 4321") else { return XCTFail("refused") }
        XCTAssertEqual(search.terms, [try XCTUnwrap(try mine.indexTerms()["ssn"])])
        let rows = [
            Row(account: "other", .record(other.sealed, id: "r-1")), Row(account: account, .record(mine.sealed, id: "r-1")),
            Row(account: account, .field(try Sealed.field("ssn", of: mine.sealed), id: "r-1")),
            Row(account: "other", .record(mine.sealed, id: "r-1")), Row(account: account, .record(Data([1]), id: "r-1")),
        ]
        let found = try search.find(rows)
        XCTAssertEqual(found.accounts, [account])
        XCTAssertEqual(found.unreadable, 2)
        XCTAssertEqual("\(found) \(rows[0]) \(search)", "FoundAccounts(..) Row(..) Search(..)")
        XCTAssertEqual(code { try search.find(rows) }, .bindingUsedUp)
        let events = try world.cpni.audit.events(from: search.auditIndex, limit: 10).events
        XCTAssertEqual(events.map(\.kind), [.searched, .accountFound, .accountFound])

        XCTAssertEqual(
            code {
                try world.cpni.search(
                    agentSession: "token-dana", contact: contact, purpose: .support, index: "plan", stated: ["x"])
            }, .tokenUnknownIndex)
        XCTAssertEqual(
            code {
                try world.cpni.search(agentSession: "token-dana", contact: contact, purpose: .support, index: "ssn", stated: [])
            }, .interactionStatedValues)
        let tried = (0..<100).map { at in (try? self.search(world, String(format: "987-65-%04d", at))) == nil }
        XCTAssertGreaterThan(tried.filter { $0 }.count, 50, "an agent does not try values without end")
    }

    func testARefusedSearchSaysWhyAndWhatWouldHelp() throws {
        let world = try World()
        guard case .withheld(let why) = try search(world, "987-65-4321", from: "call-9") else { return XCTFail("allowed") }
        XCTAssertEqual(why.map(\.answer.field), ["ssn"])
        XCTAssertNotNil(why[0].because)
        let explained = try why[0].explain()
        XCTAssertFalse(explained.forSupervisor.isEmpty)
        XCTAssertFalse(explained.reasons.isEmpty && explained.factsMissing.isEmpty && explained.remedies.isEmpty)
    }

    func testTermsOfRowsAndPlans() throws {
        let world = try World()
        let record = try sealed(world, account, "987-65-4321")
        let term = try XCTUnwrap(try record.indexTerms()["ssn"])
        var bytes = term.bytes
        bytes[3] = 9
        XCTAssertEqual(try world.cpni.needsReindex(index: "ssn", [term, try IndexTerm(bytes)]), [false, true])
        let again = try world.cpni.reindex([
            Row(account: account, .record(record.sealed, id: "r-1")), Row(account: "b", .record(record.sealed, id: "r-1")),
        ])
        XCTAssertEqual(try again[0].get(), try record.indexTerms())
        XCTAssertThrowsError(try again[1].get())
        XCTAssertEqual("\(term)", "IndexTerm(keyVersion: 1, bits: 20)")

        let population = Population(rows: 20_000_000, distinct: 20_000_000, mostCommon: nil)
        XCTAssertEqual(try world.cpni.schemaIndexes().first { $0.name == "ssn" }?.plan, try population.propose())
        XCTAssertEqual(code { try population.check(bits: 32) }, .tokenPointsAtValues)
        XCTAssertEqual(code { try Population(rows: 50, distinct: 50, mostCommon: nil).propose() }, .tokenTinyPopulation)
    }

    func testAVaultTokenIsIssuedDetokenisedAndRevoked() throws {
        let world = try World()
        let stored = try world.customer()
        let token = try world.cpni.issueToken(account: account, stored, field: "plan", terms: terms)
        XCTAssertEqual(try token.text.count, 38)
        XCTAssertEqual(try token.dataClass, .serviceDetails)
        XCTAssertEqual("\(token)", "VaultToken(..)")
        let once = try world.cpni.issueToken(
            account: account, stored, field: "name", terms: TokenTerms(expiresMicros: terms.expiresMicros, purposes: [.support], uses: 1))
        let call = try world.call()
        try call.present(.password("correct-horse-7"))
        XCTAssertEqual(try call.detokenise(try VaultToken(text: try token.text.uppercased())).text("plan"), "Canary Unlimited")
        XCTAssertEqual(try call.detokenise(once).text("name"), "Canary Finch")
        XCTAssertEqual(code { try call.detokenise(once) }, .tokenNotValid)
        XCTAssertTrue(try world.cpni.revokeToken(token))
        XCTAssertFalse(try world.cpni.revokeToken(token))
        XCTAssertEqual(code { try call.detokenise(token) }, .tokenNotValid)
        XCTAssertEqual(try world.cpni.sweepTokens(limit: 10), 1)
        _ = try world.cpni.issueToken(account: account, stored, field: "plan", terms: terms)
        XCTAssertEqual(try world.cpni.tokenVersions(), [1: 1])
        XCTAssertEqual(try world.cpni.revokeTokens(of: account), 1)

        for bad in [
            TokenTerms(expiresMicros: terms.expiresMicros, purposes: [.support], uses: 0),
            TokenTerms(expiresMicros: terms.expiresMicros, purposes: [], uses: nil),
            TokenTerms(expiresMicros: noon, purposes: [.support], uses: nil),
        ] {
            XCTAssertEqual(code { try world.cpni.issueToken(account: account, stored, field: "plan", terms: bad) }, .tokenTerms)
        }
        XCTAssertEqual(
            code { try world.cpni.issueToken(account: account, stored, field: "call_detail", terms: terms) }, .tokenWrongShape)
        // The text of the core's own test, and the same with one character wrong.
        XCTAssertEqual(try VaultToken(text: "cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mle").dataClass, .ssn)
        XCTAssertEqual(code { try VaultToken(text: "cgssn1wd5hsar9v4hzqcnew3jhxgr0vc048mlf") }, .tokenNotAToken)
    }

    func testTheSameForAsync() async throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call()
        try await call.present(.password("correct-horse-7"))
        let decided = try await world.cpni.search(
            agentSession: "token-dana", contact: contact, purpose: .support, index: "ssn", stated: ["987-65-4321"])
        guard case .allowed(let search) = decided else { return XCTFail("refused") }
        let found = try await search.find([Row(account: account, stored)])
        XCTAssertEqual(found.accounts, [account])
        let token = try await world.cpni.issueToken(account: account, stored, field: "plan", terms: terms)
        let view = try await call.detokenise(token)
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
        let revoked = try await world.cpni.revokeToken(token)
        XCTAssertTrue(revoked)
    }
}
