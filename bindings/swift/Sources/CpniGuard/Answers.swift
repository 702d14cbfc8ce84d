// The decisions of a view, read where they are asked for.
//
// The generated code builds some fifty objects for the decisions of sixteen fields, which costs more than
// opening them. Here the bytes are kept, and a decision is built when somebody looks at it. What the bytes
// are is UniFFI's way of writing `ViewAnswer`: a test compares each decision with what the generated code
// reads, and bytes that are not exactly so are refused.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// Decisions that have not been looked at. No customer's value is in them.
final class Answers: Sendable {
    private struct Place {
        /// Where the field's state begins; its decision is four bytes further.
        let start: Int
        let name: Range<Int>
    }

    private let bytes: [UInt8]
    private let places: [Place]

    /// Scans `count` decisions and stops behind them.
    init(_ reader: inout LayoutReader) throws(CpniError) {
        let whole = reader.rest
        let count = try reader.count(least: 30)
        var places: [Place] = []
        places.reserveCapacity(count)
        for _ in 0..<count {
            let start = whole.count - reader.rest.count
            _ = try reader.take(4) // state
            let name = try reader.part32()
            let from = start + 8
            places.append(Place(start: start, name: from..<from + name.count))
            _ = try reader.take(4) // outcome
            try Answers.skipOption(&reader) // form
            _ = try reader.take(4) // scope
            try Answers.skipOption(&reader) // because
            _ = try reader.take(4 * (try reader.count(least: 4))) // obligations
            _ = try reader.part32() // for the agent
        }
        self.places = places
        bytes = Array(UnsafeRawBufferPointer(rebasing: whole.prefix(whole.count - reader.rest.count)))
    }

    var count: Int { places.count }

    /// The name of the field at this place.
    func name(_ at: Int) -> String {
        String(decoding: bytes[places[at].name], as: UTF8.self)
    }

    /// The place of a field.
    func place(of name: String) -> Int? {
        var name = name
        return name.withUTF8 { name in
            places.firstIndex { $0.name.count == name.count && bytes[$0.name].elementsEqual(name) }
        }
    }

    /// Whether there is a value, and the decision.
    func read(_ at: Int) -> FieldAnswer {
        let end = at + 1 < places.count ? places[at + 1].start : bytes.count
        var reader = (data: Data(bytes[places[at].start..<end]), offset: 0)
        if let read = try? FfiConverterTypeFieldAnswer.read(from: &reader), reader.offset == reader.data.count {
            return read
        }
        // Of a library that this package was not built for: closed.
        return FieldAnswer(
            state: .withheld,
            answer: Answer(
                field: name(at), outcome: .withhold, form: nil, scope: .whole, because: .factsMissing, obligations: [],
                forAgent: ""))
    }

    /// Whether there is a value: the first of the generated cases is 1.
    func state(_ at: Int) -> FieldState {
        switch bytes[places[at].start + 3] {
        case 2: .absent
        case 3: .disclosed
        default: .withheld
        }
    }

    private static func skipOption(_ reader: inout LayoutReader) throws(CpniError) {
        if try reader.number(UInt8.self) != 0 { _ = try reader.take(4) }
    }
}

extension DisclosedView {
    /// The view that stands at the front of bytes, as UniFFI writes `ViewAnswer`.
    convenience init(_ reader: inout LayoutReader, in interaction: Interaction) throws(CpniError) {
        let raw = CpniGuardFFI.DisclosedView(unsafeFromHandle: try reader.number(UInt64.self))
        let answers = try Answers(&reader)
        self.init(raw, answers, auditIndex: try reader.number(UInt64.self), in: interaction)
    }
}

extension Interaction {
    func viewBytes<R>(_ sealed: Data, _ request: Data, _ body: (inout LayoutReader) throws(CpniError) -> R) throws(CpniError) -> R {
        try cpni {
            try sealed.withUnsafeBytes { sealed in
                try request.withUnsafeBytes { request in
                    let (sealed, request) = (try ForeignBytes(lent: sealed), try ForeignBytes(lent: request))
                    return try withBuffer(of: {
                        uniffi_cpni_guard_ffi_fn_method_interaction_view(raw.uniffiCloneHandle(), sealed, request, $0)
                    }, body)
                }
            }
        }
    }

    func manyBytes<R>(_ sealed: [Data], _ request: Data, _ body: (inout LayoutReader) throws(CpniError) -> R) throws(CpniError) -> R {
        try cpni {
            var all: [UInt8] = []
            all.reserveCapacity(sealed.reduce(4) { $0 + $1.count + 4 })
            func put(_ count: Int) throws {
                guard let count = Int32(exactly: count) else { throw CpniError(.bindingLayout) }
                withUnsafeBytes(of: count.bigEndian) { all.append(contentsOf: $0) }
            }
            try put(sealed.count)
            for one in sealed {
                try put(one.count)
                one.withUnsafeBytes { all.append(contentsOf: $0) }
            }
            return try request.withUnsafeBytes { request in
                let request = try ForeignBytes(lent: request)
                let buffer = try all.withUnsafeBytes { try RustBuffer(copying: $0) }
                // The call takes the buffer.
                return try withBuffer(of: {
                    uniffi_cpni_guard_ffi_fn_method_interaction_view_many(raw.uniffiCloneHandle(), buffer, request, $0)
                }, body)
            }
        }
    }
}
