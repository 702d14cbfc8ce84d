// A change from an interaction: asked for, permitted, executed; and the customer's locks.

import CpniGuardFFI
import Foundation

/// A change of an account that sets something only the customer should know, or opens an online account.
public typealias AccountChange = CpniGuardFFI.AccountChange
/// A change of an account that takes or brings a contact point.
public typealias ContactChange = CpniGuardFFI.ContactChange
/// How a contact point is reached.
public typealias ContactChannel = CpniGuardFFI.ContactChannel
/// A lock that the customer sets.
public typealias LockKind = CpniGuardFFI.LockKind
/// That a lock goes: from when on, and what the customer is told.
public typealias LockRemoval = CpniGuardFFI.LockRemoval
/// Where a notice goes.
public typealias NoticeTarget = CpniGuardFFI.NoticeTarget
/// A fact about a request. One that is not known counts as there.
public typealias RiskFact = CpniGuardFFI.RiskFact
/// What happens next with a request: it may be carried out, waits, or is refused.
public typealias NextStep = CpniGuardFFI.NextStep

extension NextStep {
    /// Why it is not done; nothing where it is not refused, or the library is newer than ``ErrorCode``.
    public var refusal: ErrorCode? {
        guard case .refused(let code) = self else { return nil }
        return ErrorCode(rawValue: code)
    }
}

/// What is to be changed: which line, and what it becomes. Its texts are the customer's: they are compared under a key,
/// and kept nowhere, so it prints nothing. State the same texts at every step of the transaction.
public struct ChangeRequest: Sendable {
    let raw: CpniGuardFFI.ChangeRequest

    /// Moves a line to this SIM or eSIM profile.
    ///
    /// - Parameters:
    ///   - line: The telephone number, or the host's id of the line.
    ///   - newSim: The ICCID, or the EID.
    public static func simChange(line: String, newSim: String) throws(CpniError) -> ChangeRequest {
        try two(line, newSim) { try .simChange(line: $0, newSim: $1) }
    }

    /// Ports this number to that carrier.
    ///
    /// - Parameter toCarrier: The new network service provider's code of the port request.
    public static func portOut(number: String, toCarrier: String) throws(CpniError) -> ChangeRequest {
        try two(number, toCarrier) { try .portOut(number: $0, toCarrier: $1) }
    }

    /// Releases the handset with this IMEI from its network lock.
    public static func unlockHandset(imei: String) throws(CpniError) -> ChangeRequest {
        try one(imei) { try .unlockHandset(imei: $0) }
    }

    /// Sets a secret, or opens an online account. The secret itself is not stated: no digest of it is made.
    public static func account(_ change: AccountChange) throws(CpniError) -> ChangeRequest {
        ChangeRequest(raw: try cpni { try .account(change: change) })
    }

    /// Changes an address or number of record.
    ///
    /// - Parameters:
    ///   - point: The id by which the host will know it.
    ///   - new: What it becomes.
    /// - Throws: An id that is not allowed (1001 to 1003).
    public static func contact(_ change: ContactChange, point: String, new: String) throws(CpniError) -> ChangeRequest {
        try one(new) { try .contact(change: change, point: point, new: $0) }
    }

    /// The action that policy decides.
    public var action: Action {
        get throws(CpniError) { try cpni { try raw.action() } }
    }

    private static func one(
        _ text: String, _ make: (Data) throws -> CpniGuardFFI.ChangeRequest
    ) throws(CpniError) -> ChangeRequest {
        let text = try WipedBytes { (out) throws(CpniError) in out.text(text) }
        return ChangeRequest(raw: try cpni { try text.withData(make) })
    }

    private static func two(
        _ first: String, _ second: String, _ make: (Data, Data) throws -> CpniGuardFFI.ChangeRequest
    ) throws(CpniError) -> ChangeRequest {
        let second = try WipedBytes { (out) throws(CpniError) in out.text(second) }
        return try one(first) { first in try second.withData { try make(first, $0) } }
    }
}

/// What came of a request.
public struct Requested: Sendable {
    /// The transaction: 32 lower-case hexadecimal digits, also in audit events.
    public let id: String
    /// What it does.
    public let action: Action
    /// When it was asked for, in microseconds since 1970.
    public let atMicros: UInt64
    /// What policy decided.
    public let answer: Answer
    /// Why policy does not allow it; nothing where it does.
    public let withheld: Withheld?
    /// What was held to be so of the request.
    public let risk: [RiskFact]
    /// The rules of risk that applied.
    public let riskRules: [String]
    /// Where notices of it went; empty where the law suppresses them, and where it is refused.
    public let notified: [NoticeTarget]
    /// What happens next.
    public let next: NextStep
    /// What the customer is told: what happens next, and how to object. Without a value.
    public let forCustomer: String
    /// For a simple port that is refused: the rules of the host's own that refuse it for more than 47 CFR 52.36 lets a
    /// carrier ask for. Such a refusal is not the library's.
    public let beyondSimplePort: [String]
    private let why: CpniGuardFFI.Decisions

    init(_ answer: RequestAnswer) {
        (id, action, atMicros, self.answer) = (answer.id, answer.action, answer.atMicros, answer.answer)
        let isWithheld = answer.answer.outcome == .withhold
        withheld = isWithheld ? Withheld(answer: answer.answer, source: .decisions(answer.why, 0)) : nil
        (risk, riskRules, notified, next) = (answer.risk, answer.riskRules, answer.notified, answer.next)
        (forCustomer, beyondSimplePort, why) = (answer.forCustomer, answer.beyondSimplePort, answer.why)
    }

    /// The decision with its rules, facts and remedies: worked out when it is asked for.
    public func explain() throws(CpniError) -> Explanation {
        try cpni { try why.explain(at: 0) }
    }
}

/// Leave to carry out one transaction, once. One call uses it up, whatever comes of that call; a second is
/// ``ErrorCode/bindingUsedUp``, also on another thread. One that is let go unused is forgotten.
public struct ExecutePermit: Sendable {
    let raw: CpniGuardFFI.ExecutePermit
    /// The transaction.
    public let id: String
    /// From when on it is good for nothing, in microseconds since 1970.
    public let endsMicros: UInt64

    init(_ raw: CpniGuardFFI.ExecutePermit) throws {
        (self.raw, id, endsMicros) = (raw, try raw.id(), try raw.endsMicros())
    }
}

/// A transaction that the host carries out now: do it, and say how it went with ``Transactions/confirm(_:)`` or
/// ``Transactions/notDone(_:)``. One that dies with its process stays executing until
/// ``Transactions/settle(account:id:isDone:agentSession:)``.
public struct Execution: Sendable {
    let raw: CpniGuardFFI.Execution
    /// The transaction: the key by which the host's own systems can tell that they did it already.
    public let id: String

    init(_ raw: CpniGuardFFI.Execution) throws {
        (self.raw, id) = (raw, try raw.id())
    }
}

extension Interaction {
    /// Asks for a change. It is decided, customers are told where they could be reached before, and ``Requested/next``
    /// says what happens next: it may be carried out (``permit(_:_:)``), waits, or is refused.
    ///
    /// - Throws: ``ErrorCode/transactionAlreadyUnderWay``, ``ErrorCode/transactionFrozen``,
    ///   ``ErrorCode/interactionNotNotified``; as ``view(_:_:)``. Nothing may be done then.
    public func request(_ change: ChangeRequest) throws(CpniError) -> Requested {
        Requested(try cpni { try raw.request(change: change.raw) })
    }

    /// Leave to carry out a transaction, once, within ten minutes: where it waits for nothing more, and everything on
    /// which it was decided is still so.
    ///
    /// - Parameter change: What was asked for.
    /// - Throws: ``ErrorCode/transactionAnotherTarget`` for another change; ``ErrorCode/transactionNotYet``: it waits;
    ///   ``ErrorCode/transactionNeedsApproval``; ``ErrorCode/transactionFactsChanged``: ask for it anew.
    public func permit(_ id: String, _ change: ChangeRequest) throws(CpniError) -> ExecutePermit {
        try cpni { try ExecutePermit(try raw.permit(id: id, change: change.raw)) }
    }

    /// Uses a permit: everything is looked at once more, and then the transaction is the host's to carry out. Do it when
    /// this returns. The permit is used up, also where this fails.
    ///
    /// - Throws: ``ErrorCode/bindingUsedUp``; as ``permit(_:_:)``: do nothing then.
    public func execute(_ permit: ExecutePermit, _ change: ChangeRequest) throws(CpniError) -> Execution {
        try cpni { try Execution(try raw.execute(permit: permit.raw, change: change.raw)) }
    }

    /// Stops a transaction of the account, as long as the host does not have it in its hands: from any live contact
    /// about the account.
    ///
    /// - Throws: ``ErrorCode/transactionNoSuchTransaction``, ``ErrorCode/transactionWrongState``,
    ///   ``ErrorCode/interactionNoLiveContact``.
    public func cancel(_ id: String) throws(CpniError) {
        try cpni { try raw.cancel(id: id) }
    }

    /// Sets a lock, for the customer who proved to be the customer.
    ///
    /// - Throws: ``ErrorCode/transactionNotAuthenticated``; ``ErrorCode/transactionUnreadable``: everything is locked.
    public func setLock(_ kind: LockKind) throws(CpniError) {
        try cpni { try raw.setLock(kind: kind) }
    }

    /// Has a lock go after the delay of the carrier's rules, for the customer who could do, without the lock, what it
    /// stops. Told before, where the customer could be reached before; until then it holds, may be set again, and kept by
    /// whoever was told (``Transactions/keepLock(account:_:)``).
    ///
    /// - Throws: ``ErrorCode/transactionNotAuthenticated``, ``ErrorCode/transactionNoUnchangedContact``;
    ///   ``ErrorCode/transactionWrongState``: it is not on here.
    public func removeLock(_ kind: LockKind) throws(CpniError) -> LockRemoval {
        try cpni { try raw.removeLock(kind: kind) }
    }
}
