// From plain columns to sealed ones while both are read.

import CpniGuardFFI
import Foundation

/// What a text column holds, by its form alone.
public typealias ColumnContent = CpniGuardFFI.ColumnContent
/// How plain columns compare with the sealed ones beside them.
public typealias ColumnComparison = CpniGuardFFI.ColumnComparison

/// One value of a text column in the host's database, plain or sealed. It prints nothing.
public struct ColumnValue: Sendable {
    let account: String
    let field: String
    let text: String
    let recordId: String

    /// What the column of a field holds of an account.
    ///
    /// - Parameter recordId: The host's id of the row, to which the value is bound; empty where there is none.
    public init(account: String, field: String, _ text: String, recordId: String = "") {
        (self.account, self.field, self.text, self.recordId) = (account, field, text, recordId)
    }

    static func write(_ value: ColumnValue, to out: inout LayoutWriter) throws(CpniError) {
        try out.text8(value.account)
        try out.text8(value.recordId)
        try out.text8(value.field)
        try out.part32 { (out) throws(CpniError) in out.text(value.text) }
    }
}

/// What became of one value.
public enum Migrated: Sendable {
    /// It was plain: what to write in its place, and into the column of each field that is derived from it, by field; and
    /// what was noticed while sealing it.
    case sealed(columns: [String: String], concerns: [FieldConcern])
    /// It was sealed before, or there was none: nothing to do.
    case already
}

/// What a pass over columns found. Passes add up.
public struct MigrationReport: Sendable, Hashable {
    /// Columns without a value.
    public var empty: UInt64 = 0
    /// Values that were sealed before.
    public var sealed: UInt64 = 0
    /// Values that were plain; sealed now, unless it was a rehearsal.
    public var plain: UInt64 = 0
    /// Of those, the ones that are not what their field says.
    public var concerns: UInt64 = 0
    /// The codes of what could not be sealed, or is damaged, and how often each.
    public var failed: [UInt16: UInt64] = [:]

    /// Nothing was looked at.
    public init() {}

    init(_ report: CpniGuardFFI.MigrationReport) {
        (empty, sealed, plain, concerns) = (report.empty, report.sealed, report.plain, report.concerns)
        failed = Dictionary(report.failed.map { ($0.code, $0.count) }, uniquingKeysWith: +)
    }

    /// Whether nothing is plain and nothing failed: the plain columns are then no longer needed, if nothing writes them.
    public var isClean: Bool { plain == 0 && failed.isEmpty }

    /// Both together.
    public static func + (one: MigrationReport, other: MigrationReport) -> MigrationReport {
        var both = one
        both.empty += other.empty
        both.sealed += other.sealed
        both.plain += other.plain
        both.concerns += other.concerns
        both.failed.merge(other.failed, uniquingKeysWith: +)
        return both
    }
}

/// Tells what a text is, in the column of a field, by its form alone.
public func columnContent(field: String, _ text: String) throws(CpniError) -> ColumnContent {
    let text = try WipedBytes { (out) throws(CpniError) in out.text(text) }
    return try cpni { try text.withData { try CpniGuardFFI.columnContent(field: field, text: $0) } }
}

extension Guard {
    /// Looks at values, 10,000 at most, without sealing any.
    ///
    /// - Throws: ``ErrorCode/bindingLayout``, ``ErrorCode/bindingClosed``.
    public func rehearseMigration(_ values: [ColumnValue]) throws(CpniError) -> MigrationReport {
        let values = try WipedBytes.list(values, ColumnValue.write)
        return MigrationReport(try cpni { try values.withData { try raw.rehearseMigration(values: $0) } })
    }

    /// Seals the plain ones among values, 10,000 at most, with a result for each. What is sealed stays as it is: a pass may
    /// be begun again.
    ///
    /// - Throws: ``ErrorCode/bindingLayout``, ``ErrorCode/bindingClosed``.
    public func migrate(
        _ values: [ColumnValue]
    ) throws(CpniError) -> (results: [Result<Migrated, CpniError>], report: MigrationReport) {
        let values = try WipedBytes.list(values, ColumnValue.write)
        let done = try cpni { try values.withData { try raw.migrate(values: $0) } }
        let results = done.results.map { result -> Result<Migrated, CpniError> in
            switch result {
            case .sealed(let columns, let concerns):
                let byField = Dictionary(columns.map { ($0.field, $0.text) }, uniquingKeysWith: { _, later in later })
                return .success(.sealed(columns: byField, concerns: concerns))
            case .already: return .success(.already)
            case .failed(let code): return .failure(.Failed(code: code))
            }
        }
        return (results, MigrationReport(done.report))
    }

    /// The sealed field of a column that may hold either, for a view while both are there; nothing: the column is empty. A
    /// plain value is sealed for it and not written back.
    ///
    /// - Throws: Bytes that are damaged (3001 to 3007); as ``protect(_:account:)``.
    public func readBoth(_ value: ColumnValue) throws(CpniError) -> Stored? {
        let bytes = try WipedBytes { (out) throws(CpniError) in try ColumnValue.write(value, to: &out) }
        let sealed = try cpni { try bytes.withData { try raw.readBoth(value: $0) } }
        return sealed.map { .field($0, id: value.recordId) }
    }

    /// Compares plain columns with the texts of the sealed ones beside them, before the plain ones are dropped. Recorded with
    /// its counts.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded``: nothing is said then; an id that is not allowed (1001 to 1003).
    public func compareColumns(_ pairs: [(plain: ColumnValue, sealed: String)]) throws(CpniError) -> ColumnComparison {
        let pairs = try WipedBytes.list(pairs) { (pair, out) throws(CpniError) in
            try ColumnValue.write(pair.plain, to: &out)
            try out.part32 { (out) throws(CpniError) in out.text(pair.sealed) }
        }
        return try cpni { try pairs.withData { try raw.compareColumns(pairs: $0) } }
    }
}
