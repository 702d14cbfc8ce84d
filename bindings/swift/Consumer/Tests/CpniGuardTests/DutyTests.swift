// Duties that follow from facts: a breach, a broken opt-out, records to keep, questions to ask.

import CpniGuard
import Foundation
import XCTest

/// Every day is a business day, or nobody can say.
final class OwnDays: BusinessDays, @unchecked Sendable {
    private let lock = NSLock()
    private var failing = false
    func fail() { lock.withLock { failing = true } }
    func kind(day: Day) throws -> DayKind {
        if lock.withLock({ failing }) { throw Leaky() }
        return .business
    }
}

final class DutyTests: XCTestCase {
    /// Monday 2 November 2026, 12:00 UTC: in the westernmost zone that day begins.
    private let monday: UInt64 = 1_793_620_800_000_000
    private let hour: UInt64 = 3_600_000_000

    private func day(_ month: Int8, _ day: Int8, _ year: Int16 = 2026) -> Day { Day(year: year, month: month, day: day) }

    /// Call logs that an agent read on purpose, of 136 customers.
    private func incident(told: Bool = true) -> Incident {
        Incident(
            determined: day(11, 2), affected: [.callDetail: .readable], customers: .exactly(count: 136),
            intent: .intentional, agenciesNotified: told ? day(11, 4) : nil)
    }

    private func report(_ of: Incident, from: Day? = nil) throws -> BreachReport {
        try BreachReport(of, calendar: try BusinessCalendar.usFederal(), text2024From: from)
    }

    func testABreachSaysWhomToTellUntilWhenAndWhatHoldsIt() throws {
        let report = try report(incident())
        XCTAssertEqual(report.findings.governing, .text2007)
        XCTAssertEqual(report.findings.silentThrough, day(11, 16))
        XCTAssertFalse(report.findings.mayCrossThreshold)
        XCTAssertGreaterThanOrEqual(report.findings.readings.count, 5)
        let text = try XCTUnwrap(report.regime(.text2007))
        XCTAssertTrue(text.isBreach)
        XCTAssertEqual(text.compliance, .required)
        XCTAssertEqual(text.ground, .cpni)
        XCTAssertEqual(text.duties.map(\.task), [.notifyAgencies, .notifyCustomers, .keepRecord])
        XCTAssertEqual(text.duties[0].to, [.secretService, .fbi])
        XCTAssertEqual(text.duties[0].deadline, .by(last: day(11, 12)))
        XCTAssertEqual(text.duties[0].cited, Citation(cite: "47 CFR 64.2011(b)", certainty: .clear, source: .primary))
        XCTAssertEqual(text.duties[1].notBefore, .from(first: day(11, 17)))
        XCTAssertEqual(text.duties[1].deadline, .noLastDay)
        XCTAssertEqual(text.duties[2].deadline, .through(last: day(11, 4, 2028)))

        guard case .no(let until, let why, let cited) = try report.mayNotifyCustomer(atMicros: monday + 8 * 24 * hour)
        else { return XCTFail("held") }
        XCTAssertEqual(until, day(11, 17))
        XCTAssertEqual(why, .fullBusinessDays)
        XCTAssertEqual(cited.cite, "47 CFR 64.2011(b)(1)")
        // 12:00 UTC: the day has begun everywhere.
        XCTAssertNotEqual(try report.mayNotifyCustomer(atMicros: monday + 15 * 24 * hour - 1), .yes)
        XCTAssertEqual(try report.mayNotifyCustomer(atMicros: monday + 15 * 24 * hour), .yes)
        XCTAssertTrue(try report.text().contains("by 2026-11-12"))
        XCTAssertTrue(try report.json().contains("\"governing\": \"2007\""))
        XCTAssertEqual("\(report)", "BreachReport(..)")
    }

    func testEveryFactOfAnIncidentArrivesAndWhatIsNotSaidCloses() throws {
        let least = try report(Incident(determined: day(11, 2)))
        XCTAssertEqual(least.regime(.text2007)?.ground, .unknownData)
        XCTAssertTrue(least.findings.mayCrossThreshold)
        guard case .no(nil, .lawEnforcementFirst, _) = try least.mayNotifyCustomer(atMicros: monday) else {
            return XCTFail("held")
        }
        let before = EarlierFinding(customers: .exactly(count: 12), harm: .notLikely, fellOn: day(11, 9))
        var more = incident()
        (more.customers, more.foundBefore) = (.atLeast(count: 499), before)
        let of2024 = try XCTUnwrap(try report(more, from: day(1, 1)).regime(.text2024))
        XCTAssertEqual(of2024.duties.prefix(2).map(\.deadline), [.by(last: day(11, 19)), .by(last: day(12, 2))])
        var small = incident()
        (small.customers, small.harm) = (before.customers, before.harm)
        XCTAssertEqual(try report(small, from: day(1, 1)).regime(.text2024)?.duties.first?.task, .annualSummary)
        var slip = incident()
        (slip.intent, slip.goodFaithOfEmployee) = (.inadvertent, true)
        XCTAssertEqual(try report(slip).regime(.text2024)?.ground, .goodFaith)

        func held(_ change: (inout Incident) -> Void) throws -> MayNotify {
            var facts = incident()
            change(&facts)
            return try report(facts).mayNotifyCustomer(atMicros: monday + 8 * 24 * hour)
        }
        XCTAssertEqual(try held { $0.urgentAfterConsultation = true }, .heldForHuman(why: .urgentNeed))
        XCTAssertEqual(
            try held { ($0.agenciesNotified, $0.otherNoticeDue) = (nil, day(11, 5)) }, .heldForHuman(why: .otherNoticeDue))
        let silence = AgencyDelay(given: day(11, 5), through: day(12, 24), extends: false, inWriting: true)
        guard case .no(let until, .agencyDirection, _) = try held({ $0.delays = [silence] }) else { return XCTFail("directed") }
        XCTAssertEqual(until, day(12, 6), "thirty days, and no more")
        guard case .no(_, .fullBusinessDays, _) = try held({ ($0.delays, $0.delaysLifted) = ([silence], day(11, 6)) })
        else { return XCTFail("lifted") }
        XCTAssertEqual(code { try report(Incident(determined: day(2, 30))) }, .bindingNotADay)
        XCTAssertEqual(code { try report(incident(), from: day(13, 1)) }, .bindingNotADay)
    }

    func testACalendarOfTheCarriersCountsAndOneThatThrowsCloses() throws {
        let federal = try BusinessCalendar.usFederal(closures: [day(11, 3)])
        XCTAssertEqual(try federal.kind(day: day(11, 11)), .closed)
        XCTAssertEqual(try federal.kind(day: day(11, 3)), .unclear)
        XCTAssertEqual(try federal.lastDayToAct(from: day(11, 2), days: 1), day(11, 3))
        XCTAssertEqual(try federal.lastFullDay(from: day(11, 2), days: 1), day(11, 4))
        let days = OwnDays()
        let own = try BusinessCalendar.ofHost(days: days)
        XCTAssertEqual(try own.lastFullDay(from: day(11, 4), days: 7), day(11, 11))
        days.fail()
        XCTAssertEqual(try own.lastDayToAct(from: day(11, 4), days: 7), day(11, 11), "a deadline counts the doubt")
        XCTAssertNil(try own.lastFullDay(from: day(11, 4), days: 7), "a silence does not end by it")
        guard case .no(nil, .fullBusinessDays, _) =
            try BreachReport(incident(), calendar: own).mayNotifyCustomer(atMicros: monday + 300 * 24 * hour)
        else { return XCTFail("held") }
    }

    func testAWayToOptOutIsWatched() throws {
        let federal = try BusinessCalendar.usFederal()
        func health(_ now: UInt64, _ checks: (UInt64, OptOutOutcome)...) throws -> OptOutHealth {
            try optOutHealth(
                checks.map { OptOutCheck(atMicros: monday + $0.0 * hour, outcome: $0.1) }, watchedSinceMicros: monday,
                atMicros: monday + now * hour, calendar: federal)
        }
        XCTAssertEqual(try health(25), .works)
        guard case .noticeDue(let from, let by, let cited) = try health(26) else { return XCTFail("no check for a day") }
        XCTAssertEqual([from, by], [day(11, 3), day(11, 10)])
        XCTAssertEqual(cited.source, .memory)
        XCTAssertEqual(try health(30, (24, .failed)), .suspected(on: day(11, 3), by: day(11, 10)))
        XCTAssertEqual(try health(49, (48, .worked), (24, .failed)), .anomaly(on: day(11, 3)))
        XCTAssertEqual(try health(45, (24, .failed), (40, .failed), (44, .noticeFiled)), .noticeFiled)
    }

    func testRecordsAreKeptAndQuestionsAreNamed() throws {
        XCTAssertEqual(try retention(of: .approval).years, 1)
        XCTAssertEqual(try retention(of: .breach).cited.cite, "47 CFR 64.2011(d)")
        XCTAssertEqual(try retention(of: .simChange).years, 3)
        let on = day(11, 1, 2024)
        XCTAssertFalse(try mayDelete(.breach, lastDay: on, atMicros: monday - 24 * hour), "its anniversary is kept")
        XCTAssertTrue(try mayDelete(.breach, lastDay: on, atMicros: monday))
        XCTAssertFalse(try mayDelete(.approval, lastDay: nil, atMicros: monday), "it still stands")

        func one(_ about: String, _ text: String) -> String {
            "[[question]]\nid = \"q-1\"\ntext = \"\(text)\"\nabout = \"\(about)\"\n"
        }
        let good = one("preference", "Which dish do you like best?")
        XCTAssertEqual(try checkQuestions(good), [])
        XCTAssertEqual(try backupQuestions(good).map(\.about), [.preference])
        for bad in [one("ssn", "Which number?"), one("memory", "Which street was it?"), "no catalogue"] {
            XCTAssertEqual(code { try backupQuestions(bad) }, .interactionQuestions)
            XCTAssertEqual(try checkQuestions(bad).count, 1)
        }
        XCTAssertTrue(try mayAsk(about: .agreedWord))
        XCTAssertFalse(try mayAsk(about: .homeAddress))
    }
}
