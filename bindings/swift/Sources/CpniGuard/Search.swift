// Accounts found by what somebody states, and the terms that rows are looked up by.

import CpniGuardFFI
import Foundation

/// How many bits a term has, and what that comes to.
public typealias IndexPlan = CpniGuardFFI.IndexPlan
/// An index of the schema.
public typealias SchemaIndex = CpniGuardFFI.SchemaIndex
/// How many rows an index is over, and how their values are spread.
public typealias Population = CpniGuardFFI.Population

/// The term of a row for the column of an index. Rows whose terms agree may be alike: it prints its length and key
/// version only.
public struct IndexTerm: Sendable, Hashable {
    /// The bytes that a row stores: 6 to 9.
    public let bytes: Data
    /// The version of the data root that it was made under.
    public let keyVersion: UInt32
    /// How many bits it has.
    public let bits: UInt8

    /// Bytes of a database.
    ///
    /// - Throws: ``ErrorCode/tokenTermFormat`` if they are no term.
    public init(_ bytes: Data) throws(CpniError) {
        let info = try cpni { try indexTermInfo(term: try lendable(bytes)) }
        (self.bytes, keyVersion, bits) = (bytes, info.keyVersion, info.bits)
    }

    /// A term from its text.
    ///
    /// - Throws: ``ErrorCode/tokenTermFormat``.
    public init(text: String) throws(CpniError) {
        try self.init(try cpni { try indexTermFromText(text: text) })
    }

    /// The text that a row stores, if it stores text: base64url.
    public var text: String {
        get throws(CpniError) { try cpni { try indexTermToText(term: bytes) } }
    }
}

extension IndexTerm: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Its key version and length.
    public var description: String { "IndexTerm(keyVersion: \(keyVersion), bits: \(bits))" }
    /// As ``description``.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension CpniGuardFFI.ProtectedRecord {
    /// The terms for the columns of the schema's indexes, by index, in the same row. Replace the old ones with them.
    public func indexTerms() throws(CpniError) -> [String: IndexTerm] { try IndexTerm.byIndex(terms) }
}

/// A row of the host's: sealed bytes, and whose they are. It names an account, so it prints nothing.
public struct Row: Sendable {
    /// Whose.
    public let account: String
    /// What.
    public let stored: Stored

    /// Sealed bytes of an account.
    public init(account: String, _ stored: Stored) {
        (self.account, self.stored) = (account, stored)
    }
}

/// What was decided of a search. It is recorded either way.
public enum SearchDecision: Sendable {
    /// It may go on.
    case allowed(Search)
    /// It is refused, for each of these fields of the index, with what would help.
    case withheld([Withheld])
}

/// A search that may go on: look rows up by its terms, and hand them to ``find(_:)``, once.
public final class Search: Sendable {
    let raw: CpniGuardFFI.Search
    /// What to look up: one term for each key version that rows may have, so that nothing is missed while one rotates.
    public let terms: [IndexTerm]
    /// The decision on each field of the index.
    public let answers: [Answer]
    /// The number of the audit event that records the decision, from 0.
    public let auditIndex: UInt64

    init(_ answer: SearchAnswer) throws(CpniError) {
        raw = answer.search
        terms = try answer.terms.map { (term) throws(CpniError) in try IndexTerm(term) }
        (answers, auditIndex) = (answer.answers, answer.auditIndex)
    }

    /// Compares the rows that the host found, 4,096 at most, and gives out the accounts that match, each recorded before.
    ///
    /// - Throws: ``ErrorCode/interactionTooManyCandidates`` or ``ErrorCode/interactionTooManyFound``: state more, or search
    ///   by an index of more fields; ``ErrorCode/auditNotRecorded``; ``ErrorCode/bindingUsedUp`` the second time.
    public func find(_ rows: [Row]) throws(CpniError) -> FoundAccounts {
        let rows = try WipedBytes.list(rows, Row.write)
        return try cpni {
            let found = try rows.withData { try raw.find(rows: $0) }
            return FoundAccounts(
                accounts: try found.accounts().map { String(decoding: $0, as: UTF8.self) },
                unreadable: try found.unreadable())
        }
    }
}

/// What a search found. It names accounts, so it prints nothing; opening one is a disclosure like any other.
public struct FoundAccounts: Sendable {
    /// The accounts, in the order of the candidates: ten at most.
    public let accounts: [String]
    /// How many candidates did not open as records of their account.
    public let unreadable: UInt64
}

extension Guard {
    /// Searches for accounts by what somebody states: a text for each field of the index, in its order. For a care agent
    /// from the live contact, for the back office from its case. Counted, watched and recorded, also where it is refused.
    ///
    /// - Throws: ``ErrorCode/tokenUnknownIndex``, ``ErrorCode/interactionStatedValues``;
    ///   ``ErrorCode/interactionLockedOut`` or ``ErrorCode/interactionHeldBack`` where one agent, contact or case has
    ///   searched too often: it passes with time, or a second person lifts it (``liftWatch(agent:approverSession:)``);
    ///   ``ErrorCode/auditNotRecorded``: nothing is searched for then.
    public func search(
        agentSession: String, contact: (id: String, channel: Channel)?, purpose: Purpose, index: String, stated: [String]
    ) throws(CpniError) -> SearchDecision {
        let stated = try WipedBytes.list(stated) { (text, out) throws(CpniError) in
            try out.part32 { (out) throws(CpniError) in out.text(text) }
        }
        let answer = try cpni {
            try stated.withData {
                try raw.search(
                    agentSession: agentSession, contact: contact?.id, channel: contact?.channel, purpose: purpose,
                    index: index, stated: $0)
            }
        }
        if answer.allowed { return .allowed(try Search(answer)) }
        let refused = answer.answers.indices.filter { answer.answers[$0].outcome == .withhold }
        return .withheld(refused.map { Withheld(answer: answer.answers[$0], source: .decisions(answer.why, UInt32($0))) })
    }

    /// Whether each of these terms of rows is old: ``reindex(_:)`` their rows before the version's key is destroyed.
    ///
    /// - Throws: ``ErrorCode/tokenUnknownIndex``, ``ErrorCode/bindingLayout`` for more than 10,000.
    public func needsReindex(index: String, _ terms: [IndexTerm]) throws(CpniError) -> [Bool] {
        let terms = try WipedBytes.list(terms, IndexTerm.write)
        let ages = try cpni { try terms.withData { try raw.needsReindex(index: index, terms: $0) } }
        return try ages.map { (age) throws(CpniError) in
            switch age {
            case .current: false
            case .old: true
            case .failed(let code): throw .Failed(code: code)
            }
        }
    }

    /// New terms for rows that are sealed already, by index, with a result for each row: for the worker that goes through
    /// the rows.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` for more than 10,000.
    public func reindex(_ rows: [Row]) throws(CpniError) -> [Result<[String: IndexTerm], CpniError>] {
        let rows = try WipedBytes.list(rows, Row.write)
        return try cpni { try rows.withData { try raw.reindex(rows: $0) } }.map { (result) throws(CpniError) in
            switch result {
            case .terms(let terms): .success(try IndexTerm.byIndex(terms))
            case .failed(let code): .failure(.Failed(code: code))
            }
        }
    }

    /// The indexes of the schema.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func schemaIndexes() throws(CpniError) -> [SchemaIndex] {
        try cpni { try raw.schemaIndexes() }
    }
}

extension CpniGuardFFI.Population {
    /// The longest term for this population that points at nobody. An estimate: measure with your data.
    ///
    /// - Throws: Why there is none (3130 to 3135).
    public func propose() throws(CpniError) -> IndexPlan { try cpni { try proposeIndexPlan(population: self) } }

    /// A plan of so many bits.
    ///
    /// - Throws: As ``propose()``.
    public func check(bits: UInt8) throws(CpniError) -> IndexPlan {
        try cpni { try checkIndexPlan(bits: bits, population: self) }
    }
}

// MARK: Inside

extension IndexTerm {
    static func byIndex(_ terms: [RowTerm]) throws(CpniError) -> [String: IndexTerm] {
        var all: [String: IndexTerm] = [:]
        for row in terms { all[row.index] = try IndexTerm(row.term) }
        return all
    }

    static func write(_ term: IndexTerm, to out: inout LayoutWriter) throws(CpniError) {
        try out.part32 { (out) throws(CpniError) in term.bytes.withUnsafeBytes { out.bytes($0) } }
    }
}

extension Row {
    static func write(_ row: Row, to out: inout LayoutWriter) throws(CpniError) {
        try out.text8(row.account)
        out.number(UInt8(row.stored.isColumn ? 2 : 1))
        try out.text8(row.stored.id)
        try out.part32 { (out) throws(CpniError) in row.stored.sealed.withUnsafeBytes { out.bytes($0) } }
    }
}
