// The answer to a view: per field a reason, nothing, or a secret.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// What was decided about the fields that were asked for, and the values that are given out.
///
/// The values stay in the library until ``Secret/withBytes(_:)`` lends one. They end with ``close()``, with
/// ``Interaction/end()``, by time, and when the view and its secrets are freed: whichever comes first.
public final class DisclosedView: Sendable {
    let raw: CpniGuardFFI.DisclosedView
    // Keeps the interaction going: Swift may free a variable after its last use, which is not its end.
    private let interaction: Interaction
    let answers: Answers
    /// The number of the audit event that records this view, from 0.
    public let auditIndex: UInt64

    init(_ raw: CpniGuardFFI.DisclosedView, _ answers: Answers, auditIndex: UInt64, in interaction: Interaction) {
        self.raw = raw
        self.answers = answers
        self.auditIndex = auditIndex
        self.interaction = interaction
    }

    /// The names, in the order in which they were asked for.
    public var names: [String] {
        (0..<answers.count).map(answers.name)
    }

    /// A field.
    ///
    /// - Throws: ``ErrorCode/discloseNotAskedFor``.
    public func field(_ name: String) throws(CpniError) -> Field {
        guard let at = answers.place(of: name) else { throw CpniError(.discloseNotAskedFor) }
        return field(at: at)
    }

    /// Every field, in the order in which they were asked for.
    public var fields: [Field] {
        (0..<answers.count).map(field(at:))
    }

    /// Lends every value at once, in one call: by name, and nothing for a field that is not given out.
    /// The bytes are wiped when `body` returns.
    ///
    /// - Throws: ``ErrorCode/discloseClosed``; what `body` throws.
    public func withAllBytes(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) throws {
        try lendAll(body)
    }

    /// Wipes the values now. What asks for one afterwards fails.
    public func close() {
        // It only fails where the library panicked, and then nothing is readable either.
        try? raw.wipe()
    }

    deinit {
        // Not by the reference count alone: a secret may be held somewhere.
        close()
    }

    private func field(at: Int) -> Field {
        switch answers.state(at) {
        case .withheld: .withheld(Withheld(answer: answers.read(at).answer, source: .view(self, UInt32(at))))
        case .absent: .absent(answers.read(at).answer)
        case .disclosed: .disclosed(Secret(view: self, at: UInt32(at)))
        }
    }
}

/// A field of a view.
public enum Field: Sendable {
    /// Not given out, with the reason.
    case withheld(Withheld)
    /// It may be given out, and the record does not hold it.
    case absent(Answer)
    /// Given out.
    case disclosed(Secret)

    /// The decision.
    public var answer: Answer {
        switch self {
        case .withheld(let why): why.answer
        case .absent(let answer): answer
        case .disclosed(let secret): secret.answer
        }
    }
}

/// Why something is withheld, and what would help.
public struct Withheld: Sendable {
    enum Source {
        // Keeps the view alive, as a secret does.
        case view(DisclosedView, UInt32)
        case decisions(CpniGuardFFI.Decisions, UInt32)
    }

    /// The decision.
    public let answer: Answer
    let source: Source

    /// One or two sentences that the agent may say. Nothing in them helps a pretexter.
    public var forAgent: String { answer.forAgent }

    /// Why.
    public var because: WithheldBecause? { answer.because }

    /// What would lawfully change the answer, the shortest way first. Worked out when it is asked for.
    ///
    /// - Throws: As ``explain()``.
    public var remedies: [RemedyPath] {
        get throws(CpniError) { try explain().remedies }
    }

    /// The whole explanation, with the rules and their citations.
    ///
    /// - Throws: ``ErrorCode/discloseClosed`` after the view was closed.
    public func explain() throws(CpniError) -> Explanation {
        try cpni {
            switch source {
            case .view(let view, let at): try view.raw.explain(at: at)
            case .decisions(let decisions, let at): try decisions.explain(at: at)
            }
        }
    }
}

/// A value that is given out. It prints nothing of itself.
///
/// ```swift
/// try secret.withBytes { panel.draw(utf8: $0) }
/// ```
public struct Secret: Sendable {
    // Keeps the view alive: a secret outlives the variable that held the view, not `close()`.
    let view: any Lender
    let at: UInt32

    /// The decision: in which form and scope it is given out.
    public var answer: Answer { view.answer(at) }

    /// The number of its bytes.
    ///
    /// - Throws: ``ErrorCode/discloseClosed`` once the view was closed, or its interaction or session ended.
    public var count: Int {
        get throws(CpniError) { Int(try cpni { try view.length(at) }) }
    }

    /// Lends the bytes: a text as UTF-8. They are not copied into Swift's heap, and are wiped when `body`
    /// returns: do not let the pointer out.
    ///
    /// - Throws: ``ErrorCode/discloseClosed`` once the view was closed, or its interaction or session ended;
    ///   what `body` throws.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try CpniGuard.withBytes(of: { view.reveal(at, $0) }, body)
    }

    /// Lends the value as text. Swift cannot wipe a `String`: its bytes stay in the heap until something
    /// else is written over them. Where the view can draw bytes, ``withBytes(_:)`` leaves nothing.
    ///
    /// - Throws: As ``withBytes(_:)``.
    public func withText<R>(_ body: (String) throws -> R) throws -> R {
        try withBytes { try body(String(decoding: $0, as: UTF8.self)) }
    }

    /// Lends the value as calls. As with ``withText(_:)``, their texts cannot be wiped.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` where it is a text; as ``withBytes(_:)``.
    public func withCalls<R>(_ body: ([CallRow]) throws -> R) throws -> R {
        try withBytes { bytes in
            var reader = LayoutReader(bytes)
            let calls = try (0..<(try reader.count(least: Secret.leastCall))).map { _ in try Secret.call(&reader) }
            guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
            return try body(calls)
        }
    }

    /// Whether a text is the value, in constant time: to compare without looking.
    ///
    /// - Throws: ``ErrorCode/discloseWrongShape`` for calls; as ``withBytes(_:)``.
    public func matches(_ stated: String) throws(CpniError) -> Bool {
        let stated = try WipedBytes { (out) throws(CpniError) in out.text(stated) }
        return try cpni { try stated.withData { try view.matches(at, $0) } }
    }

    /// The bytes of a call without a place, whose number is empty.
    private static let leastCall = 1 + 8 + 4 + 1 + 1

    private static func call(_ reader: inout LayoutReader) throws(CpniError) -> CallRow {
        let code = try reader.number(UInt8.self)
        let direction: CallDirection = code == 1 ? .outbound : .inbound
        let start = try reader.number(UInt64.self)
        let duration = try reader.number(UInt32.self)
        let number = try reader.text8()
        let hasPlace = try reader.number(UInt8.self)
        let place = hasPlace == 1 ? try reader.text8() : nil
        guard code == 1 || code == 2, hasPlace <= 1 else { throw CpniError(.bindingLayout) }
        return CallRow(direction, number: number, startMicros: start, durationSecs: duration, place: place)
    }
}

// MARK: Where the values are

/// A view whose values can be lent: a guard's, or one on an agent's machine.
protocol Lender: AnyObject, Sendable {
    func answer(_ at: UInt32) -> Answer
    func length(_ at: UInt32) throws -> UInt64
    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer
    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer
    func matches(_ at: UInt32, _ stated: Data) throws -> Bool
}

extension Lender {
    func lendAll(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) throws {
        try withBytes(of: { revealAll($0) }) { bytes in
            var reader = LayoutReader(bytes)
            for _ in 0..<(try reader.number(UInt16.self)) {
                let name = try reader.text8()
                let shape = try reader.number(UInt8.self)
                let value = try reader.part32()
                guard shape <= 2 else { throw CpniError(.bindingLayout) }
                try body(name, shape == 0 ? nil : value)
            }
            guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
        }
    }
}

extension DisclosedView: Lender {
    func answer(_ at: UInt32) -> Answer { answers.read(Int(at)).answer }

    func length(_ at: UInt32) throws -> UInt64 { try raw.length(at: at) }

    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal(raw.uniffiCloneHandle(), at, status)
    }

    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal_all(raw.uniffiCloneHandle(), status)
    }

    func matches(_ at: UInt32, _ stated: Data) throws -> Bool { try raw.matches(at: at, stated: stated) }
}
