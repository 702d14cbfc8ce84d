// The decisions of a view, read where they are asked for (docs/spec/binding-layout-v1.md).
//
// Some fifty objects for the decisions of sixteen fields cost more than opening them. Here the bytes are kept,
// and a decision is built when somebody looks at it. Bytes that are not exactly so are refused.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// Decisions that have not been looked at. No customer's value is in them.
final class Answers: Sendable {
    private struct Field {
        let name: Range<Int>
        let state: FieldState
        let decision: Int
    }

    private let bytes: [UInt8]
    /// Where each decision begins.
    private let decisions: [Int]
    private let fields: [Field]
    let auditIndex: UInt64

    /// Scans an answer to a view.
    init(_ told: UnsafeRawBufferPointer) throws(CpniError) {
        var reader = LayoutReader(told)
        auditIndex = try reader.number(UInt64.self)
        var decisions: [Int] = []
        for _ in 0..<(try reader.number(UInt16.self)) {
            decisions.append(told.count - reader.rest.count)
            _ = try reader.take(8)
            _ = try reader.part32()
        }
        let count = Int(try reader.number(UInt16.self))
        var fields: [Field] = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try reader.number(UInt8.self))
            let start = told.count - reader.rest.count
            _ = try reader.take(length)
            let state = try reader.state()
            let decision = Int(try reader.number(UInt16.self))
            guard decision < decisions.count else { throw CpniError(.bindingLayout) }
            fields.append(Field(name: start..<start + length, state: state, decision: decision))
        }
        guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
        self.decisions = decisions
        self.fields = fields
        bytes = Array(told)
    }

    var count: Int { fields.count }

    /// The name of the field at this place.
    func name(_ at: Int) -> String {
        String(decoding: bytes[fields[at].name], as: UTF8.self)
    }

    /// The place of a field.
    func place(of name: String) -> Int? {
        var name = name
        return name.withUTF8 { name in
            fields.firstIndex { $0.name.count == name.count && bytes[$0.name].elementsEqual(name) }
        }
    }

    /// The decision.
    func answer(_ at: Int) -> Answer {
        bytes.withUnsafeBytes { bytes in
            var reader = LayoutReader(UnsafeRawBufferPointer(rebasing: bytes[decisions[fields[at].decision]...]))
            // Of a library that this package was not built for: closed.
            return (try? reader.decision(on: name(at)))
                ?? Answer(
                    field: name(at), outcome: .withhold, form: nil, scope: .whole, because: .factsMissing,
                    obligations: [], forAgent: "")
        }
    }

    /// Whether there is a value.
    func state(_ at: Int) -> FieldState { fields[at].state }
}

extension LayoutReader {
    /// Whether there is a value.
    mutating func state() throws(CpniError) -> FieldState {
        switch try number(UInt8.self) {
        case 0: .withheld
        case 1: .absent
        case 2: .disclosed
        default: throw CpniError(.bindingLayout)
        }
    }

    /// The decision on a field.
    mutating func decision(on field: String) throws(CpniError) -> Answer {
        let outcome = try word(of: Self.outcomes)
        let form = try word(of: Self.forms)
        let scope = try word(of: Self.scopes)
        let because = try word(of: Self.causes)
        let bits = try number(UInt32.self)
        let forAgent = String(decoding: try part32(), as: UTF8.self)
        guard let outcome, let scope, bits & 1 == 0, bits >> (Self.duties.count + 1) == 0 else {
            throw CpniError(.bindingLayout)
        }
        let duties = Self.duties.indices.filter { bits >> ($0 + 1) & 1 != 0 }.map { Self.duties[$0] }
        return Answer(
            field: field, outcome: outcome, form: form, scope: scope, because: because, obligations: duties,
            forAgent: forAgent)
    }

    /// One of some words by its code, from 1; 0 is none.
    private mutating func word<W>(of words: [W]) throws(CpniError) -> W? {
        let code = Int(try number(UInt8.self))
        guard code <= words.count else { throw CpniError(.bindingLayout) }
        return code == 0 ? nil : words[code - 1]
    }

    // The codes of docs/spec/binding-layout-v1.md, from 1.
    private static let outcomes: [Outcome] = [.disclose, .discloseLimited, .verifyOnly, .withhold]
    private static let forms: [DisclosureForm] = [.match, .token, .masked, .full]
    private static let scopes: [DisclosureScope] = [.whole, .namedCall]
    private static let causes: [WithheldBecause] = [.forbidden, .notGranted, .factsMissing, .held]
    private static let duties: [Obligation] = [
        .audit, .notifyChange, .notifyBefore, .suppressChangeNotice, .recordDisclosure, .recordCampaign,
        .expireAtContactEnd, .omitCoveredHotlines, .countSimChange, .alert, .holdForHuman,
    ]
}

extension DisclosedView {
    /// The view that stands at the front of bytes, as UniFFI writes `ViewAnswer`.
    convenience init(_ reader: inout LayoutReader, in interaction: Interaction) throws(CpniError) {
        let raw = CpniGuardFFI.DisclosedView(unsafeFromHandle: try reader.number(UInt64.self))
        self.init(raw, try Answers(try reader.part32()), in: interaction)
    }
}

extension Interaction {
    func viewBytes<R>(_ sealed: Data, _ request: Data, _ body: (inout LayoutReader) throws(CpniError) -> R) throws(CpniError) -> R {
        try lending(sealed, request) { sealed, request in
            try withBuffer(of: {
                uniffi_cpni_guard_ffi_fn_method_interaction_view(raw.uniffiCloneHandle(), sealed, request, $0)
            }, body)
        }
    }

    func manyBytes<R>(_ sealed: [Data], _ request: Data, _ body: (inout LayoutReader) throws(CpniError) -> R) throws(CpniError) -> R {
        try lending(try Interaction.batch(of: sealed), request) { sealed, request in
            try withBuffer(of: {
                uniffi_cpni_guard_ffi_fn_method_interaction_view_many(raw.uniffiCloneHandle(), sealed, request, $0)
            }, body)
        }
    }

    func batchBytes(
        _ sealed: [Data], _ request: Data, explainedBy why: CpniGuardFFI.Decisions
    ) throws(CpniError) -> LibraryBytes {
        try lending(try Interaction.batch(of: sealed), request) { sealed, request in
            LibraryBytes(try buffer(of: {
                uniffi_cpni_guard_ffi_fn_method_interaction_view_batch(
                    raw.uniffiCloneHandle(), sealed, request, why.uniffiCloneHandle(), $0)
            }))
        }
    }

    /// Lends sealed bytes and a request to one call.
    private func lending<R>(_ sealed: Data, _ request: Data, _ body: (ForeignBytes, ForeignBytes) throws -> R) throws(CpniError) -> R {
        try cpni {
            try sealed.withUnsafeBytes { sealed in
                try request.withUnsafeBytes { request in
                    try body(try ForeignBytes(lent: sealed), try ForeignBytes(lent: request))
                }
            }
        }
    }

    /// Sealed bytes as a batch of views.
    private static func batch(of sealed: [Data]) throws(CpniError) -> Data {
        let length = sealed.reduce(4) { $0 + 4 + $1.count }
        guard length <= Int32.max else { throw CpniError(.bindingLayout) }
        var all = Data(capacity: length)
        func put(_ count: Int) { withUnsafeBytes(of: UInt32(count).bigEndian) { all.append(contentsOf: $0) } }
        put(sealed.count)
        for one in sealed {
            put(one.count)
            all.append(one)
        }
        return all
    }
}
