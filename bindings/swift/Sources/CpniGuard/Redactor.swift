// Texts with labels and masks in place of identifiers, and what was found in them.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// What a scan finds, from the strictest to the least strict.
public typealias TextKind = CpniGuardFFI.TextKind
/// One reason why something was found.
public typealias Clue = CpniGuardFFI.Clue
/// What a mask stands for; docs/redaction.md says what shows of each.
public typealias MaskKind = CpniGuardFFI.MaskKind
/// How much a mask shows. What a kind does not allow shows less, never more.
public typealias MaskForm = CpniGuardFFI.MaskForm
/// What stands in place of a finding: its label, or a mask.
public typealias Replacement = CpniGuardFFI.TextReplacement
/// What is done at a place of a JSON document.
public typealias JsonRule = CpniGuardFFI.JsonRule

/// What stands where a text could not be redacted.
public let notRedacted = "[not redacted: dropped]"

extension TextKind {
    /// The name in reports: `birth_date`.
    public var name: String {
        switch self {
        case .secret: "secret"
        case .ssn: "ssn"
        case .itin: "itin"
        case .card: "card"
        case .birthDate: "birth_date"
        case .account: "account"
        case .imei: "imei"
        case .meid: "meid"
        case .imsi: "imsi"
        case .iccid: "iccid"
        case .eid: "eid"
        case .phone: "phone"
        case .email: "email"
        case .ip: "ip"
        }
    }
}

extension MaskKind {
    /// The mask of a value of this kind. What has not the form of its kind, or fails its check, shows no part.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` beyond 2 GiB.
    public func mask(_ text: String, _ form: MaskForm = .withheld) throws(CpniError) -> String {
        let text = try WipedBytes { (out) throws(CpniError) in out.text(text) }
        return try cpni { try text.withData { try CpniGuardFFI.mask(kind: self, form: form, text: $0) } }
    }
}

/// A value of a scanner's lists. It prints nothing of itself.
public struct ListedValue: Sendable {
    let kind: TextKind
    let value: String

    /// A value of this kind.
    public init(_ kind: TextKind, _ value: String) {
        self.kind = kind
        self.value = value
    }
}

/// Settings of a ``Redactor``.
public struct RedactorOptions: Sendable {
    /// Reads digits as words too: "four one five, five five five". For transcripts; it costs speed.
    public var isSpoken = false
    /// Reports from this confidence on, in hundredths; nothing: from 50. Lower ones find more that is none.
    public var least: UInt8?
    /// The carrier's own patterns of account numbers, regular expressions for a whole one; 16 at most.
    public var accountPatterns: [String] = []
    /// Never reported, such as the carrier's own hotline. A longer number that holds one is reported.
    public var allowed: [ListedValue] = []
    /// Always reported.
    public var denied: [ListedValue] = []
    /// What stands in place of every kind that has nothing of its own.
    public var replacement: Replacement = .label
    /// What stands in place of single kinds.
    public var ofKinds: [TextKind: Replacement] = [:]

    /// Labels, no spoken digits, no patterns, no lists.
    public init() {}
}

/// One identifier in a text: where it is, and not what it is. It may be logged.
public struct TextFinding: Sendable, Hashable {
    /// What it is.
    public let kind: TextKind
    /// Where it is in the text that was asked about. It begins and ends at Unicode scalars: a combining mark behind
    /// the last digit is no part of it.
    public let range: Range<String.Index>
    /// How sure it is, in hundredths: 0 to 99. It orders findings and is no probability.
    public let confidence: Int
    /// The reasons.
    public let why: [Clue]
}

/// What is done at which place of a JSON document. A path is that of a JSON Pointer (RFC 6901) in which `*` stands for
/// any one key or place in a list. The first path that fits counts, for all that it holds.
public final class JsonPaths: Sendable {
    let raw: CpniGuardFFI.JsonPaths

    /// With these rules, in their order.
    ///
    /// - Throws: ``ErrorCode/redactPath``.
    public init(_ rules: KeyValuePairs<String, JsonRule> = [:]) throws(CpniError) {
        let rules = rules.map { JsonPathRule(path: $0.key, rule: $0.value) }
        raw = try cpni { try CpniGuardFFI.JsonPaths(rules: rules) }
    }
}

/// Puts labels, masks or tokens in place of the identifiers in texts.
///
/// ```swift
/// let redactor = try Redactor()
/// try redactor.redact("SSN 987-65-4320, cb (202) 555-0123")  // "SSN [SSN], cb [PHONE]"
/// ```
///
/// What it finds, and what it misses, is in docs/redaction.md: names and addresses it does not find at all. Threads may
/// share it. A text is lent to the library where it is, and the answer is copied once, into a `String`: Swift cannot wipe
/// one.
public final class Redactor: Sendable {
    let raw: CpniGuardFFI.Redactor

    /// With these settings.
    ///
    /// - Throws: ``ErrorCode/redactListEntry``, ``ErrorCode/redactTooManyPatterns``, ``ErrorCode/bindingPattern``.
    public init(_ options: RedactorOptions = RedactorOptions()) throws(CpniError) {
        let settings = RedactorSettings(
            spoken: options.isSpoken, least: options.least, accountPatterns: options.accountPatterns,
            replacement: options.replacement,
            ofKinds: options.ofKinds.map { KindReplacement(kind: $0.key, replacement: $0.value) })
        let listed = options.allowed.map { (UInt8(0), $0) } + options.denied.map { (UInt8(1), $0) }
        let lists = try WipedBytes.list(listed) { (item, out) throws(CpniError) in
            out.number(item.0)
            try out.text8(item.1.kind.name)
            try out.part32 { (out) throws(CpniError) in out.text(item.1.value) }
        }
        raw = try cpni { try lists.withData { try CpniGuardFFI.Redactor(settings: settings, lists: $0) } }
    }

    init(_ raw: CpniGuardFFI.Redactor) {
        self.raw = raw
    }

    /// The text with everything replaced that is found.
    ///
    /// - Throws: ``ErrorCode/redactNotReplaced`` where a token could not be made: nothing of the text is given out.
    public func redact(_ text: String) throws(CpniError) -> String {
        try lend(text, uniffi_cpni_guard_ffi_fn_method_redactor_redact) { String(decoding: $0, as: UTF8.self) }
    }

    /// The same for the value of a column, field or key of this name: the name counts as a label before it.
    ///
    /// - Throws: As ``redact(_:)``.
    public func redact(_ text: String, label: String) throws(CpniError) -> String {
        guard let only = try redactAll(labelled: [(label, text)]).first else { throw CpniError(.bindingLayout) }
        return try only.get()
    }

    /// Many texts, in one call: each with a result of its own. 10,000 at most.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` where there are more.
    public func redactAll(_ texts: [String]) throws(CpniError) -> [Result<String, CpniError>] {
        try list(texts, uniffi_cpni_guard_ffi_fn_method_redactor_redact_all)
    }

    /// Many values, each with the name of its column, field or key, in one call; an empty name: none. 5,000 at most.
    ///
    /// - Throws: As ``redactAll(_:)``.
    public func redactAll(labelled values: [(label: String, text: String)]) throws(CpniError) -> [Result<String, CpniError>] {
        try list(
            values.flatMap { [$0.label, $0.text] }, uniffi_cpni_guard_ffi_fn_method_redactor_redact_all_labelled)
    }

    /// A JSON document with everything replaced that stands at a path, or that is found with its key as its label. Order
    /// and layout stay.
    ///
    /// - Throws: ``ErrorCode/redactDocument`` if it is none, or nested deeper than 128; as ``redact(_:)``.
    public func redactJson(_ document: String, _ paths: JsonPaths) throws(CpniError) -> String {
        let call = { (handle: UInt64, text: ForeignBytes, status: UnsafeMutablePointer<RustCallStatus>) in
            uniffi_cpni_guard_ffi_fn_method_redactor_redact_json(handle, text, paths.raw.uniffiCloneHandle(), status)
        }
        return try lend(document, call) { String(decoding: $0, as: UTF8.self) }
    }

    /// What is found, in order, without overlaps. `label`: the name of the text's column, field or key.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` beyond 2 GiB.
    public func findings(in text: String, label: String? = nil) throws(CpniError) -> [TextFinding] {
        let bytes = try WipedBytes { (out) throws(CpniError) in out.text(text) }
        let found = try cpni { try bytes.withData { try raw.findings(text: $0, label: label) } }
        // Counted on from the last one: where a string is not UTF-8, an index is counted from where one begins.
        var (index, offset) = (text.startIndex, 0)
        func place(_ at: UInt32) -> String.Index {
            index = text.utf8.index(index, offsetBy: Int(at) - offset)
            offset = Int(at)
            return index
        }
        return found.map { found in
            let start = place(found.start)
            return TextFinding(
                kind: found.kind, range: start..<place(found.end), confidence: Int(found.confidence), why: found.why)
        }
    }

    private typealias Call = (UInt64, ForeignBytes, UnsafeMutablePointer<RustCallStatus>) -> RustBuffer

    /// Lends a text where it is, and the answer too.
    private func lend<R>(
        _ text: String, _ call: Call, _ body: (UnsafeRawBufferPointer) throws -> R
    ) throws(CpniError) -> R {
        var text = text
        return try cpni { try text.withUTF8 { try lend(UnsafeRawBufferPointer($0), call, body) } }
    }

    private func lend<R>(
        _ bytes: UnsafeRawBufferPointer, _ call: Call, _ body: (UnsafeRawBufferPointer) throws -> R
    ) throws -> R {
        let lent = try ForeignBytes(lent: bytes)
        return try withBytes(of: { call(raw.uniffiCloneHandle(), lent, $0) }, body)
    }

    private func list(_ texts: [String], _ call: Call) throws(CpniError) -> [Result<String, CpniError>] {
        let list = try WipedBytes.list(texts) { (text, out) throws(CpniError) in
            try out.part32 { (out) throws(CpniError) in out.text(text) }
        }
        return try cpni { try list.withBytes { try lend($0, call) { try results($0) { $0 } } } }
    }
}
