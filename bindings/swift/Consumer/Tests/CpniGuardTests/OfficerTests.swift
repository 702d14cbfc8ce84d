// The questions of officers and witnesses; and a signer that is not on this machine.

import CpniGuard
import Foundation
import XCTest

/// A signing service that answers, fails, or answers nonsense.
final class SigningService: CheckpointSigner, @unchecked Sendable {
    enum Mood { case signs, throwing, short, wrong }
    private let lock = NSLock()
    private var mood = Mood.signs
    private(set) var asked: [String] = []
    func become(_ mood: Mood) { lock.withLock { self.mood = mood } }

    func publicKey() throws -> Data { try say(Data(SignatureTests.key.public)) }

    func sign(message: Data) throws -> Data {
        lock.withLock { asked.append(String(decoding: message, as: UTF8.self)) }
        return try say(Data(ed25519Sign(SignatureTests.key, Array(message))))
    }

    private func say(_ good: Data) throws -> Data {
        switch lock.withLock({ mood }) {
        case .signs: return good
        case .throwing: throw Leaky()
        case .short: return Data(count: 5)
        case .wrong: return Data(repeating: 7, count: good.count)
        }
    }
}

final class OfficerTests: XCTestCase {
    private let all = IncidentAccesses(
        agents: [], employers: [], sites: [], interactions: [], keyVersions: [], fromMicros: nil, untilMicros: nil)

    private func world(keys: KeySource = .memory, store: GuardStore = .memory) throws -> World {
        let world = try World(keys: keys, store: store, options: { $0.breachOfficer("sue") })
        try world.agents.signIn(token: "token-sue", profile: try World.agent("sue", mayApprove: true))
        return world
    }

    func testWhatWasStolenCountsByTheKeysThatWereLost() throws {
        let world = try world()
        let sealed = try world.cpni.protect(try sample(), account: account).sealed
        for (lost, reach, exposure): (LostKeys, Reach, Exposure) in [
            (.notKnown, .disclosed, .readable), (.versions(versions: [1]), .disclosed, .readable),
            (.versions(versions: [2]), .encrypted, .encryptedKeysSafe), (.noneLost, .encrypted, .encryptedKeysSafe),
        ] {
            let stolen = try StolenRecords(lost: lost)
            try stolen.add(account: "acct-stolen", sealed: sealed)
            XCTAssertEqual(code { try stolen.add(account: "acct-stolen", sealed: Data([1])) }, .sealedFormat)
            let scope = try world.cpni.breachScope(
                officerSession: "token-sue", accesses: nil, stolen: stolen, prove: true)
            let accounts = try scope.accounts()
            XCTAssertEqual(accounts.map(\.reach), [reach])
            let (all, none) = reach == .disclosed
                ? (accounts[0].decryptable, accounts[0].encrypted) : (accounts[0].encrypted, accounts[0].decryptable)
            XCTAssertTrue(all.contains(.ssn) && none.isEmpty)
            let incident = try scope.incident(determined: Day(year: 2026, month: 11, day: 2))
            XCTAssertEqual(incident.customers, .exactly(count: 1))
            XCTAssertTrue(incident.affected.count > 4 && incident.affected.allSatisfy { $0.exposure == exposure })
            XCTAssertEqual(try scope.name(at: 0), Data("acct-stolen".utf8))
            XCTAssertFalse("\(scope) \(stolen)".contains("acct-stolen"))
        }
    }

    func testNamesAreForOfficersAndEveryQuestionIsRecorded() async throws {
        let world = try world()
        let stored = try world.customer()
        let call = try world.caseWork()
        let seen = try blocking { try call.view(stored, ["plan"]).auditIndex }
        let log = try world.cpni.audit
        let before = try log.size()
        for (who, refused): (String, ErrorCode) in [
            ("token-dana", .interactionNotEntitled), ("nobody", .interactionUnknownAgent),
        ] {
            XCTAssertEqual(code { try world.cpni.nameAccount(officerSession: who, event: seen) }, refused)
            XCTAssertEqual(
                code { try world.cpni.breachScope(officerSession: who, accesses: all, others: [], prove: false) }, refused)
        }
        let name = try await world.cpni.nameAccount(officerSession: "token-sue", event: seen)
        XCTAssertEqual(name, Data(account.utf8))
        let scope = try await world.cpni.breachScope(officerSession: "token-sue", accesses: all, prove: true)
        XCTAssertEqual(try scope.accounts().map(\.given), [[.serviceDetails]])
        XCTAssertEqual(try scope.logs().map(\.proven), [true])
        let events = try log.events(from: before, limit: 10).events
        XCTAssertEqual(events.map(\.cause), [5030, 5030, 5001, 5001, 0, 0])
        XCTAssertEqual(events.last?.kind, .scopeAsked)
    }

    func testLogsOfOtherGuardsMergeWhereTheyHaveTheSameKeys() throws {
        let keys = VectorKeys(root: [UInt8](repeating: 3, count: 32))
        let (one, other) = (try world(keys: .provider(keys)), try world(keys: .provider(keys)))
        let stored = try other.customer()
        _ = try other.caseWork().view(stored, ["plan"])
        func count(_ others: [AuditLog]) throws -> Int {
            try one.cpni.breachScope(officerSession: "token-sue", accesses: all, others: others, prove: true).accounts().count
        }
        XCTAssertEqual(try count([]), 0)
        XCTAssertEqual(try count([try other.cpni.audit]), 1)
        let strange = try world().cpni
        XCTAssertEqual(code { try count([try strange.audit]) }, .auditAnotherTenant)
    }

    func testAWitnessSeesThatALogOnlyGrew() throws {
        let world = try world()
        let log = try world.cpni.audit
        let earlier = try log.checkpoint()
        XCTAssertEqual(try log.keptCheckpoint(), earlier)
        _ = try world.customer()
        let (later, key) = (try log.checkpoint(), try log.verifyingKey())
        XCTAssertEqual(try openCheckpoint(later, verifyingKey: key).size, try log.size())
        var path = try log.proveGrowth(earlier: earlier, later: later)
        try checkGrowth(from: earlier, to: later, path: path, verifyingKey: key)
        XCTAssertEqual(code { try checkGrowth(from: later, to: earlier, path: path, verifyingKey: key) }, .proofConsistency)
        path[0][path[0].startIndex] ^= 1
        XCTAssertEqual(code { try checkGrowth(from: earlier, to: later, path: path, verifyingKey: key) }, .proofConsistency)
        XCTAssertEqual(code { try openCheckpoint("no note", verifyingKey: key) }, .proofFormat)
        XCTAssertEqual(code { try log.proveGrowth(earlier: later, later: earlier) }, .auditNotProven)
    }

    func testASignerOfTheHostsSignsAndOneThatThrowsLosesNoRecord() throws {
        let service = SigningService()
        let world = try World(options: { $0.checkpointSigner(service).checkpointEvery(events: 1, secs: 3_600) })
        let stored = try world.customer()
        let log = try world.cpni.audit
        let key = try log.verifyingKey()
        XCTAssertEqual(try openCheckpoint(try log.checkpoint(), verifyingKey: key).size, try log.size())
        XCTAssertTrue(service.asked.allSatisfy { $0.hasPrefix("cpni-guard/audit/") }, "it is asked to sign notes")
        let named = try XCTUnwrap(Data(base64Encoded: String(key.split(separator: "+", maxSplits: 2)[2])))
        XCTAssertEqual(named.suffix(32), Data(SignatureTests.key.public), "it is the service's key")

        for (number, mood) in [SigningService.Mood.throwing, .short, .wrong].enumerated() {
            service.become(mood)
            let before = try log.size()
            let call = try world.call("call-\(number)")
            try call.present(.password("correct-horse-7"))
            XCTAssertNotNil(try call.view(stored, ["plan"]).text("plan"), "disclosures go on")
            try call.end()
            XCTAssertEqual(try log.size(), before + 4, "opened, presented, viewed, ended")
            XCTAssertEqual(code { try log.checkpoint() }, .auditNotSigned)
            XCTAssertEqual(code { try log.prove(index: before) }, .auditNotSigned)
            guard case .intact(_, let size, _, _, _) = try log.verify(outside: nil) else { return XCTFail("broken") }
            XCTAssertEqual(size, before + 4)
        }
        service.become(.signs)
        XCTAssertEqual(try openCheckpoint(try log.checkpoint(), verifyingKey: key).size, try log.size(), "and then all")
        for mood in [SigningService.Mood.throwing, .short] {
            service.become(mood)
            XCTAssertEqual(code { try World(options: { $0.checkpointSigner(service) }) }, .auditNotSigned)
        }
    }

    func testALogThatWasRefusedIsSetAsideAndTheNextOneSaysSo() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cpni-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let keys = KeySource.provider(VectorKeys(root: [UInt8](repeating: 4, count: 32)))
        let first = try world(keys: keys, store: .folder(folder.path, StoreSettings(busyTimeoutMillis: 50)))
        _ = try first.customer()
        XCTAssertEqual(code { try GuardStore.setAside(folder.path) }, .storeAnotherWriter, "a guard writes it")
        let looks = try world(keys: keys, store: .folder(folder.path, StoreSettings(readOnly: true)))
        guard case .intact = try looks.cpni.audit.verify(outside: nil) else { return XCTFail("broken") }
        XCTAssertEqual(code { try looks.customer() }, .auditNotRecorded)
        looks.cpni.close()
        first.cpni.close()

        let aside = try GuardStore.setAside(folder.path)
        XCTAssertEqual(aside.log?.count, 16)
        let second = try World(
            keys: keys, store: .folder(folder.path),
            options: { $0.inPlaceOf(aside, cause: .auditBroken, decidedBy: try? World.agent("sue")) })
        let began = try second.cpni.audit.events(from: 0, limit: 10).events.first { $0.kind == .reanchored }
        XCTAssertEqual(began?.cause, 6003)
        XCTAssertEqual(began?.agent, "sue")
        XCTAssertEqual(began?.interaction, aside.log)
    }
}
