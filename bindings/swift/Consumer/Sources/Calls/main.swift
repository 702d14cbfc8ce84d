// What calls cost through the binding: the same calls, data and stores as bindings/ffi/examples/calls.rs.
//
// `Calls FOLDER` prints `name nanoseconds` a line: the lower eighth of many short rounds, which other work on
// the machine disturbs little. The folder is for the durable store.

import CpniGuard
import Foundation

let texts: KeyValuePairs<String, Value> = [
    "name": "Dana Example", "street": "12 Example Street", "city": "Exampleville NY 12345",
    "birth_date": "1984-02-29", "ssn": "987-65-4321", "account_number": "200000012345", "mobile": "2125550199",
    "email": "dana@example.com", "plan": "Unlimited Plus", "features": "Hotspot, voice mail", "lines": "2125550198",
    "imei": "490154203237518", "iccid": "8901260123456789013", "balance": "$123.45", "card": "4111111111111111",
]
let account = "8155550100"
let batch = 1_000
let rounds = 60
let times = 10

func record() throws -> Record {
    let calls = (0..<14).map { (n: UInt64) in
        CallRow(.outbound, number: "2125550123", startMicros: (1_795_440_000 + n) * 1_000_000, durationSecs: 61)
    }
    return try Record("r-1", fields: texts.map { ($0.key, $0.value) } + [("call_detail", .calls(calls))])
}

/// The lower eighth of rounds of `times` calls, in nanoseconds a call.
func eighth(rounds: Int = rounds, times: Int = times, _ call: () throws -> Void) rethrows -> UInt64 {
    var costs: [UInt64] = []
    for _ in 0..<rounds {
        let start = DispatchTime.now().uptimeNanoseconds
        for _ in 0..<times { try call() }
        costs.append((DispatchTime.now().uptimeNanoseconds - start) / UInt64(times))
    }
    return costs.sorted()[rounds / 8]
}

/// A guard with its hosts in memory, and a case of a care agent's on the account.
func work(_ store: GuardStore) throws -> (Guard, Interaction) {
    let (agents, contacts) = (try MemoryAgents(), try MemoryContacts())
    let tomorrow = UInt64(Date().timeIntervalSince1970 + 24 * 3600) * 1_000_000
    try agents.signIn(
        token: "dana",
        profile: try AgentProfile(
            id: "dana", role: .careAgent, employer: "carrier", country: "US", trainedUntilMicros: tomorrow))
    try contacts.put(id: "case-1", state: try ContactState(channel: .backOffice, live: true, agent: "dana"))
    let repository = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
    func sample(_ name: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent("examples/\(name)"), encoding: .utf8)
    }
    let cpni = try Guard(
        schema: try sample("subscriber.toml"), keys: .memory, store: store, grants: [try sample("grants.toml")],
        agents: .memory(agents), contacts: .memory(contacts))
    try cpni.setFacts(try AccountFacts(simChange: .never, business: false, survivor: false), of: account)
    let opened = try cpni.interaction(
        agentSession: "dana", account: account, purpose: .support, contact: ("case-1", .backOffice))
    return (cpni, opened)
}

func views(_ name: String, _ store: GuardStore, batches: Int) throws {
    let (cpni, opened) = try work(store)
    let sealed = try cpni.protect(try record(), account: account).sealed
    let names = texts.map { FieldRequest($0.key) } + ["call_detail"]
    func look(at view: DisclosedView) throws {
        var length = 0
        try view.withAllBytes { _, bytes in length += bytes?.count ?? 0 }
        precondition(length > 100, "a view that shows nothing measures nothing")
    }
    func look(at record: RecordView) throws {
        var length = 0
        try record.withAllBytes { _, bytes in length += bytes?.count ?? 0 }
        precondition(length > 100, "a view that shows nothing measures nothing")
    }
    let view = try eighth { try look(at: try opened.view(.record(sealed, id: "r-1"), names)) }
    print("view16-\(name) \(view)")
    let many = [Data](repeating: sealed, count: batch)
    let batched = try eighth(rounds: batches, times: 1) {
        let batch = try opened.viewBatch(of: many, id: "r-1", names)
        defer { batch.close() }
        for record in batch { try look(at: try record.get()) }
    }
    print("batch1000-\(name) \(batched)")
    let separate = try eighth(rounds: batches, times: 1) {
        for view in try opened.views(of: many, id: "r-1", names) { try look(at: try view.get()) }
    }
    print("views1000-\(name) \(separate)")
}

guard CommandLine.arguments.count == 2 else { fatalError("which folder?") }

let clock = try ManualClock(micros: 0)
print("empty \(try eighth(times: 1_000) { _ = try clock.micros() })")
let (cpni, _) = try work(.memory)
print("protect16 \(try eighth { _ = try cpni.protect(try record(), account: account) })")
try views("memory", .memory, batches: 16)
try views("durable", .folder(CommandLine.arguments[1]), batches: 3)
