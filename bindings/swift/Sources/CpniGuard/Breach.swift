// The duties of a breach (47 CFR 64.2011), of a way to opt out (64.2009(f)), and of records to keep; back-up
// questions. Pure functions: no guard, no key, no log. Nothing here names a customer: names are given by
// `Guard.breachScope` and `Guard.nameAccount`, to breach officers only.

import CpniGuardFFI

// MARK: Words

/// A text of 47 CFR 64.2011.
public typealias BreachRegime = CpniGuardFFI.BreachRegime
/// Whether what was reached can be read.
public typealias Exposure = CpniGuardFFI.Exposure
/// Whether it was done on purpose.
public typealias BreachIntent = CpniGuardFFI.BreachIntent
/// Whether customers are likely to be harmed.
public typealias BreachHarm = CpniGuardFFI.BreachHarm
/// Why an incident is a breach by a text, or is not.
public typealias BreachGround = CpniGuardFFI.BreachGround
/// What must be done.
public typealias BreachTask = CpniGuardFFI.BreachTask
/// Who is told.
public typealias Whom = CpniGuardFFI.Whom
/// Why customers are not told now.
public typealias NoticeHold = CpniGuardFFI.NoticeHold
/// How many customers are affected.
public typealias CustomerCount = CpniGuardFFI.CustomerCount
/// A class of data that an incident reached.
public typealias ReachedClass = CpniGuardFFI.ReachedClass
/// A direction of an agency not to tell customers or the public.
public typealias AgencyDelay = CpniGuardFFI.AgencyDelay
/// An earlier finding by which the agencies did not have to be told.
public typealias EarlierFinding = CpniGuardFFI.EarlierFinding
/// The facts of an incident.
public typealias Incident = CpniGuardFFI.IncidentFacts
/// Where a number or a duty comes from.
public typealias Citation = CpniGuardFFI.Citation
/// From when something may be done.
public typealias NotBefore = CpniGuardFFI.NotBefore
/// Until when something must be done.
public typealias Deadline = CpniGuardFFI.Deadline
/// Something that must be done.
public typealias BreachDuty = CpniGuardFFI.BreachDuty
/// What one text asks.
public typealias RegimeDuties = CpniGuardFFI.RegimeDuties
/// What follows from an incident.
public typealias BreachFindings = CpniGuardFFI.BreachFindings
/// Whether 64.2011 lets customers be told now.
public typealias MayNotify = CpniGuardFFI.MayNotify
/// Whether a day is a business day.
public typealias DayKind = CpniGuardFFI.DayKind
/// The carrier's own calendar of business days. Where it throws, the day is in doubt.
public typealias BusinessDays = CpniGuardFFI.BusinessDays
/// The calendar of business days, by which deadlines and silences are counted.
public typealias BusinessCalendar = CpniGuardFFI.BusinessCalendar
/// What happened to one way to opt out.
public typealias OptOutOutcome = CpniGuardFFI.OptOutOutcome
/// One outcome, and when.
public typealias OptOutCheck = CpniGuardFFI.OptOutCheck
/// Where one way to opt out stands.
public typealias OptOutHealth = CpniGuardFFI.OptOutHealth
/// A kind of record that a rule has kept.
public typealias RecordKind = CpniGuardFFI.RecordKind
/// How long a kind of record is kept.
public typealias Retention = CpniGuardFFI.Retention
/// What a back-up question is about.
public typealias QuestionAbout = CpniGuardFFI.QuestionAbout
/// A question that may be asked.
public typealias BackupQuestion = CpniGuardFFI.BackupQuestion

// MARK: Breach

extension CpniGuardFFI.IncidentFacts {
    /// The facts of an incident. What is not said takes the side that closes.
    ///
    /// - Parameters:
    ///   - determined: The day of the "reasonable determination", by the carrier's own clock.
    ///   - affected: What was reached, and whether it can be read; empty: nobody knows.
    ///   - customers: How many.
    ///   - intent: Whether it was done on purpose.
    ///   - goodFaithOfEmployee: An employee or agent came upon it in good faith, and it was neither used
    ///     improperly nor disclosed further.
    ///   - harm: What was found about harm.
    ///   - foundBefore: What was found before, and when that fell.
    ///   - agenciesNotified: The day on which the central reporting facility confirmed the notice.
    ///   - urgentAfterConsultation: The carrier said in its notice that customers must know sooner, and has
    ///     consulted the investigating agency. A human decides.
    ///   - delays: Directions of agencies to be silent.
    ///   - delaysLifted: The day on which an agency wrote that notice no longer impedes it.
    ///   - otherNoticeDue: The earliest day on which other law, a state's mostly, has customers told.
    public init(
        determined: Day, affected: [DataClass: Exposure] = [:], customers: CustomerCount = .atLeast(count: 0),
        intent: BreachIntent = .unknown, goodFaithOfEmployee: Bool = false, harm: BreachHarm = .undetermined,
        foundBefore: EarlierFinding? = nil, agenciesNotified: Day? = nil, urgentAfterConsultation: Bool = false,
        delays: [AgencyDelay] = [], delaysLifted: Day? = nil, otherNoticeDue: Day? = nil
    ) {
        self.init(
            determined: determined, affected: affected.map { ReachedClass(class: $0.key, exposure: $0.value) },
            customers: customers, intent: intent, goodFaithOfEmployee: goodFaithOfEmployee, harm: harm,
            foundBefore: foundBefore, agenciesNotified: agenciesNotified,
            urgentAfterConsultation: urgentAfterConsultation, delays: delays, delaysLifted: delaysLifted,
            otherNoticeDue: otherNoticeDue)
    }
}

/// What follows from an incident, under each text of 47 CFR 64.2011. It names no customer.
///
/// ```swift
/// let incident = Incident(
///     determined: Day(year: 2026, month: 11, day: 2), affected: [.callDetail: .readable],
///     customers: .exactly(count: 136), intent: .intentional, agenciesNotified: Day(year: 2026, month: 11, day: 4))
/// let report = try BreachReport(incident, calendar: try BusinessCalendar.usFederal())
/// switch try report.mayNotifyCustomer(atMicros: now) {
/// case .yes: tell()
/// case .no(let until, let why, _): wait(until, why)
/// case .heldForHuman(let why): ask(why)
/// }
/// ```
public final class BreachReport: Sendable {
    private let raw: CpniGuardFFI.BreachReport
    /// What follows: the text that governs, and what each text asks.
    public let findings: BreachFindings

    /// Evaluates an incident: the same facts, dates and calendar give the same report.
    ///
    /// - Parameter text2024From: The first day on which the text of 2024 governs, once the FCC has published it;
    ///   nothing: that of 2007 governs.
    /// - Throws: ``ErrorCode/bindingNotADay``.
    public init(_ incident: Incident, calendar: BusinessCalendar, text2024From: Day? = nil) throws(CpniError) {
        raw = try cpni {
            try CpniGuardFFI.BreachReport.of(incident: incident, text2024From: text2024From, calendar: calendar)
        }
        let raw = raw
        findings = try cpni { try raw.findings() }
    }

    /// What a text asks.
    public func regime(_ text: BreachRegime) -> RegimeDuties? {
        findings.regimes.first { $0.regime == text }
    }

    /// Whether customers may be told now. Of several grounds the one that lasts longest is named; a "no" goes before
    /// "held for a human".
    public func mayNotifyCustomer(atMicros now: UInt64) throws(CpniError) -> MayNotify {
        try cpni { try raw.mayNotifyCustomer(nowMicros: now) }
    }

    /// As JSON.
    public func json() throws(CpniError) -> String {
        try cpni { try raw.json() }
    }

    /// As a page of text.
    public func text() throws(CpniError) -> String {
        try cpni { try raw.text() }
    }
}

extension BreachReport: Silent {}

// MARK: Opting out, records, questions

/// Where one way to opt out stands now, by its outcomes in any order, watched since the host began. A check that is
/// missing counts as a failure.
public func optOutHealth(
    _ checks: [OptOutCheck], watchedSinceMicros: UInt64, atMicros now: UInt64, calendar: BusinessCalendar
) throws(CpniError) -> OptOutHealth {
    try cpni {
        try CpniGuardFFI.optOutHealth(
            checks: checks, watchedSinceMicros: watchedSinceMicros, nowMicros: now, calendar: calendar)
    }
}

/// How long this kind of record is kept at least, and by which rule.
public func retention(of kind: RecordKind) throws(CpniError) -> Retention {
    try cpni { try CpniGuardFFI.retentionOf(kind: kind) }
}

/// Whether a record may be deleted now, as far as these rules go.
///
/// - Parameter lastDay: The last day that it is about; of an approval, the day on which it ended. Nothing (unknown, or
///   it still stands) is never deleted.
/// - Throws: ``ErrorCode/bindingNotADay``.
public func mayDelete(_ kind: RecordKind, lastDay: Day?, atMicros now: UInt64) throws(CpniError) -> Bool {
    try cpni { try CpniGuardFFI.mayDelete(kind: kind, lastDay: lastDay, nowMicros: now) }
}

/// Reads a catalogue of back-up questions.
///
/// - Throws: ``ErrorCode/interactionQuestions``; ``checkQuestions(_:)`` says which, and where.
public func backupQuestions(_ toml: String) throws(CpniError) -> [BackupQuestion] {
    try cpni { try CpniGuardFFI.backupQuestions(toml: toml) }
}

/// What is wrong with a catalogue of back-up questions (47 CFR 64.2010(e)); nothing: it can be used.
public func checkQuestions(_ toml: String) throws(CpniError) -> [Fault] {
    try cpni { try CpniGuardFFI.checkQuestions(toml: toml) }
}

/// Whether a back-up question may be about this.
public func mayAsk(about: QuestionAbout) throws(CpniError) -> Bool {
    try cpni { try CpniGuardFFI.mayAskAbout(about: about) }
}
