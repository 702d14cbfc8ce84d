// The carrier's back end: the only place with a guard, the sealed table, and the carrier's own systems.
//
// It runs in the same process here. In a carrier's house it is a server, and what crosses to the agent's
// machine is what these methods take and give: ids, words, and bytes that only the session there opens.

import CpniGuard
import Foundation

/// A customer contact that goes on.
private struct OpenContact {
    let interaction: Interaction
    let stored: Stored
}

/// What became of the audit log.
struct LogVerdict {
    let isIntact: Bool
    let events: UInt64
    let seenByAgent: Int
    /// The keys of the machines that asked for views.
    let machines: Set<String>
}

final class BackEnd {
    /// What crosses of an error: its number and its name.
    struct Refused: Error {
        let error: String
        let name: String
    }

    static let threePm: UInt64 = 1_795_446_000_000_000 // 2026-11-23T15:00:00Z
    static let session = "token-of-a-1017"
    static let password = "plum-harbor-19"

    private let cpni: Guard
    private let clock: ManualClock
    private let contacts: MemoryContacts
    private var table: [String: Data] = [:]
    private var open: [String: OpenContact] = [:]

    /// - Parameter samples: The folder of the sample schema and grants.
    init(samples: URL) throws {
        func text(_ name: String) throws -> String {
            try String(contentsOf: samples.appendingPathComponent(name), encoding: .utf8)
        }
        clock = try ManualClock(micros: BackEnd.threePm)
        contacts = try MemoryContacts()
        let agents = try MemoryAgents()
        try agents.signIn(
            token: BackEnd.session,
            profile: try AgentProfile(
                id: "a-1017", role: .careAgent, employer: "carrier", country: "US",
                trainedUntilMicros: BackEnd.threePm + 90 * 24 * 3_600_000_000))
        cpni = try Guard(
            schema: try text("subscriber.toml"), keys: .memory, store: .memory, grants: [try text("grants.toml")],
            agents: .memory(agents), contacts: .memory(contacts), options: GuardOptions().clock(clock))
        try seal("acct-000042", "Dana Example", plan: "Unlimited Plus, 3 lines", balance: "$84.20", survivor: false)
        try seal("acct-000043", "Lee Sample", plan: "Prepaid 15", balance: "$0.00", survivor: nil)
        try cpni.importSecret(.password, of: "acct-000042", BackEnd.password)
    }

    /// The telephony puts a call through.
    func ring(_ id: String, for agent: String = "a-1017") throws {
        try contacts.put(id: id, state: try ContactState(channel: .phoneInbound, live: true, agent: agent))
    }

    func hangUp(_ id: String) throws {
        try contacts.finish(id: id)
    }

    /// The agent opens an account in a contact.
    func open(_ account: String, contact: String) throws {
        guard let sealed = table[account] else { throw CpniError(.sealedNoSuchField) }
        let interaction = try cpni.interaction(
            agentSession: BackEnd.session, account: account, purpose: .support, contact: (contact, .phoneInbound))
        open[contact] = OpenContact(interaction: interaction, stored: .record(sealed, id: "line-1"))
    }

    func isPassword(_ said: String, in contact: String) throws -> Bool {
        try running(contact).interaction.present(.password(said)) == .match
    }

    /// The answer to a request of the agent's machine, sealed for it.
    func view(_ fields: [String], in contact: String, request: Data) throws -> Data {
        let contact = try running(contact)
        do {
            return try contact.interaction.viewForDevice(
                contact.stored, fields.map { FieldRequest($0) }, request: request)
        } catch {
            throw Refused(error: "\(error)", name: error.known?.name ?? "")
        }
    }

    func end(_ contact: String) throws {
        try open.removeValue(forKey: contact)?.interaction.end()
    }

    func log() throws -> LogVerdict {
        let log = try cpni.audit
        let seen = try log.seenBy(agent: "a-1017", fromMicros: 0, untilMicros: .max, skip: 0, limit: 1_000)
        let key = try log.verifyingKey()
        let asked = try (0..<(try log.size()))
            .map { try checkEventProof(try log.prove(index: $0), verifyingKey: key) }
            .filter { $0.kind == .deviceAsked }
        let isIntact: Bool, events: UInt64
        switch try log.verify(outside: nil) {
        case .intact(_, let size, _, _, _): (isIntact, events) = (true, size)
        case .broken(let event, _): (isIntact, events) = (false, event)
        }
        return LogVerdict(
            isIntact: isIntact, events: events, seenByAgent: seen.events.count, machines: Set(asked.compactMap(\.basis)))
    }

    private func running(_ contact: String) throws -> OpenContact {
        guard let contact = open[contact] else { throw CpniError(.interactionEnded) }
        return contact
    }

    private func seal(_ account: String, _ name: String, plan: String, balance: String, survivor: Bool?) throws {
        let calls = (0..<3).map { (n: UInt64) in
            CallRow(
                n == 1 ? .inbound : .outbound, number: "202555018\(n)",
                startMicros: BackEnd.threePm - (n + 1) * 3_600_000_000, durationSecs: 61 * UInt32(n + 1))
        }
        let record = try Record(
            "line-1",
            [
                "name": .text(name), "plan": .text(plan), "balance": .text(balance), "ssn": "987-65-4321",
                "call_detail": .calls(calls),
            ])
        table[account] = try cpni.protect(record, account: account).sealed
        try cpni.setFacts(
            try AccountFacts(
                address: "post-1", addressSinceMicros: BackEnd.threePm - 212 * 24 * 3_600_000_000, simChange: .never,
                business: false, survivor: survivor),
            of: account)
    }
}
