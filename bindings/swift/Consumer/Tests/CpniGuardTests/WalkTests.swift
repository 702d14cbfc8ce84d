// The walk of a customer contact, and what ends it.

import CpniGuard
import Foundation
import XCTest

final class WalkTests: XCTestCase {
    func testACallIsWithheldThenDisclosedAndThenOver() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call()

        let before = try call.view(stored, ["plan", "call_detail"])
        guard case .withheld(let why) = try before.field("call_detail") else { return XCTFail("not withheld") }
        XCTAssertEqual(why.because, .forbidden)
        XCTAssertFalse(why.forAgent.isEmpty)
        XCTAssertTrue(try why.remedies.contains { $0.steps.map(\.remedy) == [.providePassword] })
        XCTAssertTrue(try why.explain().reasons.contains { $0.cite.contains("64.2010(b)") })

        XCTAssertEqual(try call.present(.password("wrong-horse-77")), .noMatch)
        XCTAssertEqual(try call.present(.password("correct-horse-7")), .match)

        let view = try call.view(stored, ["plan", "call_detail", "ssn"])
        XCTAssertEqual(view.names, ["plan", "call_detail", "ssn"])
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
        XCTAssertNil(try view.text("ssn"), "never shown")
        guard case .disclosed(let calls) = try view.field("call_detail") else { return XCTFail("withheld") }
        try calls.withCalls {
            XCTAssertEqual($0.count, 2)
            XCTAssertEqual($0[0].number, "2125550123")
            XCTAssertEqual($0[0].place, "Canary Place")
            XCTAssertEqual($0[0].durationSecs, 61)
            XCTAssertEqual($0[1].direction, .inbound)
            XCTAssertNil($0[1].place)
        }
        XCTAssertEqual(code { try calls.matches("2125550123") }, .discloseWrongShape)
        XCTAssertEqual(code { try view.field("name") }, .discloseNotAskedFor)

        try call.end()
        XCTAssertEqual(code { try calls.withBytes { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try call.view(stored, ["plan"]) }, .interactionEnded)
        try call.end() // the second time nothing happens

        guard case .intact(_, let size, let root, let anchored, _) = try world.cpni.audit.verify(outside: nil) else {
            return XCTFail("the log was changed")
        }
        XCTAssertEqual(root.count, 32)
        XCTAssertNil(anchored)
        XCTAssertGreaterThan(size, 6)
        let seen = try world.cpni.audit.whoSaw(
            account: account, fromMicros: 0, untilMicros: .max, skip: 0, limit: 10)
        XCTAssertEqual(seen.events.map(\.agent), ["dana"])
        let proof = try world.cpni.audit.prove(index: seen.events[0].index)
        XCTAssertEqual(try checkEventProof(proof, verifyingKey: try world.cpni.audit.verifyingKey()), seen.events[0])
    }

    func testBytesAreLentWhereTheyAre() throws {
        let world = try World()
        let stored = try world.customer()
        let view = try world.caseWork().view(stored, ["plan", "name", "card"])
        guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
        XCTAssertEqual(try plan.count, "Canary Unlimited".utf8.count)
        XCTAssertEqual(try plan.withBytes { String(decoding: $0, as: UTF8.self) }, "Canary Unlimited")
        XCTAssertTrue(try plan.matches("Canary Unlimited"))
        XCTAssertFalse(try plan.matches("Canary unlimited"))
        XCTAssertEqual(code { try plan.withCalls { $0.count } }, .bindingLayout)

        var all: [String: String?] = [:]
        try view.withAllBytes { name, bytes in all[name] = .some(bytes.map { String(decoding: $0, as: UTF8.self) }) }
        XCTAssertEqual(all, ["plan": "Canary Unlimited", "name": "Canary Finch", "card": String?.none])

        struct Own: Error {}
        XCTAssertThrowsError(try plan.withBytes { _ in throw Own() }) { XCTAssertTrue($0 is Own) }
    }

    func testABatchHasAResultForEach() throws {
        let world = try World()
        let good = try Record("r-1", ["plan": "Canary Unlimited"])
        let bad = try Record("r-1", ["no_such_field": "Canary Unlimited"])
        let sealed = try world.cpni.protect([(account, good), (account, bad), ("", good)])
        XCTAssertNoThrow(try sealed[0].get())
        XCTAssertEqual(code { try sealed[1].get() }, .recordUnknownField)
        XCTAssertEqual(code { try sealed[2].get() }, .idEmpty)

        let record = try sealed[0].get().sealed
        let views = try world.caseWork().views(of: [record, Data([1, 2, 3]), record], id: "r-1", ["plan"])
        XCTAssertEqual(try views[0].get().text("plan"), "Canary Unlimited")
        XCTAssertEqual(code { try views[1].get() }, .sealedFormat)
        XCTAssertEqual(try views[2].get().text("plan"), "Canary Unlimited")
    }

    /// The decisions are read by hand: each is whole, whatever it says.
    func testEveryDecisionIsReadWhole() throws {
        let world = try World()
        let stored = try world.customer()
        let names: [FieldRequest] = ["ssn", "plan", "card", "call_detail", "name", "birth_date", "ssn_last4"]
        let refused = try world.call().view(stored, names)
        let given = try world.caseWork().view(stored, names)
        let half = try world.caseWork("case-2").view(
            .field(try Sealed.field("plan", of: try world.cpni.protect(try sample(), account: account).sealed), id: "r-1"), names)
        var obligations = 0
        for view in [refused, given, half] {
            XCTAssertEqual(view.names, names.map(\.name))
            for (field, name) in zip(view.fields, view.names) {
                let answer = field.answer
                XCTAssertEqual(answer.field, name)
                XCTAssertFalse(answer.forAgent.isEmpty)
                obligations += answer.obligations.count
                switch field {
                case .withheld(let why):
                    XCTAssertEqual(answer.outcome, .withhold)
                    XCTAssertNil(answer.form)
                    XCTAssertNotNil(answer.because)
                    // The same decision, read by the generated code.
                    XCTAssertEqual(try why.explain().answer, answer)
                case .absent, .disclosed:
                    XCTAssertNotEqual(answer.outcome, .withhold)
                    XCTAssertNotNil(answer.form)
                    XCTAssertNil(answer.because)
                }
            }
        }
        XCTAssertGreaterThan(obligations, 0)
        XCTAssertTrue(refused.fields.allSatisfy { if case .withheld = $0 { true } else { false } })
        guard case .disclosed(let plan) = try given.field("plan") else { return XCTFail("withheld") }
        XCTAssertEqual(plan.answer.form, .full)
        guard case .absent = try half.field("name") else { return XCTFail("a column has one field") }
    }

    func testAnSsnIsComparedAndNotShown() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call(purpose: .creditCheck)
        let yes = try call.verify(stored, field: "ssn", stated: "987-65-4321")
        XCTAssertEqual(yes.result, .match)
        XCTAssertEqual(try call.verify(stored, field: "ssn", stated: "987-65-4322").result, .noMatch)
        let no = try world.call("call-2").verify(stored, field: "ssn", stated: "987-65-4321")
        XCTAssertNil(no.result)
        XCTAssertEqual(no.withheld?.because, .forbidden)
    }

    func testAFieldStandsInAColumnOfItsOwn() throws {
        let world = try World()
        let sealed = try world.cpni.protect(try sample(), account: account)
        let column = try Sealed.field("plan", of: sealed.sealed)
        XCTAssertEqual(try Sealed.field(text: try Sealed.text(field: column)), column)
        let view = try world.caseWork().view(.field(column, id: "r-1"), ["plan", "name"])
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
        guard case .absent = try view.field("name") else { return XCTFail("a column holds one field") }
    }

    /// Swift's generated code ends the process where a length does not fit: nothing gets that far.
    func testBytesOfMoreThanTwoGibibytesAreRefused() throws {
        // Claimed, never read: reserved address space alone.
        let count = Int(Int32.max) + 1
        let space = mmap(nil, count, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        try XCTSkipIf(space == MAP_FAILED, "no address space")
        defer { munmap(space, count) }
        let huge = Data(bytesNoCopy: try XCTUnwrap(space), count: count, deallocator: .none)
        XCTAssertEqual(code { try Sealed.info(record: huge) }, .bindingLayout)
        XCTAssertEqual(code { try Sealed.text(field: huge) }, .bindingLayout)
        let call = try World().caseWork()
        XCTAssertEqual(code { try call.view(.record(huge, id: "r-1"), ["plan"]) }, .bindingLayout)
        XCTAssertEqual(code { try call.verify(.record(huge, id: "r-1"), field: "plan", stated: "x") }, .bindingLayout)
    }

    func testAnOfficerNamesTheAccountOfAnEvent() throws {
        let world = try World(options: { $0.breachOfficer("sue") })
        try world.agents.signIn(token: "token-sue", profile: try World.agent("sue"))
        _ = try world.caseWork().view(try world.customer(), ["plan"])
        let log = try world.cpni.audit
        let seen = try log.whoSaw(account: account, fromMicros: 0, untilMicros: .max, skip: 0, limit: 10)
        let event = try XCTUnwrap(seen.events.first).index
        let name = try world.cpni.nameAccount(officerSession: "token-sue", event: event)
        XCTAssertEqual(name, Data(account.utf8))
        XCTAssertEqual(
            code { try world.cpni.nameAccount(officerSession: "token-dana", event: event) }, .interactionNotEntitled)
        let part = try log.export(format: .cef, from: .number(next: 0), mostLines: 1_000)
        XCTAssertEqual(part.lines.split(separator: "\n").count, Int(part.exported))
        XCTAssertFalse(part.lines.contains(account))
    }

    func testWhatTheTelephonyAttestsCountsAndAnAgentsWordDoesNot() throws {
        let world = try World()
        let call = try world.call()
        XCTAssertEqual(try call.attest(.passkey), .noMatch)
        try world.contacts.put(
            id: "call-2",
            state: try ContactState(channel: .online, live: true, agent: "dana", attested: [.passkey]))
        let other = try world.cpni.interaction(
            agentSession: "token-dana", account: account, purpose: .support, contact: ("call-2", .online))
        XCTAssertEqual(try other.attest(.passkey), .match)
    }

    func testAnActionIsDecided() throws {
        let world = try World()
        _ = try world.customer()
        let refused = try world.call().decide(.simChange)
        XCTAssertEqual(refused.answer.outcome, .withhold)
        XCTAssertFalse(try XCTUnwrap(refused.withheld).remedies.isEmpty)
    }

    func testUseAfterCloseIsAnError() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.caseWork()
        let view = try call.view(stored, ["plan", "card"])
        guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
        guard case .withheld(let card) = try view.field("card") else { return XCTFail("disclosed") }
        view.close()
        view.close()
        XCTAssertEqual(code { try plan.withBytes { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try plan.withText { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try plan.matches("x") }, .discloseClosed)
        XCTAssertEqual(code { try plan.count }, .discloseClosed)
        XCTAssertEqual(code { try view.withAllBytes { _, _ in } }, .discloseClosed)
        XCTAssertEqual(code { try card.remedies }, .discloseClosed)

        let log = try world.cpni.audit
        world.cpni.close()
        world.cpni.close()
        XCTAssertEqual(code { try world.cpni.protect(try sample(), account: account) }, .bindingClosed)
        XCTAssertEqual(code { try world.call("call-9") }, .bindingClosed)
        XCTAssertEqual(code { try world.cpni.attestationJson() }, .bindingClosed)
        XCTAssertEqual(code { try log.size() }, .bindingClosed)
        try call.end() // an interaction outlives it, and its end is recorded
    }

    func testTheEndOfTheContactEndsWhatIsShown() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call()
        XCTAssertEqual(try call.present(.password("correct-horse-7")), .match)
        let view = try call.view(stored, ["plan"])
        try world.contacts.finish(id: "call-1")
        XCTAssertEqual(code { try call.view(stored, ["plan"]) }, .interactionEnded)
        XCTAssertEqual(code { try view.text("plan") }, .discloseClosed)
    }

    func testWhatIsHeldKeepsTheInteractionAndWhatIsFreedEndsIt() throws {
        let world = try World()
        let stored = try world.customer()
        func kinds() throws -> [EventKind] {
            let log = try world.cpni.audit
            let last = try log.size() - 1
            return [try checkEventProof(try log.prove(index: last), verifyingKey: try log.verifyingKey()).kind]
        }
        do {
            // Neither the interaction nor the view has a name.
            guard case .disclosed(let plan) = try world.caseWork().view(stored, ["plan"]).field("plan") else {
                return XCTFail("withheld")
            }
            XCTAssertEqual(try plan.withText { $0 }, "Canary Unlimited")
            XCTAssertEqual(try kinds(), [.viewed])
        }
        XCTAssertEqual(try kinds(), [.interactionEnded])
        // The same with what is withheld: its remedies can be asked for.
        guard case .withheld(let card) = try world.caseWork("case-2").view(stored, ["card"]).field("card") else {
            return XCTFail("disclosed")
        }
        XCTAssertNoThrow(try card.remedies)
    }

    func testTheAsyncVariantsDoTheSame() async throws {
        let world = try World()
        let stored = try blocking { try world.customer() }
        let call = try blocking { try world.call() }
        let matched = try await call.present(.password("correct-horse-7"))
        XCTAssertEqual(matched, .match)
        let view = try await call.view(stored, ["plan"])
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
        try await call.end()
        do {
            _ = try await call.view(stored, ["plan"])
            XCTFail("ended")
        } catch {
            XCTAssertEqual(error.known, .interactionEnded)
        }
        let opened = try await world.cpni.interaction(agentSession: "token-dana", account: account, purpose: .support)
        let refused = try await opened.view(stored, ["plan"])
        XCTAssertNil(try refused.text("plan"))
    }

    func testTheDurableStoreAndAKeyFileAreOpenedAgain() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("keys.cpni").path
        let store = folder.appendingPathComponent("guard-data").path
        let sealed: Data
        do {
            let world = try World(keys: .file(file, passphrase: "six words of a dice list", create: true), store: .folder(store))
            sealed = try world.cpni.protect(try sample(), account: account).sealed
            world.cpni.close()
        }
        XCTAssertEqual(code { try World(keys: .file(file, passphrase: "six words of a wrong list")) }, .keyUnwrap)
        XCTAssertEqual(code { try World(keys: .file(file + "x", passphrase: "six words of a dice list")) }, .keyMissing)
        let again = try World(keys: .file(file, passphrase: "six words of a dice list"), store: .folder(store))
        let view = try again.caseWork().view(.record(sealed, id: "r-1"), ["plan"])
        XCTAssertEqual(try view.text("plan"), "Canary Unlimited")
    }
}
