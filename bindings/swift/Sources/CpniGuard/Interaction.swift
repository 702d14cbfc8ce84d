// A customer contact in progress: evidence in, views out.

import CpniGuardFFI
import Foundation

/// What the customer gives, and the library compares. It prints nothing of itself.
public struct Evidence: Sendable {
    let kind: SecretKind
    let given: WipedBytes

    /// The account password.
    public static func password(_ given: String) throws(CpniError) -> Evidence {
        try Evidence(.password, given)
    }

    /// The answer to the back-up question.
    public static func backup(_ given: String) throws(CpniError) -> Evidence {
        try Evidence(.backup, given)
    }

    /// The passcode that the customer set for port-outs.
    public static func portPasscode(_ given: String) throws(CpniError) -> Evidence {
        try Evidence(.portPasscode, given)
    }

    /// The one-time code that went there.
    public static func code(_ given: String, sentTo: CodeTo) throws(CpniError) -> Evidence {
        try Evidence(sentTo == .numberOfRecord ? .codeToNumber : .codeToAddress, given)
    }

    private init(_ kind: SecretKind, _ given: String) throws(CpniError) {
        self.kind = kind
        self.given = try WipedBytes { (out) throws(CpniError) in out.text(given) }
    }
}

/// The answer to a decision on an action.
public struct ActionDecision: Sendable {
    /// The decision.
    public let answer: Answer
    /// Why it may not proceed; nothing where it may.
    public let withheld: Withheld?
}

/// The answer to a comparison.
public struct Comparison: Sendable {
    /// Whether it was compared.
    public let answer: Answer
    /// What the customer stated is the value, or is not; nothing where it was not compared.
    public let result: Presented?
    /// Why it was not compared; nothing where it was.
    public let withheld: Withheld?
}

/// What an agent learns of a sending.
public struct SendReceipt: Sendable {
    /// Whether anything was handed over to be sent.
    public let isSent: Bool
    /// The decision on each field that was asked for.
    public let answers: [Answer]
    /// The number of the audit event that records this sending, from 0.
    public let auditIndex: UInt64
    let why: CpniGuardFFI.Decisions

    /// Why a field was not sent; nothing where it was, or was not asked for.
    public func withheld(_ field: String) -> Withheld? {
        guard let at = answers.firstIndex(where: { $0.field == field }), answers[at].outcome == .withhold else {
            return nil
        }
        return Withheld(answer: answers[at], source: .decisions(why, UInt32(at)))
    }
}

/// A customer contact in progress, on one account.
///
/// It ends with ``end()``, by time, and at the latest when it, its views and their secrets are freed. Nothing
/// that it disclosed is readable afterwards: call ``end()`` when the contact ends. Threads may share it, and wait for each other. A call does not return before its
/// audit record is durable: on the main thread use the `async` variants.
public final class Interaction: Sendable {
    let raw: CpniGuardFFI.Interaction

    init(_ raw: CpniGuardFFI.Interaction) {
        self.raw = raw
    }

    /// Presents a secret that the customer gave. The caller learns match or no match, nothing else.
    ///
    /// - Throws: ``ErrorCode/interactionLockedOut``, ``ErrorCode/interactionEnded``,
    ///   ``ErrorCode/interactionExpired``, ``ErrorCode/interactionNoLiveContact``,
    ///   ``ErrorCode/auditNotRecorded``: it then does not count.
    @discardableResult
    public func present(_ evidence: Evidence) throws(CpniError) -> Presented {
        try cpni { try evidence.given.withData { try raw.present(kind: evidence.kind, given: $0) } }
    }

    /// Presents what a system of the host's established. It matches where the contact source says the same
    /// of this contact (`attested` of its ``ContactState``): never an agent's word.
    ///
    /// - Throws: As ``present(_:)``.
    @discardableResult
    public func attest(_ what: Attested) throws(CpniError) -> Presented {
        try cpni { try raw.attest(what: what) }
    }

    /// Notes what the customer stated and never authenticates. The value itself is not taken.
    ///
    /// - Throws: As ``present(_:)``.
    @discardableResult
    public func note(_ what: Stated) throws(CpniError) -> Presented {
        try cpni { try raw.noteStated(what: what) }
    }

    /// Presents a photo ID at a retail location. The library compares the name on it with the sealed one.
    ///
    /// - Throws: As ``view(_:_:)``; ``ErrorCode/interactionNotOnThisChannel``; ``ErrorCode/bindingNotADay``.
    @discardableResult
    public func showPhotoId(
        _ kind: PhotoIdKind, expires: Day, name: String, in stored: Stored, field: String
    ) throws(CpniError) -> Presented {
        let request = try stored.request([FieldRequest(field)])
        let name = try WipedBytes { (out) throws(CpniError) in out.text(name) }
        return try cpni {
            try name.withData {
                try raw.showPhotoId(
                    kind: kind, expires: expires, name: $0, sealed: stored.sealed, request: request)
            }
        }
    }

    /// Presents a call that the customer names without help.
    ///
    /// - Throws: As ``view(_:_:)``; ``ErrorCode/interactionLockedOut``.
    @discardableResult
    public func nameCall(
        number: String, startedMicros: UInt64, durationSecs: UInt32? = nil, in stored: Stored, field: String
    ) throws(CpniError) -> Presented {
        let request = try stored.request([FieldRequest(field)])
        let number = try WipedBytes { (out) throws(CpniError) in out.text(number) }
        return try cpni {
            try number.withData {
                try raw.nameCall(
                    number: $0, startedMicros: startedMicros, durationSecs: durationSecs,
                    sealed: stored.sealed, request: request)
            }
        }
    }

    /// Asks to see fields. The record of it is durable before any value is opened.
    ///
    /// - Throws: A field that the schema does not know (1101), sealed bytes that do not open
    ///   (3001 to 3007), an end (5003, 5004), the watch (5020 to 5022),
    ///   ``ErrorCode/auditNotRecorded``. Nothing is disclosed then.
    public func view(_ stored: Stored, _ fields: [FieldRequest]) throws(CpniError) -> DisclosedView {
        let request = try stored.request(fields)
        return try viewBytes(stored.sealed, request) { (reader) throws(CpniError) in try DisclosedView(&reader, in: self) }
    }

    /// Asks the same of several sealed records of this account, with a result for each. Each is decided,
    /// counted and recorded by itself.
    ///
    /// - Parameter id: The id that all of them were sealed under.
    /// - Throws: ``ErrorCode/bindingLayout`` for more than 10,000; ``ErrorCode/interactionEnded``.
    public func views(
        of records: [Data], id: String, _ fields: [FieldRequest]
    ) throws(CpniError) -> [Result<DisclosedView, CpniError>] {
        let request = try Stored.request(isColumn: false, id: id, fields)
        return try manyBytes(records, request) { (reader) throws(CpniError) in
            var results: [Result<DisclosedView, CpniError>] = []
            for _ in 0..<(try reader.count(least: 6)) {
                // As UniFFI writes `ViewResult`.
                switch try reader.number(Int32.self) {
                case 1: results.append(.success(try DisclosedView(&reader, in: self)))
                case 2: results.append(.failure(.Failed(code: try reader.number(UInt16.self))))
                default: throw CpniError(.bindingPanic)
                }
            }
            return results
        }
    }

    /// Asks the same of many sealed records of this account, in one call that brings every value with it: for
    /// lists. Each is decided, counted and recorded by itself, and one that fails does not stop the others.
    ///
    /// The values are the batch's from here on: ``BatchView/close()`` wipes them, the end of the interaction does
    /// not reach them.
    ///
    /// - Parameter id: The id that all of them were sealed under.
    /// - Throws: ``ErrorCode/bindingLayout`` for more than 10,000; ``ErrorCode/interactionEnded``. Nothing is
    ///   disclosed then.
    public func viewBatch(of records: [Data], id: String, _ fields: [FieldRequest]) throws(CpniError) -> BatchView {
        let request = try Stored.request(isColumn: false, id: id, fields)
        let why = try cpni { try CpniGuardFFI.Decisions() }
        return try BatchView(try batchBytes(records, request, explainedBy: why), explainedBy: why)
    }

    /// Asks to see fields, sealed for the ``DeviceSession`` that made the request: the reply for the agent's
    /// machine, which no other session opens. The first request binds the interaction to its session.
    ///
    /// - Throws: As ``view(_:_:)``; ``ErrorCode/interactionAnotherDevice`` for the request of another session,
    ///   which is recorded; ``ErrorCode/deviceFormat``, ``ErrorCode/devicePublicKey``,
    ///   ``ErrorCode/deviceTooLarge``. The reply does not leave then.
    public func viewForDevice(_ stored: Stored, _ fields: [FieldRequest], request: Data) throws(CpniError) -> Data {
        let (asked, device) = (try stored.request(fields), try lendable(request))
        return try cpni { try raw.viewForDevice(sealed: stored.sealed, request: asked, deviceRequest: device) }
    }

    /// Says whether what the customer stated is the stored value, and nothing else.
    ///
    /// - Throws: As ``view(_:_:)``; ``ErrorCode/interactionLockedOut``.
    public func verify(_ stored: Stored, field: String, stated: String) throws(CpniError) -> Comparison {
        let request = try stored.request([FieldRequest(field)])
        let stated = try WipedBytes { (out) throws(CpniError) in out.text(stated) }
        let answer = try cpni {
            try stated.withData { try raw.verify(sealed: stored.sealed, request: request, stated: $0) }
        }
        let isWithheld = answer.answer.outcome == .withhold
        return Comparison(
            answer: answer.answer, result: answer.result,
            withheld: isWithheld ? Withheld(answer: answer.answer, source: .decisions(answer.why, 0)) : nil)
    }

    /// Sends fields to the customer's address of record. The agent sees a receipt, not the values.
    ///
    /// - Throws: As ``view(_:_:)``; ``ErrorCode/interactionNotDelivered``.
    public func sendToAddressOfRecord(_ stored: Stored, _ fields: [FieldRequest]) throws(CpniError) -> SendReceipt {
        let request = try stored.request(fields)
        let sent = try cpni { try raw.sendToAddressOfRecord(sealed: stored.sealed, request: request) }
        return SendReceipt(isSent: sent.sent, answers: sent.answers, auditIndex: sent.auditIndex, why: sent.why)
    }

    /// Makes a one-time code and has the host send it.
    ///
    /// - Throws: ``ErrorCode/interactionNotOfRecord``, ``ErrorCode/interactionNotDelivered``; as ``present(_:)``.
    public func sendOneTimeCode(to: CodeTo) throws(CpniError) {
        try cpni { try raw.sendOneTimeCode(to: to) }
    }

    /// Has the host's dialler call the customer at the telephone number of record.
    ///
    /// - Throws: ``ErrorCode/interactionNotDelivered``; as ``present(_:)``.
    public func callBack() throws(CpniError) {
        try cpni { try raw.callBack() }
    }

    /// Keeps the customer's oral approval of a use of CPNI for this contact.
    ///
    /// - Parameters:
    ///   - recording: The host's pointer to the proof, not the proof.
    ///   - script: The version of the notice that was read out.
    /// - Throws: An id that is not allowed (1001 to 1003); as ``present(_:)``.
    public func recordOralApproval(recording: String, script: String) throws(CpniError) {
        try cpni { try raw.recordOralApproval(recording: recording, script: script) }
    }

    /// Has a second person approve, signed in with a session of their own: an action, for one decision that
    /// allows it, or, without one, what is disclosed in this interaction.
    ///
    /// - Throws: ``ErrorCode/interactionMayNotApprove``: recorded, and nothing is approved.
    public func approve(by approverSession: String, _ action: Action? = nil) throws(CpniError) {
        try cpni { try raw.approve(approverSession: approverSession, action: action) }
    }

    /// Decides an action without carrying it out. Where a notice is due, it is queued first: call this
    /// before the change is made.
    ///
    /// - Throws: ``ErrorCode/interactionNotNotified``: do not make the change; as ``view(_:_:)``.
    public func decide(_ action: Action) throws(CpniError) -> ActionDecision {
        let decided = try cpni { try raw.decide(action: action) }
        let isWithheld = decided.answer.outcome == .withhold
        return ActionDecision(
            answer: decided.answer,
            withheld: isWithheld ? Withheld(answer: decided.answer, source: .decisions(decided.why, 0)) : nil)
    }

    /// Ends the interaction: what it disclosed is wiped, and every later call fails. The second time nothing
    /// happens.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded`` if the end could not be recorded: it has ended all the same.
    public func end() throws(CpniError) {
        try cpni { try raw.end() }
    }
}
