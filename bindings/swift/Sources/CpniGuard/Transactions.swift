// Transactions outside an interaction: the host's worker, the second person, objections, fraud, statistics; and risk.

import CpniGuardFFI
import Foundation

/// The kinds that rules of risk speak of.
public typealias TransactionKind = CpniGuardFFI.TransactionKind
/// Where a transaction is.
public typealias TransactionState = CpniGuardFFI.TransactionState
/// How a transaction stands.
public typealias TransactionStatus = CpniGuardFFI.TransactionStatus
/// What a notice of a transaction or a lock says beside its action.
public typealias TransactionNotice = CpniGuardFFI.TransactionNotice
/// What such a notice is about.
public typealias NoticeAbout = CpniGuardFFI.NoticeAbout
/// A contact point as the host tells it.
public typealias ContactPoint = CpniGuardFFI.ContactPoint
/// What an objection does.
public typealias Objection = CpniGuardFFI.Objection
/// What is known once fraud is reported, and what to do.
public typealias FraudReport = CpniGuardFFI.FraudReport
/// A change of an account, of those that somebody who took it over would make.
public typealias ReportedChange = CpniGuardFFI.ReportedChange
/// SIM change requests of a period.
public typealias SimStatistics = CpniGuardFFI.SimStatistics
/// How often customers were authenticated by something.
public typealias AuthenticationCount = CpniGuardFFI.AuthenticationCount
/// A lock of the customer's.
public typealias LockState = CpniGuardFFI.LockState

extension LockState {
    /// Whether it is on at a time, in microseconds since 1970.
    public func isOn(atMicros now: UInt64) -> Bool {
        switch self {
        case .off: false
        case .on: true
        case .onUntil(let until): now < until
        }
    }
}

/// The 14 fields that a carrier may require for a simple port (47 CFR 52.36), and no other, by their names.
public func portFields() throws(CpniError) -> [String] {
    try cpni { try CpniGuardFFI.portFields() }
}

extension Guard {
    /// The transactions of the tenant's accounts, for the back end; not for an agent's tool. They end with the guard.
    public var transactions: Transactions {
        get throws(CpniError) { Transactions(raw: try cpni { try raw.transactions() }) }
    }
}

/// The transactions of a tenant's accounts: from ``Guard/transactions``.
public struct Transactions: Sendable {
    let raw: CpniGuardFFI.Transactions

    /// How a transaction stands.
    ///
    /// - Throws: ``ErrorCode/transactionNoSuchTransaction``, ``ErrorCode/transactionUnreadable``; the store (7001 to 7008).
    public func status(account: String, id: String) throws(CpniError) -> TransactionStatus {
        try cpni { try raw.status(account: account, id: id) }
    }

    /// The transactions of an account that are kept, oldest first.
    ///
    /// - Throws: As ``status(account:id:)``.
    public func of(account: String) throws(CpniError) -> [TransactionStatus] {
        try cpni { try raw.ofAccount(account: account) }
    }

    /// Those of them that wait: for a time, for a second person, or for both.
    ///
    /// - Throws: As ``status(account:id:)``.
    public func waiting(account: String) throws(CpniError) -> [TransactionStatus] {
        try of(account: account).filter { $0.state == .waiting }
    }

    /// The customer's lock. The host's own (``AccountFacts``) hold beside it.
    ///
    /// - Throws: As ``status(account:id:)``: it is on.
    public func lock(account: String, _ kind: LockKind) throws(CpniError) -> LockState {
        try cpni { try raw.lock(account: account, kind: kind) }
    }

    /// Somebody who was told that a lock goes did not ask for it: it stays. Recorded. Whoever says so, it does no harm: the
    /// customer asks again.
    ///
    /// - Throws: ``ErrorCode/transactionWrongState`` if it does not go, or is gone.
    public func keepLock(account: String, _ kind: LockKind) throws(CpniError) {
        try cpni { try raw.keepLock(account: account, kind: kind) }
    }

    /// A second person approves a transaction: somebody else, of the carrier, whom the directory lets approve and whose
    /// training is current, signed in with a session of their own.
    ///
    /// - Parameter shown: The change that this person was shown; an approval of another target is none.
    /// - Throws: ``ErrorCode/interactionMayNotApprove``, ``ErrorCode/transactionAnotherTarget``: recorded, and nothing is
    ///   approved.
    public func approve(account: String, id: String, shown: ChangeRequest, approverSession: String) throws(CpniError) {
        try cpni { try raw.approve(account: account, id: id, shown: shown.raw, approverSession: approverSession) }
    }

    /// Leave to carry out a transaction that waited, for the host's worker. One that waited for nothing is permitted in its
    /// own interaction only.
    ///
    /// - Throws: ``ErrorCode/transactionNotYet`` until its wait is over; ``ErrorCode/transactionNeedsApproval`` until its
    ///   second person approved; as ``Interaction/permit(_:_:)``.
    public func permit(account: String, id: String, _ change: ChangeRequest) throws(CpniError) -> ExecutePermit {
        try cpni { try ExecutePermit(try raw.permit(account: account, id: id, change: change.raw)) }
    }

    /// Uses a permit up, also where this fails. As ``Interaction/execute(_:_:)``, for a transaction that waited.
    ///
    /// - Throws: As ``permit(account:id:_:)``; ``ErrorCode/bindingUsedUp``: do nothing then.
    public func execute(_ permit: ExecutePermit, _ change: ChangeRequest) throws(CpniError) -> Execution {
        try cpni { try Execution(try raw.execute(permit: permit.raw, change: change.raw)) }
    }

    /// The host carried it out. Recorded. May be said again where it failed.
    ///
    /// - Throws: ``ErrorCode/transactionWrongState``; ``ErrorCode/auditNotRecorded``, the store (7001 to 7008): it is still
    ///   executing.
    public func confirm(_ execution: Execution) throws(CpniError) {
        try cpni { try raw.confirm(execution: execution.raw) }
    }

    /// The host did not carry it out, and will not. Recorded.
    ///
    /// - Throws: As ``confirm(_:)``.
    public func notDone(_ execution: Execution) throws(CpniError) {
        try cpni { try raw.notDone(execution: execution.raw) }
    }

    /// Somebody looked into the host's own systems, after a process died with an execution in its hands: it was carried
    /// out, or it was not.
    ///
    /// - Parameter agentSession: Who looked.
    /// - Throws: ``ErrorCode/interactionUnknownAgent``; ``ErrorCode/transactionWrongState`` if it is not executing.
    public func settle(account: String, id: String, isDone: Bool, agentSession: String) throws(CpniError) {
        try cpni { try raw.settle(account: account, id: id, isDone: isDone, agentSession: agentSession) }
    }

    /// Somebody who was notified says that they did not ask for this: stops it.
    ///
    /// - Parameter from: The contact point from which the host's system has it.
    /// - Throws: ``ErrorCode/transactionNotNotifiedThere``; ``ErrorCode/transactionWrongState`` if it is too late: report
    ///   fraud.
    @discardableResult
    public func takeObjection(account: String, id: String, from: NoticeTarget) throws(CpniError) -> Objection {
        try cpni { try raw.takeObjection(account: account, id: id, from: from) }
    }

    /// Takes over which contact points an account has now, the telephone number of record apart: all of them. Those that
    /// are not named any more went now. The first time they are believed as they are; a point that is named later is there
    /// from then, and is told of nothing for 30 days. Recorded, but not which.
    ///
    /// - Throws: ``ErrorCode/transactionFull`` for more than 32.
    public func setContactPoints(account: String, _ points: [ContactPoint]) throws(CpniError) {
        try cpni { try raw.setContactPoints(account: account, points: points) }
    }

    /// Fraud is reported: all that can be stopped is stopped, and nothing is asked for, permitted or executed until it is
    /// remedied (``remedied(account:caseId:agentSession:)``).
    ///
    /// - Returns: What changed since a time, by whom and on which evidence, in the order in which to reverse it.
    /// - Throws: ``ErrorCode/interactionUnknownAgent``; ``ErrorCode/auditNotRecorded``, the store (7001 to 7008): it may be
    ///   frozen; report again.
    public func reportFraud(
        account: String, caseId: String, sinceMicros: UInt64, agentSession: String
    ) throws(CpniError) -> FraudReport {
        try cpni {
            try raw.reportFraud(account: account, caseId: caseId, sinceMicros: sinceMicros, agentSession: agentSession)
        }
    }

    /// What was carried out was taken back by the host. Recorded.
    ///
    /// - Throws: ``ErrorCode/interactionUnknownAgent``; ``ErrorCode/transactionWrongState`` if it was not confirmed.
    public func reverse(account: String, id: String, agentSession: String) throws(CpniError) {
        try cpni { try raw.reverse(account: account, id: id, agentSession: agentSession) }
    }

    /// The fraud is remedied: the account is free again. How long that took stands in the statistics.
    ///
    /// - Throws: ``ErrorCode/interactionUnknownAgent``, ``ErrorCode/transactionNotFrozen``.
    public func remedied(account: String, caseId: String, agentSession: String) throws(CpniError) {
        try cpni { try raw.remedied(account: account, caseId: caseId, agentSession: agentSession) }
    }

    /// The records of SIM change requests of a period, as 47 CFR 64.2010(h)(8) asks for them (adopted and not yet required;
    /// read in a secondary source). Reads the whole log; ask for at most three years.
    ///
    /// - Throws: The audit log (6001 to 6010): never a part as the whole.
    public func simStatistics(micros: Range<UInt64>) throws(CpniError) -> SimStatistics {
        try cpni { try raw.simStatistics(fromMicros: micros.lowerBound, untilMicros: micros.upperBound) }
    }
}

// MARK: Risk

/// The host's fraud and device systems. What it throws means that everything is unknown, and counts as there.
public typealias RiskSource = CpniGuardFFI.RiskSource
/// What the host's systems know of a request. Nothing is unknown, and counts as there.
public typealias HostRisk = CpniGuardFFI.HostRisk
/// A rule of risk: applies to some kinds where some facts are so, and asks for something.
public typealias RiskRule = CpniGuardFFI.RiskRule
/// What a rule of risk asks for: a wait, a second person, or that it is not done.
public typealias RiskEffect = CpniGuardFFI.RiskEffect

/// The rules of risk of a carrier, and its delays: ``GuardOptions/transactionRules(_:)``. Each method gives other rules, and
/// leaves these as they are.
public struct TransactionRules: Sendable {
    let raw: CpniGuardFFI.TransactionRules

    /// The library's own: none of it is law, and none is about port-outs.
    public static func libraryDefault() throws(CpniError) -> TransactionRules {
        TransactionRules(raw: try cpni { try .libraryDefault() })
    }

    /// With one more rule, or another one of the same id in its place.
    ///
    /// - Throws: ``ErrorCode/transactionPortRule`` for a rule that refuses port-outs; an id that is not allowed.
    public func with(_ rule: RiskRule) throws(CpniError) -> TransactionRules {
        TransactionRules(raw: try cpni { try raw.with(rule: rule) })
    }

    /// Without the rule of this id.
    public func without(_ id: String) throws(CpniError) -> TransactionRules {
        TransactionRules(raw: try cpni { try raw.without(id: id) })
    }

    /// How many seconds the removal of a lock takes, in place of a day.
    public func lockRemovalDelay(secs: UInt64) throws(CpniError) -> TransactionRules {
        TransactionRules(raw: try cpni { try raw.lockRemovalDelay(secs: secs) })
    }

    /// Has an objection stop a port-out too. Off by default: ``portWarning`` says what is at risk.
    public func objectionsHoldPorts() throws(CpniError) -> TransactionRules {
        TransactionRules(raw: try cpni { try raw.objectionsHoldPorts() })
    }

    /// The rules, in the order in which they were added.
    public var rules: [RiskRule] {
        get throws(CpniError) { try cpni { try raw.rules() } }
    }

    /// What is at risk where a rule or a hold is about port-outs; nothing: none is.
    public var portWarning: String? {
        get throws(CpniError) { try cpni { try raw.portWarning() } }
    }
}
