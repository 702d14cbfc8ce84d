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

    init(_ raw: CpniGuardFFI.DisclosedView, _ answers: Answers, in interaction: Interaction) {
        self.raw = raw
        self.answers = answers
        self.interaction = interaction
    }

    /// The number of the audit event that records this view, from 0.
    public var auditIndex: UInt64 { answers.auditIndex }

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
        case .withheld: .withheld(Withheld(answer: answers.answer(at), source: .view(self, UInt32(at))))
        case .absent: .absent(answers.answer(at))
        case .disclosed: .disclosed(Secret(view: self, at: at))
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
        case batch(BatchView, UInt32)
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
            case .batch(let batch, let at): try batch.explain(at)
            case .decisions(let decisions, let at): try decisions.explain(at: at)
            }
        }
    }
}

extension DisclosedView: HeldView {
    func answer(_ at: Int) -> Answer { answers.answer(at) }

    func length(held at: UInt32) throws -> UInt64 { try raw.length(at: at) }

    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal(raw.uniffiCloneHandle(), at, status)
    }

    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_disclosedview_reveal_all(raw.uniffiCloneHandle(), status)
    }

    func matches(held at: UInt32, _ stated: Data) throws -> Bool { try raw.matches(at: at, stated: stated) }
}
