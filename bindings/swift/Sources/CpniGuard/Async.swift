// The same calls for code that must not block: the main actor, or a cooperative thread.
//
// Each runs on a thread of its own. A task that is cancelled meanwhile does not stop a call: what was
// recorded as disclosed stays recorded.

import Dispatch
import Foundation

private let queue = DispatchQueue(label: "cpni-guard", qos: .userInitiated, attributes: .concurrent)

private func away<T: Sendable>(_ work: @escaping @Sendable () throws(CpniError) -> T) async throws(CpniError) -> T {
    let result: Result<T, CpniError> = await withCheckedContinuation { continuation in
        queue.async {
            do throws(CpniError) {
                continuation.resume(returning: .success(try work()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    return try result.get()
}

extension Guard {
    /// Seals a record of an account, on another thread: see the synchronous variant.
    public func protect(_ record: Record, account: String) async throws(CpniError) -> ProtectedRecord {
        try await away { () throws(CpniError) in try self.protect(record, account: account) }
    }

    /// Seals many records, on another thread: see the synchronous variant.
    public func protect(
        _ records: [(account: String, record: Record)]
    ) async throws(CpniError) -> [Result<ProtectedRecord, CpniError>] {
        try await away { () throws(CpniError) in try self.protect(records) }
    }

    /// Opens an interaction, on another thread: see the synchronous variant.
    public func interaction(
        agentSession: String, account: String, purpose: Purpose, contact: (id: String, channel: Channel)? = nil
    ) async throws(CpniError) -> Interaction {
        try await away { () throws(CpniError) in
            try self.interaction(agentSession: agentSession, account: account, purpose: purpose, contact: contact)
        }
    }
}

extension Guard {
    /// Whose data an incident touched, on another thread: it reads the log. See the synchronous variant.
    public func breachScope(
        officerSession: String, accesses: IncidentAccesses?, stolen: StolenRecords? = nil, others: [AuditLog] = [],
        prove: Bool
    ) async throws(CpniError) -> BreachScope {
        try await away { () throws(CpniError) in
            try self.breachScope(
                officerSession: officerSession, accesses: accesses, stolen: stolen, others: others, prove: prove)
        }
    }

    /// The account of one event of the log, on another thread: see the synchronous variant.
    public func nameAccount(officerSession: String, event: UInt64) async throws(CpniError) -> Data? {
        try await away { () throws(CpniError) in try self.nameAccount(officerSession: officerSession, event: event) }
    }
}

extension Guard {
    /// Searches for accounts, on another thread: see the synchronous variant.
    public func search(
        agentSession: String, contact: (id: String, channel: Channel)?, purpose: Purpose, index: String, stated: [String]
    ) async throws(CpniError) -> SearchDecision {
        try await away { () throws(CpniError) in
            try self.search(agentSession: agentSession, contact: contact, purpose: purpose, index: index, stated: stated)
        }
    }

    /// Makes a vault token, on another thread: see the synchronous variant.
    public func issueToken(
        account: String, _ stored: Stored, field: String, terms: TokenTerms
    ) async throws(CpniError) -> VaultToken {
        try await away { () throws(CpniError) in
            try self.issueToken(account: account, stored, field: field, terms: terms)
        }
    }

    /// Revokes a vault token, on another thread: see the synchronous variant.
    public func revokeToken(_ token: VaultToken) async throws(CpniError) -> Bool {
        try await away { () throws(CpniError) in try self.revokeToken(token) }
    }

    /// Erases an account, on another thread: see the synchronous variant.
    public func erase(
        account: String, agentSession: String, caseId: String, backupsExpire: Day? = nil, columns: [String] = []
    ) async throws(CpniError) -> ErasureReceipt {
        try await away { () throws(CpniError) in
            try self.erase(
                account: account, agentSession: agentSession, caseId: caseId, backupsExpire: backupsExpire, columns: columns)
        }
    }

    /// The host deleted what a column held, on another thread: see the synchronous variant.
    public func confirmDeleted(
        account: String, column: String, agentSession: String
    ) async throws(CpniError) -> ErasureReceipt {
        try await away { () throws(CpniError) in
            try self.confirmDeleted(account: account, column: column, agentSession: agentSession)
        }
    }

    /// Seals plain values, on another thread: see the synchronous variant.
    public func migrate(
        _ values: [ColumnValue]
    ) async throws(CpniError) -> (results: [Result<Migrated, CpniError>], report: MigrationReport) {
        try await away { () throws(CpniError) in try self.migrate(values) }
    }
}

extension Search {
    /// Compares the rows, on another thread: see the synchronous variant.
    public func find(_ rows: [Row]) async throws(CpniError) -> FoundAccounts {
        try await away { () throws(CpniError) in try self.find(rows) }
    }
}

extension ResealJob {
    /// Seals again, on another thread: see the synchronous variant.
    public func batch(_ rows: [Row]) async throws(CpniError) -> [Result<Reseal, CpniError>] {
        try await away { () throws(CpniError) in try self.batch(rows) }
    }
}

extension TokenColumn {
    /// The tokens of values, on another thread: see the synchronous variant.
    public func tokenise(_ values: [String]) async throws(CpniError) -> [Result<Token, CpniError>] {
        try await away { () throws(CpniError) in try self.tokenise(values) }
    }
}

extension Interaction {
    /// Asks to see what a vault token stands for, on another thread: see the synchronous variant.
    public func detokenise(_ token: VaultToken) async throws(CpniError) -> DisclosedView {
        try await away { () throws(CpniError) in try self.detokenise(token) }
    }

    /// Presents a secret, on another thread: comparing a password takes some 50 ms by design.
    @discardableResult
    public func present(_ evidence: Evidence) async throws(CpniError) -> Presented {
        try await away { () throws(CpniError) in try self.present(evidence) }
    }

    /// Asks to see fields, on another thread: see the synchronous variant.
    public func view(_ stored: Stored, _ fields: [FieldRequest]) async throws(CpniError) -> DisclosedView {
        try await away { () throws(CpniError) in try self.view(stored, fields) }
    }

    /// Asks the same of several records, on another thread: see the synchronous variant.
    public func views(
        of records: [Data], id: String, _ fields: [FieldRequest]
    ) async throws(CpniError) -> [Result<DisclosedView, CpniError>] {
        try await away { () throws(CpniError) in try self.views(of: records, id: id, fields) }
    }

    /// Asks the same of many records, with every value, on another thread: see the synchronous variant.
    public func viewBatch(
        of records: [Data], id: String, _ fields: [FieldRequest]
    ) async throws(CpniError) -> BatchView {
        try await away { () throws(CpniError) in try self.viewBatch(of: records, id: id, fields) }
    }

    /// Asks to see fields for an agent's machine, on another thread: see the synchronous variant.
    public func viewForDevice(
        _ stored: Stored, _ fields: [FieldRequest], request: Data
    ) async throws(CpniError) -> Data {
        try await away { () throws(CpniError) in try self.viewForDevice(stored, fields, request: request) }
    }

    /// Compares what the customer stated, on another thread: see the synchronous variant.
    public func verify(_ stored: Stored, field: String, stated: String) async throws(CpniError) -> Comparison {
        try await away { () throws(CpniError) in try self.verify(stored, field: field, stated: stated) }
    }

    /// Sends fields to the address of record, on another thread: see the synchronous variant.
    public func sendToAddressOfRecord(
        _ stored: Stored, _ fields: [FieldRequest]
    ) async throws(CpniError) -> SendReceipt {
        try await away { () throws(CpniError) in try self.sendToAddressOfRecord(stored, fields) }
    }

    /// Decides an action, on another thread: see the synchronous variant.
    public func decide(_ action: Action) async throws(CpniError) -> ActionDecision {
        try await away { () throws(CpniError) in try self.decide(action) }
    }

    /// Ends the interaction, on another thread: see the synchronous variant.
    public func end() async throws(CpniError) {
        try await away { () throws(CpniError) in try self.end() }
    }
}

extension Interaction {
    /// Asks for a change, on another thread: see the synchronous variant.
    public func request(_ change: ChangeRequest) async throws(CpniError) -> Requested {
        try await away { () throws(CpniError) in try self.request(change) }
    }

    /// Leave to carry out a transaction, on another thread: see the synchronous variant.
    public func permit(_ id: String, _ change: ChangeRequest) async throws(CpniError) -> ExecutePermit {
        try await away { () throws(CpniError) in try self.permit(id, change) }
    }

    /// Uses a permit, on another thread: see the synchronous variant.
    public func execute(_ permit: ExecutePermit, _ change: ChangeRequest) async throws(CpniError) -> Execution {
        try await away { () throws(CpniError) in try self.execute(permit, change) }
    }
}

extension Transactions {
    /// A second person approves, on another thread: see the synchronous variant.
    public func approve(
        account: String, id: String, shown: ChangeRequest, approverSession: String
    ) async throws(CpniError) {
        try await away { () throws(CpniError) in
            try self.approve(account: account, id: id, shown: shown, approverSession: approverSession)
        }
    }

    /// Leave to carry out a transaction that waited, on another thread: see the synchronous variant.
    public func permit(account: String, id: String, _ change: ChangeRequest) async throws(CpniError) -> ExecutePermit {
        try await away { () throws(CpniError) in try self.permit(account: account, id: id, change) }
    }

    /// Uses a permit up, on another thread: see the synchronous variant.
    public func execute(_ permit: ExecutePermit, _ change: ChangeRequest) async throws(CpniError) -> Execution {
        try await away { () throws(CpniError) in try self.execute(permit, change) }
    }

    /// The host carried it out, on another thread: see the synchronous variant.
    public func confirm(_ execution: Execution) async throws(CpniError) {
        try await away { () throws(CpniError) in try self.confirm(execution) }
    }
}
