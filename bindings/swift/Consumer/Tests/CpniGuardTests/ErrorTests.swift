// The table of codes, and that nothing prints a value.

import CpniGuard
import Foundation
import XCTest

final class ErrorTests: XCTestCase {
    func testTheTableIsTheLibrarys() throws {
        let theirs = try errorCodes()
        XCTAssertGreaterThan(theirs.count, 100)
        let ours = ErrorCode.allCases.map { NamedCode(code: $0.rawValue, name: $0.name) }
        XCTAssertEqual(ours.filter { !theirs.contains($0) }.map(\.name), [], "here and not in Rust")
        XCTAssertEqual(theirs.filter { !ours.contains($0) }.map(\.name), [], "in Rust and not here")
        XCTAssertEqual(ours.count, theirs.count, "one is there twice")
    }

    func testAnErrorIsItsNumber() {
        let error = CpniError(.interactionLockedOut)
        XCTAssertEqual("\(error)", "E5006")
        XCTAssertEqual(error.code, 5006)
        XCTAssertEqual(error.known, .interactionLockedOut)
        XCTAssertEqual("\(CpniError.Failed(code: 7))", "E0007")
        XCTAssertNil(CpniError.Failed(code: 7).known)
    }

    /// Everything that a host can get hold of, printed in every way that Swift has.
    func testNothingPrintsAValue() throws {
        let world = try World()
        let stored = try world.customer()
        let record = try sample()
        let call = try world.call()
        let evidence = try Evidence.password("correct-horse-7")
        try call.present(evidence)
        let everything: [FieldRequest] = [
            "name", "street", "city", "birth_date", "ssn", "ssn_last4", "account_number", "mobile", "email", "plan",
            "features", "lines", "imei", "iccid", "balance", "card", "call_detail",
        ]
        let view = try call.view(stored, everything)
        let row = CallRow(.outbound, number: "2125550123", startMicros: 1, durationSecs: 2, place: "Canary Place")
        var seen: [Any] = [
            record, stored, call, evidence, view, row, world.cpni, Value.text("987-65-4321"), Value.calls([row]),
            KeySource.file("keys.cpni", passphrase: "six words of a canary list"), GuardOptions().tenant("acme"),
            try world.cpni.protect(record, account: account), try call.verify(stored, field: "ssn", stated: "987-65-4321"),
            try call.decide(.simChange), try World.agent("dana"), try Facts.ordinary(), world.agents, world.contacts,
        ]
        for field in view.fields {
            seen.append(field)
            seen.append(field.answer)
            if case .disclosed(let secret) = field { seen.append(secret) }
            if case .withheld(let why) = field { seen.append(try why.explain()) }
        }
        let stolen = try StolenRecords(lost: .notKnown)
        try stolen.add(account: account, sealed: try world.cpni.protect(record, account: account).sealed)
        let incident = Incident(determined: Day(year: 2026, month: 11, day: 2), affected: [.ssn: .readable])
        let report = try BreachReport(incident, calendar: try BusinessCalendar.usFederal())
        seen += [stolen, incident, report, report.findings, try report.text(), try report.mayNotifyCustomer(atMicros: noon)]
        XCTAssertGreaterThan(seen.count, 40)
        for broken in [
            { try call.view(stored, ["987-65-4321"]) as Any }, { try view.field("987-65-4321") },
            { try world.cpni.protect(try Record("r-1", ["987-65-4321": "987-65-4321"]), account: account) },
            { try world.cpni.interaction(agentSession: "987-65-4321", account: account, purpose: .support) },
            { try Record(String(repeating: "987-65-4321", count: 99), ["plan": "x"]) as Any },
            { try Sealed.record(text: "987-65-4321") },
        ] {
            do { seen.append(try broken()) } catch { seen.append(error) }
        }
        let log = try world.cpni.audit
        for index in 0..<(try log.size()) {
            seen.append(try checkEventProof(try log.prove(index: index), verifyingKey: try log.verifyingKey()))
        }
        seen.append(try world.cpni.attestationText())
        let secrets = canaries + ["correct-horse-7", "six words of a canary list", "9876543", "4321", "token-dana"]
        for thing in seen {
            var dumped = ""
            dump(thing, to: &dumped)
            let optional: Any? = thing
            let texts = [
                "\(thing)", String(describing: thing), String(reflecting: thing), dumped, "\([thing])",
                "\(optional as Any)", "\(["key": thing])", (thing as? any Error)?.localizedDescription ?? "",
            ]
            for text in texts {
                for secret in secrets where text.contains(secret) {
                    XCTFail("\(type(of: thing)) prints a value")
                }
            }
        }
    }
}
