// Transactions from the request to the confirmation, locks, fraud; and who is stopped on the way. The same codes and rules
// as in `bindings/ffi/tests/interface/transactions.rs`.

import CpniGuard
import Foundation
import XCTest

private let day: UInt64 = 24 * 3_600_000_000
private let tenMinutes: UInt64 = 600_000_000
private let password = "correct-horse-7"

private let moreGrants = """
    id    = "transactions"
    title = "Transactions"

    [[rule]]
    id     = "care-changes"
    title  = "Care agents change what customers ask for"
    effect = "permit"
    when   = { role = ["care_agent"], purpose = ["support"], op = ["act"], action = ["sim_change", "change_email_of_record", "port_out", "unlock_handset"] }

    [[rule]]
    id     = "ports"
    title  = "The porting interface ports"
    effect = "permit"
    when   = { role = ["port_system"], op = ["act"], action = ["port_out"] }
    """

/// What the host's systems say until a test says otherwise.
private final class Systems: AccountFactSource, RiskSource, @unchecked Sendable {
    // INVARIANT: looked at under the lock only.
    private let lock = NSLock()
    private var said: (sim: SimChange, eligible: Bool?, isDown: Bool) = (.never, true, false)

    func say(sim: SimChange? = nil, eligible: Bool?? = .none, isDown: Bool? = nil) {
        lock.withLock {
            if let sim { said.sim = sim }
            if let eligible { said.eligible = eligible }
            if let isDown { said.isDown = isDown }
        }
    }

    func accountFacts(account: String) throws -> AccountFacts {
        try AccountFacts(
            address: "post-1", addressSinceMicros: noon - 212 * day, simChange: lock.withLock { said.sim }, survivor: false,
            simLock: false, portLock: false, simplePort: true)
    }

    func risk(account: String, action: Action) throws -> HostRisk {
        let now = lock.withLock { said }
        if now.isDown { throw HostFailure.Unavailable }
        return try HostRisk(newDevice: false, accountOpenedMicros: noon - 900 * day, unlockEligible: now.eligible)
    }
}

/// A carrier whose agents change SIMs.
final class Desk {
    let world: World
    fileprivate let systems = Systems()
    let transactions: Transactions
    private var calls = 0

    init(
        keys: KeySource = .memory, store: GuardStore = .memory, now: UInt64 = noon, rules: TransactionRules? = nil
    ) throws {
        let systems = self.systems
        world = try World(keys: keys, store: store, grants: moreGrants) {
            let options = $0.accountFacts(systems).risks(systems)
            return if let rules { options.transactionRules(rules) } else { options }
        }
        transactions = try world.cpni.transactions
        try world.clock.advance(micros: now - noon)
        try world.cpni.importSecret(.password, of: account, password)
        try world.agents.signIn(token: "token-sue", profile: try World.agent("sue", mayApprove: true))
    }

    /// A contact of somebody's, in which the carrier's systems established this.
    func ring(_ agent: String = "dana", _ channel: Channel = .phoneInbound, _ attested: [Attested] = []) throws -> Interaction {
        calls += 1
        let id = "call-\(calls)"
        try world.contacts.put(
            id: id, state: try ContactState(channel: channel, live: true, agent: agent, attested: attested))
        return try world.cpni.interaction(
            agentSession: "token-\(agent)", account: account, purpose: .support, contact: (id, channel))
    }

    /// A call in which the customer is proved by password and app.
    func call() throws -> Interaction {
        let call = try ring("dana", .phoneInbound, [.appFactor])
        try call.present(.password(password))
        try call.attest(.appFactor)
        return call
    }

    func points(_ points: [(String, ContactChannel, UInt64)]) throws {
        try transactions.setContactPoints(
            account: account,
            points.map { id, channel, days in
                ContactPoint(id: id, channel: channel, sinceMicros: noon - days * day, fromTheBeginning: false)
            })
    }

    func state(_ asked: Requested) throws -> TransactionState {
        try transactions.status(account: account, id: asked.id).state
    }

    func permit(_ asked: Requested, _ change: ChangeRequest) throws -> ExecutePermit {
        try transactions.permit(account: account, id: asked.id, change)
    }

    /// Where queued notices go, as the worker takes them.
    func told() throws -> [String] {
        try world.cpni.leaseNotices(limit: 99).map { leased in
            let facts = try XCTUnwrap(leased.notice).facts()
            XCTAssertTrue(try world.cpni.noticeDone(id: leased.id))
            return try facts.address ?? "\(XCTUnwrap(facts.transaction).channel)"
        }.sorted()
    }

    /// The notice that waits longest.
    func notice() throws -> TransactionNotice {
        let leased = try XCTUnwrap(try world.cpni.leaseNotices(limit: 1).first)
        return try XCTUnwrap(try XCTUnwrap(leased.notice).facts().transaction)
    }

    /// The causes of the events of a kind.
    func causes(_ kind: EventKind) throws -> [UInt16] {
        try world.cpni.audit.events(from: 0, limit: 1_000).events.filter { $0.kind == kind }.map(\.cause)
    }
}

final class TransactionTests: XCTestCase {
    private let mail = ("mail-1", ContactChannel.email, UInt64(400))
    private let newApp = ("app-1", ContactChannel.app, UInt64(2))

    private func newSim(_ sim: String = "8900000000000000003") throws -> ChangeRequest {
        try .simChange(line: account, newSim: sim)
    }

    private func swapped() throws -> ChangeRequest { try newSim("8900000000000000011") }

    func testTheCustomerChangesTheSimInOneContact() throws {
        let desk = try Desk()
        let (change, call) = (try newSim(), try desk.call())
        let asked = try call.request(change)
        XCTAssertEqual(asked.next, .execute)
        XCTAssertEqual(asked.action, .simChange)
        XCTAssertEqual(asked.atMicros, noon)
        XCTAssertNil(asked.withheld)
        XCTAssertTrue(asked.forCustomer.hasPrefix("We change the SIM now.") && asked.id.count == 32)
        XCTAssertTrue(asked.answer.obligations.contains(.notifyBefore))
        XCTAssertTrue(try asked.explain().reasons.contains { $0.rule == "guard-sim-change-notice" && !$0.cite.isEmpty })
        XCTAssertEqual(
            asked.notified,
            [NoticeTarget(channel: .numberOfRecord, id: nil), NoticeTarget(channel: .address, id: "post-1")])
        let notice = try desk.notice()
        XCTAssertEqual(notice.about, .transaction)
        XCTAssertEqual(notice.id, asked.id)

        let permit = try call.permit(asked.id, change)
        XCTAssertEqual(permit.id, asked.id)
        XCTAssertEqual(permit.endsMicros, noon + tenMinutes)
        let order = try call.execute(permit, change)
        XCTAssertEqual(order.id, asked.id)
        XCTAssertEqual(try desk.state(asked), .executing)
        XCTAssertEqual(code { try call.execute(permit, change) }, .bindingUsedUp)
        XCTAssertEqual(code { try call.permit(asked.id, change) }, .transactionWrongState)
        try desk.transactions.confirm(order)
        XCTAssertEqual(code { try desk.transactions.confirm(order) }, .transactionWrongState)
        XCTAssertEqual(try desk.state(asked), .confirmed)
        XCTAssertEqual(try desk.causes(.transactionRequested), [0])
        XCTAssertEqual(try desk.causes(.transactionDecided), [0])
        XCTAssertEqual(try desk.causes(.transactionPermitted), [0, 5204])
        XCTAssertEqual(try desk.causes(.transactionExecuting), [0])
        XCTAssertEqual(try desk.causes(.transactionConfirmed), [0, 5204])
    }

    func testOfEightThreadsWithOnePermitOneExecutes() throws {
        let desk = try Desk()
        let (change, call) = (try newSim(), try desk.call())
        let permit = try call.permit(try call.request(change).id, change)
        let ended = NSLock()
        nonisolated(unsafe) var codes: [ErrorCode?] = []
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let failed = code { try call.execute(permit, change) }
            ended.withLock { codes.append(failed) }
        }
        XCTAssertEqual(codes.filter { $0 == nil }.count, 1)
        XCTAssertEqual(codes.filter { $0 == .bindingUsedUp }.count, 7)
        XCTAssertEqual(try desk.causes(.transactionExecuting), [0])
    }

    func testAPermitThatIsForgottenRefusedOrLateIsGoodForNothing() throws {
        let desk = try Desk()
        let (change, call) = (try newSim(), try desk.call())
        let asked = try call.request(change)
        XCTAssertEqual(code { try call.permit(asked.id, try self.swapped()) }, .transactionAnotherTarget)
        XCTAssertEqual(code { try call.permit("not an id", change) }, .transactionNoSuchTransaction)
        XCTAssertEqual(code { try desk.call().request(change) }, .transactionAlreadyUnderWay)
        _ = try call.permit(asked.id, change)
        // It was forgotten and not used: until its end nobody gets another.
        XCTAssertEqual(code { try call.permit(asked.id, change) }, .transactionWrongState)
        func next() throws -> ExecutePermit {
            try desk.world.clock.advance(micros: tenMinutes)
            return try call.permit(asked.id, change)
        }
        var permit = try next()
        XCTAssertEqual(code { try call.execute(permit, try self.swapped()) }, .transactionAnotherTarget)
        XCTAssertEqual(code { try call.execute(permit, change) }, .bindingUsedUp)
        permit = try next()
        try desk.world.clock.advance(micros: tenMinutes)
        XCTAssertEqual(code { try call.execute(permit, change) }, .transactionPermitExpired)
        permit = try call.permit(asked.id, change)
        desk.systems.say(sim: .at(micros: noon))
        XCTAssertEqual(code { try call.execute(permit, change) }, .transactionFactsChanged)
        try desk.world.clock.advance(micros: tenMinutes)
        XCTAssertEqual(code { try desk.permit(asked, change) }, .transactionAnotherInteraction)
        try call.cancel(asked.id)
        XCTAssertEqual(try desk.state(asked), .cancelled)
    }

    func testAPretexterIsRefusedWithTheRuleThatRefuses() throws {
        let desk = try Desk()
        let call = try desk.ring()
        try call.note(.ssnLast4)
        try call.note(.dateOfBirth)
        let asked = try call.request(try newSim())
        XCTAssertEqual(asked.next, .refused(code: 5218))
        XCTAssertEqual(asked.next.refusal, .transactionRefusedByPolicy)
        XCTAssertEqual(asked.forCustomer, "We cannot change the SIM here.")
        XCTAssertEqual(try desk.told(), [], "nobody is told of what is not done")
        let why = try XCTUnwrap(asked.withheld).explain()
        XCTAssertEqual(why.reasons.first?.rule, "guard-sim-change-authentication")
        XCTAssertEqual(why.reasons.first?.cite, "47 CFR 64.2010(a); library default")
        XCTAssertFalse(why.remedies.isEmpty)
        XCTAssertEqual(try desk.state(asked), .refused)
        XCTAssertEqual(code { try call.setLock(.sim) }, .transactionNotAuthenticated)

        let unlock = try ChangeRequest.unlockHandset(imei: "001017000000003")
        let stopped = try call.request(unlock)
        XCTAssertEqual(stopped.next.refusal, .transactionRefusedByPolicy)
        XCTAssertTrue(try stopped.explain().reasons.contains { $0.rule == "guard-unlock" })
        desk.systems.say(eligible: .some(nil))
        XCTAssertEqual(try desk.call().request(unlock).next.refusal, .transactionNotEligible)
        desk.systems.say(eligible: .some(true))
        XCTAssertEqual(try desk.call().request(unlock).next, .execute)
    }

    func testAWaitIsExecutedByTheWorkerAndNotAMomentEarly() throws {
        let desk = try Desk()
        try desk.points([mail, newApp])
        let change = try newSim()
        let asked = try desk.call().request(change)
        XCTAssertEqual(asked.next, .wait(untilMicros: noon + day))
        XCTAssertEqual(asked.riskRules, ["risk-sim-after-contact-change"])
        XCTAssertEqual(asked.risk, [.contactChangedRecently])
        XCTAssertTrue(asked.forCustomer.contains("waits until 2026-11-30T12:00:00Z"), asked.forCustomer)
        let waiting = try desk.transactions.waiting(account: account)
        XCTAssertEqual(waiting.map(\.id), [asked.id])
        XCTAssertEqual(waiting.map(\.notBeforeMicros), [noon + day])
        XCTAssertEqual(waiting.map(\.agent), ["dana"])
        try desk.world.clock.advance(micros: day - 1)
        XCTAssertEqual(code { try desk.permit(asked, change) }, .transactionNotYet)
        try desk.world.clock.advance(micros: 1)
        let permit = try desk.permit(asked, change)
        try desk.transactions.notDone(try desk.transactions.execute(permit, change))
        XCTAssertEqual(code { try desk.transactions.execute(permit, change) }, .bindingUsedUp)
        XCTAssertEqual(try desk.state(asked), .cancelled)
        XCTAssertEqual(try desk.transactions.waiting(account: account), [])
    }

    func testASecondPersonIsAnotherOneWhoSeesWhatIsApproved() throws {
        let desk = try Desk()
        try desk.points([mail])
        desk.systems.say(sim: .at(micros: noon - day))
        let (change, call) = (try newSim(), try desk.call())
        let asked = try call.request(change)
        XCTAssertEqual(asked.next, .secondPerson(untilMicros: noon))
        XCTAssertEqual(asked.riskRules, ["risk-sim-after-sim-change"])
        XCTAssertEqual(code { try call.permit(asked.id, change) }, .transactionNeedsApproval)
        func approve(_ shown: ChangeRequest, _ by: String) -> ErrorCode? {
            code { try desk.transactions.approve(account: account, id: asked.id, shown: shown, approverSession: by) }
        }
        // The same person with a second session and the right to approve; an agent without; nobody.
        try desk.world.agents.signIn(token: "dana-again", profile: try World.agent("dana", mayApprove: true))
        try desk.world.agents.signIn(token: "token-lee", profile: try World.agent("lee"))
        for by in ["dana-again", "token-dana", "token-lee", "nobody"] {
            XCTAssertEqual(approve(change, by), .interactionMayNotApprove, by)
        }
        XCTAssertEqual(approve(try swapped(), "token-sue"), .transactionAnotherTarget)
        XCTAssertEqual(code { try call.permit(asked.id, change) }, .transactionNeedsApproval, "none of them approved")
        XCTAssertNil(approve(change, "token-sue"))
        let status = try desk.transactions.status(account: account, id: asked.id)
        XCTAssertEqual(status.approver, "sue")
        XCTAssertFalse(status.needsApproval)
        _ = try call.execute(try call.permit(asked.id, change), change)
        XCTAssertEqual(try desk.state(asked), .executing)
    }

    func testWhoWasToldObjectsAndNobodyElse() throws {
        let desk = try Desk()
        try desk.points([mail, newApp])
        let change = try newSim()
        let asked = try desk.call().request(change)
        XCTAssertEqual(try desk.told(), ["mail-1", "numberOfRecord"])
        func object(_ channel: ContactChannel, _ id: String?) throws -> Objection {
            try desk.transactions.takeObjection(
                account: account, id: asked.id, from: NoticeTarget(channel: channel, id: id))
        }
        XCTAssertEqual(code { try object(.app, "app-1") }, .transactionNotNotifiedThere)
        XCTAssertEqual(try object(.email, "mail-1"), .stopped)
        try desk.world.clock.advance(micros: day)
        XCTAssertEqual(code { try desk.permit(asked, change) }, .transactionWrongState)
        XCTAssertEqual(code { try object(.email, "mail-1") }, .transactionWrongState)
        // A port-out is not held; where the carrier holds them, what is at risk is said.
        let port = try ChangeRequest.portOut(number: account, toCarrier: "9999")
        for holds in [false, true] {
            var rules = try TransactionRules.libraryDefault()
            if holds { rules = try rules.objectionsHoldPorts() }
            XCTAssertEqual(try rules.portWarning?.contains("47 CFR 52.35") ?? false, holds)
            let desk = try Desk(rules: rules)
            let call = try desk.call()
            let asked = try call.request(port)
            let number = NoticeTarget(channel: .numberOfRecord, id: nil)
            XCTAssertEqual(
                try desk.transactions.takeObjection(account: account, id: asked.id, from: number), holds ? .stopped : .noted)
            XCTAssertEqual(code { try call.permit(asked.id, port) }, holds ? .transactionWrongState : nil)
        }
    }

    func testALockIsTheCustomersAndGoesLateAndTold() throws {
        let desk = try Desk()
        func lock() throws -> LockState { try desk.transactions.lock(account: account, .sim) }
        XCTAssertEqual(try lock(), .off)
        let (change, call) = (try newSim(), try desk.call())
        let asked = try call.request(change)
        let permit = try call.permit(asked.id, change)
        try call.setLock(.sim)
        XCTAssertEqual(try lock(), .on)
        XCTAssertEqual(code { try call.execute(permit, change) }, .transactionRefusedByPolicy, "a lock that is set in between")
        try call.cancel(asked.id)
        _ = try desk.told()
        let locked = try call.request(change)
        XCTAssertEqual(locked.next.refusal, .transactionLocked)
        XCTAssertEqual(locked.forCustomer, "We cannot change the SIM while your lock is on. You can remove it yourself.")
        XCTAssertEqual(code { try desk.ring().removeLock(.sim) }, .transactionNotAuthenticated)
        XCTAssertEqual(code { try call.removeLock(.port) }, .transactionWrongState)
        let removal = try call.removeLock(.sim)
        XCTAssertEqual(removal.untilMicros, noon + day)
        XCTAssertTrue(removal.forCustomer.contains("set it again"))
        XCTAssertEqual(try lock(), .onUntil(micros: noon + day))
        XCTAssertTrue(try lock().isOn(atMicros: noon))
        XCTAssertFalse(try lock().isOn(atMicros: noon + day))
        let notice = try desk.notice()
        XCTAssertEqual(notice.about, .lockRemoval)
        XCTAssertNil(notice.id)
        XCTAssertEqual(try call.request(change).next.refusal, .transactionLocked, "until then it holds")
        // Who was told keeps it; then it is asked for again, and waited for.
        try desk.transactions.keepLock(account: account, .sim)
        XCTAssertEqual(try lock(), .on)
        _ = try desk.call().removeLock(.sim)
        try desk.world.clock.advance(micros: day)
        XCTAssertEqual(code { try desk.transactions.keepLock(account: account, .sim) }, .transactionWrongState)
        XCTAssertNil(try desk.call().request(change).next.refusal)

        let quick = try Desk(rules: try .libraryDefault().lockRemovalDelay(secs: 60))
        let other = try quick.call()
        try other.setLock(.port)
        XCTAssertEqual(try other.removeLock(.port).untilMicros, noon + 60_000_000)
    }

    func testAPortGoesByTheCustomersPasscodeWhoseAttemptsCountOnEveryChannel() throws {
        let desk = try Desk()
        try desk.world.cpni.importSecret(.portPasscode, of: account, "482913")
        try desk.world.agents.signIn(
            token: "token-porter",
            profile: try AgentProfile(
                id: "porter", role: .portSystem, employer: "carrier", country: "US", trainedUntilMicros: noon + 90 * day))
        func porting() throws -> Interaction { try desk.ring("porter", .portInterface) }
        let port = try ChangeRequest.portOut(number: account, toCarrier: "9999")
        let asked = try porting().request(port)
        XCTAssertEqual(asked.next.refusal, .transactionRefusedByPolicy)
        XCTAssertTrue(
            try asked.explain().reasons.contains { $0.rule == "guard-port-passcode" && $0.cite.hasPrefix("47 CFR 52.36(c)") })
        XCTAssertEqual(asked.beyondSimplePort, [])
        let call = try porting()
        try call.present(.portPasscode("482913"))
        XCTAssertEqual(try call.request(port).next, .execute)
        let guesses = try (0..<4).flatMap { _ in [try porting(), try desk.ring()] }
        let codes = guesses.map { guess in code { try guess.present(.portPasscode("000000")) } }
        XCTAssertEqual(codes, Array(repeating: nil, count: 5) + Array(repeating: .interactionLockedOut, count: 3))
        XCTAssertEqual(try portFields().count, 14)
        XCTAssertTrue(try portFields().contains("zip_code"))
    }

    func testACarriersRulesOfRiskAreItsOwn() throws {
        func rule(_ kind: TransactionKind, _ effect: RiskEffect) -> RiskRule {
            RiskRule(id: "our-wait", title: "A SIM change waits an hour", kinds: [kind], facts: [], effect: effect)
        }
        let rules = try TransactionRules.libraryDefault()
        XCTAssertTrue(try rules.rules.contains { $0.effect == .wait(secs: 86_400) })
        XCTAssertEqual(code { try rules.with(rule(.portOut, .refuse)) }, .transactionPortRule)
        let own = try rules.with(rule(.simChange, .wait(secs: 3_600)))
        XCTAssertEqual(try own.rules.count, try rules.rules.count + 1)
        XCTAssertEqual(try own.without("our-wait").rules, try rules.rules)
        XCTAssertEqual(try Desk(rules: own).call().request(try newSim()).next, .wait(untilMicros: noon + 3_600_000_000))
        // A host whose systems do not answer has everything unknown.
        let desk = try Desk()
        desk.systems.say(isDown: true)
        let asked = try desk.call().request(try newSim())
        XCTAssertEqual(asked.next, .secondPerson(untilMicros: noon))
        XCTAssertEqual(asked.risk, [.newDevice, .youngAccount])
    }

    func testFraudFreezesNamesWhatChangedAndCounts() throws {
        let desk = try Desk()
        try desk.points([mail, ("app-1", .app, 90)])
        let (change, call) = (try newSim(), try desk.call())
        let asked = try call.request(change)
        try desk.transactions.confirm(try call.execute(try call.permit(asked.id, change), change))
        let email = try ChangeRequest.contact(.email, point: "mail-9", new: "mallory@example.com")
        let waits = try call.request(email)
        XCTAssertEqual(waits.riskRules, ["risk-account-after-sim-change"])
        func report(_ by: String) throws -> FraudReport {
            try desk.transactions.reportFraud(
                account: account, caseId: "fraud-7", sinceMicros: noon - day, agentSession: by)
        }
        XCTAssertEqual(code { try report("nobody") }, .interactionUnknownAgent)
        let found = try report("token-sue")
        XCTAssertEqual(found.frozenSinceMicros, noon)
        XCTAssertEqual(found.stopped, [waits.id])
        XCTAssertEqual(found.inDoubt, [])
        let first = try XCTUnwrap(found.changes.first)
        XCTAssertEqual(first.kind, .transactionConfirmed)
        XCTAssertEqual(first.action, .simChange)
        XCTAssertEqual(first.transaction, asked.id)
        XCTAssertEqual(first.by, "dana")
        XCTAssertTrue(first.evidence.contains { $0.kind == .appFactor })
        XCTAssertEqual(code { try call.request(email) }, .transactionFrozen)
        try desk.transactions.reverse(account: account, id: asked.id, agentSession: "token-sue")
        XCTAssertEqual(
            code { try desk.transactions.reverse(account: account, id: asked.id, agentSession: "token-sue") },
            .transactionWrongState)
        try desk.world.clock.advance(micros: 3_600_000_000)
        try desk.transactions.remedied(account: account, caseId: "fraud-7", agentSession: "token-sue")
        XCTAssertEqual(
            code { try desk.transactions.remedied(account: account, caseId: "fraud-7", agentSession: "token-sue") },
            .transactionNotFrozen)

        let counted = try desk.transactions.simStatistics(micros: noon - day..<noon + day)
        XCTAssertEqual([counted.requests, counted.successful, counted.failed, counted.fraudulent], [1, 1, 0, 1])
        XCTAssertEqual([counted.complaints, counted.remedied, counted.averageRemedyMicros], [1, 1, 3_600_000_000])
        XCTAssertEqual(counted.authentication.map(\.kind), [.password, .appFactor])
        XCTAssertEqual(counted.authentication.map(\.count), [1, 1])
        XCTAssertEqual(counted.logBeginsMicros, noon)
    }

    func testAfterARestartATransactionGoesOnAndAPermitDoesNot() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let change = try newSim()
        var asked: Requested?
        /// A process with the same keys and the same store.
        func process(_ now: UInt64, _ work: (Desk, Requested?) throws -> Void) throws {
            let keys = KeySource.file(folder + "/keys.cpni", passphrase: "a long passphrase", create: true)
            let desk = try Desk(keys: keys, store: .folder(folder + "/store"), now: now)
            try work(desk, asked)
            desk.world.cpni.close()
            XCTAssertEqual(code { try desk.transactions.of(account: account) }, .bindingClosed)
        }
        try process(noon) { desk, _ in
            try desk.points([mail, newApp])
            let call = try desk.call()
            asked = try call.request(change)
            try call.end()
        }
        try process(noon + day) { desk, asked in
            XCTAssertEqual(try desk.state(try XCTUnwrap(asked)), .waiting)
            _ = try desk.permit(try XCTUnwrap(asked), change)
        }
        // The permit died with its process: until its end nobody gets another.
        try process(noon + day + 1) { desk, asked in
            let asked = try XCTUnwrap(asked)
            XCTAssertEqual(try desk.state(asked), .permitted)
            XCTAssertEqual(code { try desk.permit(asked, change) }, .transactionWrongState)
            try desk.world.clock.advance(micros: tenMinutes)
            _ = try desk.transactions.execute(try desk.permit(asked, change), change)
        }
        // What died in the host's hands stays there until somebody has looked.
        try process(noon + day + 2 * tenMinutes) { desk, asked in
            let asked = try XCTUnwrap(asked)
            XCTAssertEqual(try desk.state(asked), .executing)
            XCTAssertEqual(code { try desk.permit(asked, change) }, .transactionWrongState)
            let call = try desk.call()
            XCTAssertEqual(code { try call.request(change) }, .transactionAlreadyUnderWay)
            try call.end()
            func settle(_ by: String) throws {
                try desk.transactions.settle(account: account, id: asked.id, isDone: true, agentSession: by)
            }
            XCTAssertEqual(code { try settle("nobody") }, .interactionUnknownAgent)
            try settle("token-sue")
            XCTAssertEqual(try desk.state(asked), .confirmed)
        }
    }

    func testAChangePrintsNothing() throws {
        let change = try newSim()
        let made = [
            change, try .portOut(number: account, toCarrier: "9999"), try .unlockHandset(imei: account),
            try .account(.resetPassword), try .contact(.number, point: "number-2", new: account),
        ]
        XCTAssertEqual(
            try made.map { try $0.action }, [.simChange, .portOut, .unlockHandset, .resetPassword, .changeNumberOfRecord])
        var printed = ""
        for one in made {
            dump(one, to: &printed)
            printed += "\(one) \(String(reflecting: one))"
        }
        let desk = try Desk()
        let call = try desk.call()
        let asked = try call.request(change)
        let permit = try call.permit(asked.id, change)
        let order = try call.execute(permit, change)
        dump(asked, to: &printed)
        printed += "\(permit) \(order) \(desk.transactions) \(try TransactionRules.libraryDefault())"
        XCTAssertTrue(printed.hasPrefix("- ChangeRequest(..)"), printed)
        XCTAssertTrue(printed.hasSuffix("ExecutePermit(..) Execution(..) Transactions(..) TransactionRules(..)"))
        for value in [account, "8900000000000000003"] { XCTAssertFalse(printed.contains(value)) }
        XCTAssertEqual(code { try ChangeRequest.contact(.email, point: "no id", new: "a@example.com") }, .idCharacter)
    }

    func testTheSameOnOtherThreads() async throws {
        let desk = try Desk()
        try desk.points([mail, newApp])
        let change = try newSim()
        let call = try desk.call()
        let asked = try await call.request(change)
        try desk.world.clock.advance(micros: day)
        let all = desk.transactions
        let permit = try await all.permit(account: account, id: asked.id, change)
        try await all.confirm(try await all.execute(permit, change))
        XCTAssertEqual(try desk.state(asked), .confirmed)
    }
}
