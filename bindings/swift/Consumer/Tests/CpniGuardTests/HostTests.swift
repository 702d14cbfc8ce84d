// Hosts that fail, threads that share a guard, and memory that does not grow.

import CpniGuard
import Foundation
import XCTest

/// An error whose text must go nowhere.
struct Leaky: Error, CustomStringConvertible {
    var description: String { canaries[0] }
}

final class FailingAgents: AgentDirectory {
    func agent(session: String) throws -> AgentProfile? { throw Leaky() }
}

final class FailingContacts: ContactSource {
    func contact(id: String) throws -> ContactState? { throw HostFailure.Unavailable }
}

final class FailingAccounts: AccountFactSource {
    func accountFacts(account: String) throws -> AccountFacts { throw Leaky() }
}

final class FailingDelivery: Delivery {
    func send(account: String, to: String, values: Data) throws { throw Leaky() }
    func sendCode(account: String, to: CodeTo, address: String?, code: Data) throws { throw Leaky() }
    func callBack(account: String) throws { throw Leaky() }
}

final class FailingKeys: KeyProvider {
    func wrapKey(key: Data) throws -> Data { throw Leaky() }
    func unwrapKey(wrapped: Data) throws -> Data { throw Leaky() }
    func loadDocument() throws -> Data? { throw Leaky() }
    func storeDocument(document: Data) throws { throw Leaky() }
}

final class FailingHotlines: HotlineSource {
    func released() throws -> UInt64 { throw Leaky() }
    func numbers() throws -> [String] { throw Leaky() }
}

/// A host's clock that stops answering.
final class StoppedClock: GuardClock, @unchecked Sendable {
    private let lock = NSLock()
    private var stopped = false
    func stop() { lock.withLock { stopped = true } }
    func nowMicros() throws -> UInt64 {
        if lock.withLock({ stopped }) { throw Leaky() }
        return noon
    }
}

/// A host whose answer calls the interaction that is asking.
final class Reentrant: AccountFactSource, @unchecked Sendable {
    private let lock = NSLock()
    private var calling: (@Sendable () -> Void)?
    func then(_ call: @escaping @Sendable () -> Void) { lock.withLock { calling = call } }
    func accountFacts(account: String) throws -> AccountFacts {
        lock.withLock { calling }?()
        return try Facts.ordinary()
    }
}

final class HostTests: XCTestCase {
    func testADirectoryThatThrowsOpensNothing() throws {
        let cpni = try Guard(
            schema: try text("examples/subscriber.toml"), keys: .memory, store: .memory,
            grants: [try text("examples/grants.toml")], agents: .directory(FailingAgents()),
            contacts: .memory(try MemoryContacts()))
        do {
            _ = try cpni.interaction(agentSession: "token", account: account, purpose: .support)
            XCTFail("opened")
        } catch {
            XCTAssertEqual(error.known, .interactionDirectoryUnavailable)
            XCTAssertEqual("\(error) \(error.localizedDescription) \(String(reflecting: error))".contains(canaries[0]), false)
        }
    }

    func testAContactSourceThatThrowsWithholds() throws {
        let agents = try MemoryAgents()
        try agents.signIn(token: "token-dana", profile: try World.agent("dana"))
        let cpni = try Guard(
            schema: try text("examples/subscriber.toml"), keys: .memory, store: .memory,
            grants: [try text("examples/grants.toml")], agents: .memory(agents),
            contacts: .source(FailingContacts()),
            options: GuardOptions().accountFacts(OrdinaryAccounts()))
        let sealed = try cpni.protect(try sample(), account: account).sealed
        let call = try cpni.interaction(
            agentSession: "token-dana", account: account, purpose: .support, contact: ("case-1", .backOffice))
        let view = try call.view(.record(sealed, id: "r-1"), ["plan", "name"])
        for field in view.fields {
            guard case .withheld = field else { return XCTFail("disclosed") }
        }
    }

    func testFactsHotlinesAndDeliveryThatThrowWithhold() throws {
        let world = try World(options: { $0.accountFacts(FailingAccounts()).delivery(FailingDelivery()) })
        let stored = try world.customer()
        let view = try world.call().view(stored, ["plan"])
        XCTAssertNil(try view.text("plan"))
        XCTAssertNotNil(code { try world.call("call-2").callBack() })

        // A customer's own call log, online: the list decides what may be shown.
        for (list, isShown): (any HotlineSource, Bool) in [(SampleHotlines(), true), (FailingHotlines(), false)] {
            let world = try World(options: { $0.hotlines(list) })
            let record = try world.customer()
            let shown = try world.online().view(record, ["call_detail"]).field("call_detail")
            if case .disclosed = shown { XCTAssertTrue(isShown) } else { XCTAssertFalse(isShown) }
        }
    }

    func testAKeyStoreThatThrowsBuildsNoGuard() throws {
        XCTAssertEqual(code { try World(keys: .provider(FailingKeys(), create: true)) }, .keyProvider)
    }

    func testAClockThatThrowsEndsWhatGoesOn() throws {
        let clock = StoppedClock()
        let world = try World(options: { $0.clock(clock) })
        let stored = try world.customer()
        let call = try world.caseWork()
        let view = try call.view(stored, ["plan"])
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
        clock.stop()
        XCTAssertNotNil(code { try call.view(stored, ["plan"]) })
        XCTAssertNotNil(code { try view.text("plan") })
    }

    func testACallbackThatCallsItsInteractionIsRefusedAndNotHung() throws {
        let host = Reentrant()
        let world = try World(options: { $0.accountFacts(host) })
        let stored = try world.customer()
        let call = try world.caseWork()
        let seen = Found()
        host.then { [weak call] in
            guard let call else { return }
            seen.add(code { try call.view(stored, ["plan"]) })
        }
        _ = try? call.view(stored, ["plan"])
        if seen.all.isEmpty { _ = try? call.decide(.simChange) }
        XCTAssertFalse(seen.all.isEmpty, "the host was never asked")
        XCTAssertTrue(seen.all.allSatisfy { $0 == .bindingBusy })
    }

    func testEightThreadsShareAGuard() throws {
        let world = try World()
        let stored = try world.customer()
        let errors = Found()
        let threads = (0..<8).map { thread in
            Thread {
                do {
                    let id = "case-\(thread)"
                    let mine = "81555502\(thread)0"
                    let sealed = try world.cpni.protect(try Record("r-1", ["plan": .text("Plan \(thread)")]), account: mine)
                    let call = try world.caseWork(id, on: mine, by: "agent-\(thread)")
                    for _ in 0..<100 {
                        let plan = try call.view(.record(sealed.sealed, id: "r-1"), ["plan"]).text("plan")
                        if plan != "Plan \(thread)" { errors.add(.discloseWithheld) }
                    }
                    // Another account's record stays shut.
                    if code({ try call.view(stored, ["plan"]) }) != .sealedCommitment { errors.add(.discloseWithheld) }
                    try call.end()
                } catch {
                    errors.add((error as? CpniError)?.known)
                }
                errors.done()
            }
        }
        threads.forEach { $0.start() }
        errors.wait(for: 8)
        XCTAssertEqual(errors.all, [])
        guard case .intact = try world.cpni.audit.verify(outside: nil) else { return XCTFail("the log was changed") }
    }

    func testAHundredThousandDisclosuresDoNotGrowMemory() throws {
        // The audit log in memory grows by design, so it is in files here.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let world = try World(store: .folder(folder.path))
        let stored = try world.customer()
        let call = try world.caseWork()
        var disclosed = 0
        let one: [FieldRequest] = ["name", "street", "plan", "features", "lines", "imei", "iccid", "balance", "mobile", "email"]
        func round(_ views: Int) throws {
            for _ in 0..<views {
                let view = try call.view(stored, one)
                for field in view.fields {
                    guard case .disclosed(let secret) = field else { return XCTFail("withheld") }
                    disclosed += try secret.withBytes { $0.isEmpty ? 0 : 1 }
                }
            }
        }
        try round(1_000)
        let before = try residentKiB()
        try round(10_000)
        let grown = try residentKiB() - before
        XCTAssertEqual(disclosed, 110_000)
        XCTAssertLessThan(grown, 8 * 1024, "KiB more after 100,000 disclosures")
    }
}

/// What threads and callbacks found.
final class Found: @unchecked Sendable {
    private let lock = NSCondition()
    private var found: [ErrorCode?] = []
    private var finished = 0

    var all: [ErrorCode?] { lock.withLock { found } }
    func add(_ code: ErrorCode?) { lock.withLock { found.append(code) } }
    func done() {
        lock.withLock {
            finished += 1
            lock.broadcast()
        }
    }
    func wait(for count: Int) {
        lock.withLock { while finished < count { lock.wait() } }
    }
}

func residentKiB() throws -> Int {
    #if os(Linux)
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try XCTUnwrap(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try XCTUnwrap(Int(line.filter(\.isNumber)))
    #else
        throw XCTSkip("resident memory is read from /proc")
    #endif
}
