// A carrier for tests: the sample schema and grants, its systems in memory, a clock that stands still.

import CpniGuard
import Foundation
import XCTest

/// The repository's root: vectors and samples are read where Rust reads them.
let repository = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }

func text(_ path: String) throws -> String {
    try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
}

let noon: UInt64 = 1_795_953_600_000_000
let account = "8155550100"

struct Facts {
    static func ordinary() throws -> AccountFacts {
        try AccountFacts(simChange: .never, business: false, survivor: false)
    }
}

/// The facts of ordinary accounts.
final class OrdinaryAccounts: AccountFactSource {
    func accountFacts(account: String) throws -> AccountFacts { try Facts.ordinary() }
}

/// A list with one number that belongs to nobody.
final class SampleHotlines: HotlineSource {
    func released() throws -> UInt64 { noon - 20 * 24 * 3_600_000_000 }
    func numbers() throws -> [String] { ["8005550199"] }
}

struct World {
    let clock: ManualClock
    let agents: MemoryAgents
    let contacts: MemoryContacts
    let cpni: Guard

    init(
        keys: KeySource = .memory, store: GuardStore = .memory, schema: String? = nil, grants: String? = nil,
        options: (GuardOptions) -> GuardOptions = { $0 }
    ) throws {
        clock = try ManualClock(micros: noon)
        agents = try MemoryAgents()
        contacts = try MemoryContacts()
        cpni = try Guard(
            schema: try schema ?? text("examples/subscriber.toml"), keys: keys, store: store,
            grants: [try grants ?? text("examples/grants.toml")], agents: .memory(agents),
            contacts: .memory(contacts),
            options: options(
                GuardOptions().clock(clock).accountFacts(OrdinaryAccounts()).hotlines(SampleHotlines())))
        try agents.signIn(token: "token-dana", profile: try World.agent("dana"))
    }

    static func agent(_ id: String, mayApprove: Bool = false) throws -> AgentProfile {
        try AgentProfile(
            id: id, role: .careAgent, employer: "carrier", country: "US",
            trainedUntilMicros: noon + 90 * 24 * 3_600_000_000, mayApprove: mayApprove)
    }

    /// A call of dana's that goes on.
    func call(_ id: String = "call-1", purpose: Purpose = .support, on account: String = account) throws -> Interaction {
        try contacts.put(id: id, state: try ContactState(channel: .phoneInbound, live: true, agent: "dana"))
        return try cpni.interaction(
            agentSession: "token-dana", account: account, purpose: purpose, contact: (id, .phoneInbound))
    }

    /// A customer who is signed in online, after the password.
    func online() throws -> Interaction {
        try agents.signIn(
            token: "token-customer",
            profile: try AgentProfile(id: "customer", role: .customer, employer: "none", ownAccount: account))
        try contacts.put(id: "web-1", state: try ContactState(channel: .online, live: true, agent: "customer"))
        let online = try cpni.interaction(
            agentSession: "token-customer", account: account, purpose: .support, contact: ("web-1", .online))
        try online.present(.password("correct-horse-7"))
        return online
    }

    /// A case of an agent's: what a care agent may see at all.
    func caseWork(
        _ id: String = "case-1", on account: String = account, by agent: String = "dana"
    ) throws -> Interaction {
        try agents.signIn(token: "token-\(agent)", profile: try World.agent(agent))
        try contacts.put(id: id, state: try ContactState(channel: .backOffice, live: true, agent: agent))
        return try cpni.interaction(
            agentSession: "token-\(agent)", account: account, purpose: .support, contact: (id, .backOffice))
    }

    /// The sample customer, sealed, with a password.
    func customer() throws -> Stored {
        try cpni.importSecret(.password, of: account, "correct-horse-7")
        return .record(try cpni.protect(try sample(), account: account).sealed, id: "r-1")
    }
}

/// What must be seen nowhere but in a disclosure.
let canaries = [
    "Canary Finch", "12 Canary Street", "Canaryville NY 12345", "1984-02-29", "987-65-4321", "200000012345",
    "2125550199", "canary@example.com", "Canary Unlimited", "Canary Feature", "2125550198", "490154203237518",
    "8901260123456789013", "$123.45", "4111111111111111", "2125550123", "Canary Place",
]

func sample() throws -> Record {
    try Record(
        "r-1",
        [
            "name": "Canary Finch", "street": "12 Canary Street", "city": "Canaryville NY 12345",
            "birth_date": "1984-02-29", "ssn": "987-65-4321", "account_number": "200000012345",
            "mobile": "2125550199", "email": "canary@example.com", "plan": "Canary Unlimited",
            "features": "Canary Feature", "lines": "2125550198", "imei": "490154203237518",
            "iccid": "8901260123456789013", "balance": "$123.45", "card": "4111111111111111",
            "call_detail": .calls([
                CallRow(.outbound, number: "2125550123", startMicros: noon - 3_600_000_000, durationSecs: 61, place: "Canary Place"),
                CallRow(.inbound, number: "2125550124", startMicros: noon - 60_000_000, durationSecs: 0),
            ]),
        ])
}

/// The code that something fails with.
func code<T>(_ work: () throws -> T, file: StaticString = #filePath, line: UInt = #line) -> ErrorCode? {
    do {
        _ = try work()
        return nil
    } catch {
        let known = (error as? CpniError)?.known
        XCTAssertNotNil(known, "\(type(of: error)) is no CpniError with a known code", file: file, line: line)
        return known
    }
}

extension DisclosedView {
    /// The text of a field that is given out.
    func text(_ name: String) throws -> String? {
        guard case .disclosed(let secret) = try field(name) else { return nil }
        return try secret.withText { $0 }
    }
}

/// Calls something that has an `async` variant from a test that is `async`.
func blocking<T>(_ work: () throws -> T) rethrows -> T { try work() }
