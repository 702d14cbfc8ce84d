// What is sealed: a record, its values, and the sealed bytes.

import CpniGuardFFI
import Foundation

/// A customer's value on its way into a record.
///
/// It prints nothing of itself. A `String` is Swift's own and cannot be wiped; what is made of it here is.
public enum Value: Sendable {
    /// A text.
    case text(String)
    /// A text as the bytes of its UTF-8, for a host that wipes its own.
    case utf8(Data)
    /// A list of calls.
    case calls([CallRow])
}

extension Value: ExpressibleByStringLiteral {
    /// A text.
    public init(stringLiteral text: String) {
        self = .text(text)
    }
}

/// A record of an account: an id of the host's, and a value for each field of the schema that it has.
///
/// ```swift
/// let record = try Record("line-1", ["name": "Dana Example", "ssn": .text(typed)])
/// ```
///
/// It holds the values outside of Swift's heap, wipes them when it is freed, and prints nothing of them.
public final class Record: Sendable {
    /// The host's id of the record: one of several of the account.
    public let id: String
    let fields: WipedBytes

    /// A record with these fields.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` where a name, number or place has more than 255 bytes. Whether
    ///   the schema knows the fields, ``Guard/protect(_:account:)`` says.
    public convenience init(_ id: String, _ fields: KeyValuePairs<String, Value>) throws(CpniError) {
        try self.init(id, fields: fields.map { ($0.key, $0.value) })
    }

    /// A record with these fields.
    ///
    /// - Throws: As ``init(_:_:)``.
    public init(_ id: String, fields: [(String, Value)]) throws(CpniError) {
        self.id = id
        self.fields = try WipedBytes { (out) throws(CpniError) in
            try out.count(fields.count, UInt16.self)
            for (name, value) in fields {
                try out.text8(name)
                switch value {
                case .text(let text):
                    out.number(UInt8(1))
                    try out.part32 { (out) throws(CpniError) in out.text(text) }
                case .utf8(let bytes):
                    out.number(UInt8(1))
                    try out.part32 { (out) throws(CpniError) in bytes.withUnsafeBytes { out.bytes($0) } }
                case .calls(let calls):
                    out.number(UInt8(2))
                    try out.part32 { (out) throws(CpniError) in try Record.write(calls, to: &out) }
                }
            }
        }
    }

    private static func write(_ calls: [CallRow], to out: inout LayoutWriter) throws(CpniError) {
        try out.count(calls.count, UInt32.self)
        for call in calls {
            out.number(UInt8(call.direction == .outbound ? 1 : 2))
            out.number(call.startMicros)
            out.number(call.durationSecs)
            try out.text8(call.number)
            out.number(UInt8(call.place == nil ? 0 : 1))
            if let place = call.place { try out.text8(place) }
        }
    }

    /// Writes this record of an account as an item.
    func write(account: String, to out: inout LayoutWriter) throws(CpniError) {
        try out.text8(account)
        try out.text8(id)
        try out.part32 { (out) throws(CpniError) in fields.withBytes { out.bytes($0) } }
    }
}

/// Sealed bytes from the host's own database, with the record's id: what a view or a comparison reads.
public struct Stored: Sendable {
    let sealed: Data
    let id: String
    let isColumn: Bool

    /// A sealed record.
    public static func record(_ sealed: Data, id: String) -> Stored {
        Stored(sealed: sealed, id: id, isColumn: false)
    }

    /// One sealed field of a record, kept in a column of its own.
    public static func field(_ sealed: Data, id: String) -> Stored {
        Stored(sealed: sealed, id: id, isColumn: true)
    }

    /// The request for some of its fields.
    func request(_ fields: [FieldRequest]) throws(CpniError) -> Data {
        _ = try lendable(sealed)
        return try Stored.request(isColumn: isColumn, id: id, fields)
    }

    static func request(isColumn: Bool, id: String, _ fields: [FieldRequest]) throws(CpniError) -> Data {
        var out = LayoutWriter()
        do throws(CpniError) {
            out.number(UInt8(isColumn ? 2 : 1))
            try out.text8(id)
            try out.count(fields.count, UInt16.self)
            for field in fields {
                out.number(UInt8(field.scope == .whole ? 1 : 2))
                try out.text8(field.name)
            }
        } catch {
            out.discard()
            throw error
        }
        return out.takeData()
    }
}

/// A field that is asked for. A string literal is the whole field.
public struct FieldRequest: Sendable, Hashable, ExpressibleByStringLiteral {
    /// Its name in the schema.
    public let name: String
    /// Which rows of it.
    public let scope: DisclosureScope

    /// The whole field.
    public init(_ name: String) {
        (self.name, scope) = (name, .whole)
    }

    /// The whole field.
    public init(stringLiteral name: String) {
        self.init(name)
    }

    /// Of a call log, only the call that the customer named unaided.
    public static func namedCall(_ name: String) -> FieldRequest {
        FieldRequest(name: name, scope: .namedCall)
    }

    private init(name: String, scope: DisclosureScope) {
        (self.name, self.scope) = (name, scope)
    }
}

/// What can be done with sealed bytes without a key.
public enum Sealed {
    /// What a sealed record says of itself.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``.
    public static func info(record: Data) throws(CpniError) -> SealedInfo {
        try cpni { try sealedRecordInfo(sealed: try lendable(record)) }
    }

    /// One field of a sealed record, for a column of its own. It stays sealed.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``, ``ErrorCode/sealedNoSuchField``.
    public static func field(_ name: String, of record: Data) throws(CpniError) -> Data {
        try cpni { try sealedRecordField(sealed: try lendable(record), name: name) }
    }

    /// A sealed record as base64url text.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``.
    public static func text(record: Data) throws(CpniError) -> String {
        try cpni { try sealedRecordToText(sealed: try lendable(record)) }
    }

    /// A sealed record from its text.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``, ``ErrorCode/sealedText``.
    public static func record(text: String) throws(CpniError) -> Data {
        try cpni { try sealedRecordFromText(text: text) }
    }

    /// A sealed field as base64url text.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``.
    public static func text(field: Data) throws(CpniError) -> String {
        try cpni { try sealedFieldToText(sealed: try lendable(field)) }
    }

    /// A sealed field from its text.
    ///
    /// - Throws: ``ErrorCode/sealedFormat``, ``ErrorCode/sealedText``.
    public static func field(text: String) throws(CpniError) -> Data {
        try cpni { try sealedFieldFromText(text: text) }
    }
}
