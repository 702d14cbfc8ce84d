// An agent's machine beside the back end: what crosses are bytes, and what opens them is one session.

import CpniGuard
import Foundation
import XCTest

/// The clock of an agent's machine.
final class DeviceClock: GuardClock, @unchecked Sendable {
    private let lock = NSLock()
    private var now = noon
    private var inside: (@Sendable () -> Void)?
    func move(secs: Int64) { lock.withLock { now = UInt64(Int64(now) + secs * 1_000_000) } }
    func then(_ call: (@Sendable () -> Void)?) { lock.withLock { inside = call } }
    func nowMicros() throws -> UInt64 {
        lock.withLock { inside }?()
        return lock.withLock { now }
    }
}

final class DeviceTests: XCTestCase {
    func testTheWholeWalkBetweenABackEndAndAnAgentsMachine() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call()
        let device = try DeviceSession()
        XCTAssertTrue(try device.isLive)
        XCTAssertNil(try device.timeLeft, "nothing was opened")
        XCTAssertEqual(try device.fingerprint.count, 64)

        var request = try device.request()
        XCTAssertEqual(request.count, 40)
        let refused = try device.open(try call.viewForDevice(stored, ["plan", "call_detail"], request: request), for: request)
        guard case .withheld(let why) = try refused.field("call_detail") else { return XCTFail("not withheld") }
        XCTAssertEqual(why.state, .withheld)
        XCTAssertEqual(why.because, .forbidden)
        XCTAssertEqual(why.class, .callDetail)
        XCTAssertFalse(why.forAgent.isEmpty)
        let rule = try XCTUnwrap(why.reasons.first)
        XCTAssertFalse(rule.rule.isEmpty || rule.title.isEmpty)
        XCTAssertEqual(rule.certainty, "clear")
        XCTAssertTrue(why.reasons.contains { $0.cite.contains("64.2010(a)") })
        let password = try XCTUnwrap(why.remedies.first { $0.steps.map(\.remedy) == [.providePassword] })
        XCTAssertEqual(password.steps.map(\.advice), ["ask for the account password"])
        // What the back end's own view says.
        guard case .withheld(let there) = try call.view(stored, ["call_detail"]).field("call_detail") else {
            return XCTFail("not withheld")
        }
        XCTAssertEqual(why.answer, there.answer)
        XCTAssertEqual(why.remedies, try there.remedies)
        XCTAssertEqual(why.reasons.map(\.rule), try there.explain().reasons.map(\.rule))

        XCTAssertEqual(try call.present(.password("correct-horse-7")), .match)
        request = try device.request()
        let view = try device.open(
            try call.viewForDevice(stored, ["plan", "call_detail", "ssn"], request: request), for: request)
        XCTAssertEqual(view.names, ["plan", "call_detail", "ssn"])
        XCTAssertEqual(view.decisions.map(\.isCalls), [false, true, false])
        guard case .disclosed(let plan) = try view.field("plan"), case .disclosed(let calls) = try view.field("call_detail"),
            case .withheld = try view.field("ssn")
        else { return XCTFail("not what is given out") }
        XCTAssertEqual(plan.answer, try view.decision("plan").answer)
        XCTAssertEqual(plan.answer.form, .full)
        XCTAssertEqual(try plan.count, "Canary Unlimited".utf8.count)
        XCTAssertEqual(try plan.withBytes { String(decoding: $0, as: UTF8.self) }, "Canary Unlimited")
        XCTAssertEqual(try plan.withText { $0 }, "Canary Unlimited")
        XCTAssertTrue(try plan.matches("Canary Unlimited"))
        XCTAssertFalse(try plan.matches("Canary unlimited"))
        XCTAssertEqual(try calls.withCalls { $0.map(\.number) }, ["2125550123", "2125550124"])
        XCTAssertEqual(code { try calls.matches("2125550123") }, .discloseWrongShape)
        XCTAssertEqual(code { try plan.withCalls { $0.count } }, .bindingLayout)
        XCTAssertEqual(code { try view.field("name") }, .discloseNotAskedFor)
        XCTAssertEqual(code { try view.decision("name") }, .discloseNotAskedFor)
        XCTAssertGreaterThan(try XCTUnwrap(device.timeLeft), .zero)
        var all: [String: Bool] = [:]
        try view.withAllBytes { name, bytes in all[name] = bytes != nil }
        XCTAssertEqual(all, ["plan": true, "call_detail": true, "ssn": false])

        // The log names the machine that was shown it.
        let log = try world.cpni.audit
        let event = try checkEventProof(try log.prove(index: view.auditIndex), verifyingKey: try log.verifyingKey())
        XCTAssertEqual(event.kind, .viewed)
        let asked = try checkEventProof(try log.prove(index: view.auditIndex - 1), verifyingKey: try log.verifyingKey())
        XCTAssertEqual(asked.kind, .deviceAsked)
        XCTAssertEqual(asked.basis, try device.fingerprint)

        try device.end()
        try device.end() // the second time nothing happens
        XCTAssertEqual(code { try plan.withBytes { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try plan.withText { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try calls.withCalls { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try plan.matches("Canary Unlimited") }, .discloseClosed)
        XCTAssertEqual(code { try plan.count }, .discloseClosed)
        XCTAssertEqual(code { try view.withAllBytes { _, _ in } }, .discloseClosed)
        XCTAssertEqual(code { try device.request() }, .deviceEnded)
        XCTAssertEqual(code { try device.open(Data(), for: request) }, .deviceEnded)
        XCTAssertEqual(code { try device.fingerprint }, .deviceEnded)
        XCTAssertFalse(try device.isLive)
        XCTAssertNil(try device.timeLeft)
    }

    func testAnotherSessionsReplyAReplayAndASwapAreRefused() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.caseWork()
        let (mine, other) = (try DeviceSession(), try DeviceSession())
        let (request, theirs) = (try mine.request(), try other.request())
        let reply = try call.viewForDevice(stored, ["plan"], request: request)
        XCTAssertEqual(code { try other.open(reply, for: theirs) }, .deviceNotForThisSession)
        XCTAssertEqual(code { try other.open(reply, for: request) }, .deviceNotWaiting)
        // The interaction answers the session that asked first.
        XCTAssertEqual(code { try call.viewForDevice(stored, ["plan"], request: theirs) }, .interactionAnotherDevice)

        // What is refused changes nothing: the reply still opens, once.
        let second = try mine.request()
        XCTAssertEqual(code { try mine.open(reply, for: second) }, .deviceAnotherRequest)
        var changed = reply
        changed[changed.endIndex - 1] ^= 1
        XCTAssertEqual(code { try mine.open(changed, for: request) }, .deviceNotForThisSession)
        XCTAssertEqual(code { try mine.open(reply.prefix(20), for: request) }, .deviceFormat)
        XCTAssertEqual(code { try mine.open(reply, for: request.prefix(39)) }, .deviceFormat)
        let view = try mine.open(reply, for: request)
        XCTAssertEqual(code { try mine.open(reply, for: request) }, .deviceNotWaiting)
        guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
        XCTAssertEqual(try plan.withText { $0 }, "Canary Unlimited")

        // Another interaction's reply to this session.
        let elsewhere = try world.caseWork("case-2").viewForDevice(stored, ["plan"], request: second)
        XCTAssertEqual(code { try mine.open(elsewhere, for: second) }, .deviceAnotherInteraction)

        // What a back end refuses of a request.
        let fresh = try world.caseWork("case-3")
        XCTAssertEqual(code { try fresh.viewForDevice(stored, ["plan"], request: Data([1, 2, 3])) }, .deviceFormat)
        var lowOrder = request
        lowOrder.replaceSubrange(4..<36, with: Data(count: 32))
        XCTAssertEqual(code { try fresh.viewForDevice(stored, ["plan"], request: lowOrder) }, .devicePublicKey)
        XCTAssertEqual(code { try fresh.viewForDevice(stored, ["no_such_field"], request: theirs) }, .recordUnknownField)
    }

    func testAReplyShowsNothingToWhoeverCarriesIt() throws {
        let world = try World()
        let device = try DeviceSession()
        let reply = try world.caseWork().viewForDevice(
            try world.customer(), ["plan", "name"], request: try device.request())
        for canary in canaries { XCTAssertNil(reply.range(of: Data(canary.utf8)), "in the clear") }
    }

    func testTimeEndsItByTheDevicesOwnClock() throws {
        let world = try World()
        let stored = try world.customer()
        let clock = DeviceClock()
        let device = try DeviceSession(clock: clock)
        let request = try device.request()
        let call = try world.caseWork()
        let view = try device.open(try call.viewForDevice(stored, ["plan"], request: request), for: request)
        guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
        let left = try XCTUnwrap(device.timeLeft)
        clock.move(secs: left.components.seconds - 1)
        XCTAssertEqual(try device.timeLeft, .seconds(1))
        XCTAssertEqual(try plan.count, "Canary Unlimited".utf8.count)
        clock.move(secs: 1)
        XCTAssertEqual(code { try plan.withBytes { _ in } }, .discloseClosed)
        XCTAssertFalse(try device.isLive)
        XCTAssertEqual(code { try device.request() }, .deviceExpired)

        // A clock that goes back says that nobody knows how much time passed.
        let back = try DeviceSession(clock: clock)
        _ = try back.request()
        clock.move(secs: -1)
        XCTAssertFalse(try back.isLive)
    }

    func testAClockThatCallsItsSessionIsRefusedAndNotHung() throws {
        let clock = DeviceClock()
        let device = try DeviceSession(clock: clock)
        let seen = Found()
        clock.then { [weak device] in seen.add(code { try device?.end() }) }
        XCTAssertTrue(try device.isLive)
        clock.then(nil)
        XCTAssertEqual(seen.all, [.bindingBusy])
        try device.end()
    }

    func testASecretKeepsItsSessionAndCloseEndsAView() throws {
        let world = try World()
        let stored = try world.customer()
        func open() throws -> DeviceView {
            let device = try DeviceSession()
            let request = try device.request()
            return try device.open(
                try world.caseWork(UUID().uuidString).viewForDevice(stored, ["plan"], request: request), for: request)
        }
        // Neither the session nor the view has a name.
        guard case .disclosed(let plan) = try open().field("plan") else { return XCTFail("withheld") }
        XCTAssertEqual(try plan.withText { $0 }, "Canary Unlimited")

        let view = try open()
        guard case .disclosed(let closed) = try view.field("plan") else { return XCTFail("withheld") }
        try view.close()
        try view.close()
        XCTAssertEqual(code { try closed.withBytes { _ in } }, .discloseClosed)
        XCTAssertEqual(try plan.count, "Canary Unlimited".utf8.count, "another session's")
    }

    func testTheAsyncVariantDoesTheSame() async throws {
        let world = try World()
        let stored = try blocking { try world.customer() }
        let call = try world.caseWork()
        let device = try DeviceSession()
        let request = try device.request()
        let view = try device.open(try await call.viewForDevice(stored, ["plan"], request: request), for: request)
        guard case .disclosed = try view.field("plan") else { return XCTFail("withheld") }
    }

    /// Each view, decision, field, secret and error, printed in every way that Swift has.
    func testNothingOfADevicePrintsAValue() throws {
        let world = try World()
        let stored = try world.customer()
        let everything: [FieldRequest] = [
            "name", "street", "city", "birth_date", "ssn", "ssn_last4", "account_number", "mobile", "email", "plan",
            "features", "lines", "imei", "iccid", "balance", "card", "call_detail",
        ]
        let device = try DeviceSession()
        let request = try device.request()
        let call = try world.call()
        try call.present(.password("correct-horse-7"))
        let view = try device.open(try call.viewForDevice(stored, everything, request: request), for: request)
        var seen: [Any] = [device, view, view.fields, view.decisions]
        var given = 0
        for field in view.fields {
            seen.append(field)
            if case .disclosed(let secret) = field {
                seen.append(secret)
                given += 1
            }
        }
        XCTAssertGreaterThan(given, 5)
        do { _ = try view.field("987-65-4321") } catch { seen.append(error) }
        do { _ = try device.open(Data("987-65-4321".utf8), for: request) } catch { seen.append(error) }
        for thing in seen {
            var dumped = ""
            dump(thing, to: &dumped)
            for text in ["\(thing)", String(reflecting: thing), dumped, "\([thing])"] {
                for canary in canaries + ["correct-horse-7"] where text.contains(canary) {
                    XCTFail("\(type(of: thing)) prints a value")
                }
            }
        }
        XCTAssertEqual("\(device) \(view)", "DeviceSession(..) DeviceView(..)")
    }
}
