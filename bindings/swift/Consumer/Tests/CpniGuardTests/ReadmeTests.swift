// The README's example, compiled and run.

import CpniGuard
import Foundation
import XCTest

final class ReadmeTests: XCTestCase {
    func show(_ why: String) { XCTAssertFalse(why.isEmpty) }

    func testTheExampleRuns() throws {
        let world = try World()
        let (cpni, account, typed) = (world.cpni, account, "correct-horse-7")
        _ = try world.customer()
        try world.contacts.put(
            id: "call-1", state: try ContactState(channel: .phoneInbound, live: true, agent: "dana"))
        var shown: [String] = []
        let panel = { (bytes: UnsafeRawBufferPointer) in shown.append(String(decoding: bytes, as: UTF8.self)) }
        // README: begin
        let record = try Record("line-1", ["name": "Dana Example", "plan": "Unlimited Plus", "ssn": "987-65-4321"])
        let sealed = try cpni.protect(record, account: account).sealed  // bytes for your own database

        let call = try cpni.interaction(
            agentSession: "token-dana", account: account, purpose: .support, contact: ("call-1", .phoneInbound))
        try call.present(.password(typed))
        switch try call.view(.record(sealed, id: "line-1"), ["plan"]).field("plan") {
        case .withheld(let why): show(why.forAgent)
        case .absent: show("there is none")
        case .disclosed(let secret): try secret.withBytes { panel($0) }
        }
        try call.end()  // nothing is readable any more
        // README: end
        XCTAssertEqual(shown, ["Unlimited Plus"])
    }

    func testTheExampleOfAListRuns() throws {
        let world = try World()
        let record = try Record("line-1", ["plan": "Unlimited Plus"])
        let rows = [Data](repeating: try world.cpni.protect(record, account: account).sealed, count: 3)
        let call = try world.caseWork()
        var shown: [String] = []
        let panel = { (bytes: UnsafeRawBufferPointer) in shown.append(String(decoding: bytes, as: UTF8.self)) }
        try {
            // README: begin
            let batch = try call.viewBatch(of: rows, id: "line-1", ["plan"])
            defer { batch.close() }  // the end of the interaction does not reach it
            for case .success(let record) in batch {
                try record.withAllBytes { name, value in if let value { panel(value) } }
            }
            // README: end
        }()
        XCTAssertEqual(shown, [String](repeating: "Unlimited Plus", count: 3))
    }

    func testTheExampleOfASimChangeRuns() throws {
        let desk = try Desk()
        let (call, transactions) = (try desk.call(), desk.transactions)
        let change = try ChangeRequest.simChange(line: "line-1", newSim: "8900000000000000003")
        var done: [String] = []
        func say(_ text: String) { XCTAssertTrue(text.contains("If you did not ask for this")) }
        func moveSim(_ id: String) { done.append(id) }
        func later(_ untilMicros: UInt64, _ id: String) { XCTFail("\(id) waits until \(untilMicros)") }
        func ask(_ id: String) { XCTFail("\(id) needs a second person") }
        func show(_ why: String) { XCTFail(why) }
        // README: begin
        let asked = try call.request(change)  // decided, told where the customer could be reached before, on record
        say(asked.forCustomer)
        switch asked.next {
        case .execute:
            let permit = try call.permit(asked.id, change)  // one, for ten minutes
            let order = try call.execute(permit, change)  // every guard once more; from here on it may have been done
            moveSim(order.id)  // your provisioning, which drops a second order of the same id
            try transactions.confirm(order)  // or notDone
        case .wait(let untilMicros): later(untilMicros, asked.id)  // your worker: transactions.permit, transactions.execute
        case .secondPerson: ask(asked.id)  // transactions.approve, with the change that was shown to them
        case .refused: show(try asked.explain().forSupervisor)
        }
        // README: end
        XCTAssertEqual(try done.map { try transactions.status(account: account, id: $0).state }, [.confirmed])
    }

    func testTheExampleOfASearchRuns() throws {
        let world = try World()
        let cpni = world.cpni
        let record = try Record("line-1", ["ssn": "987-65-4321"])
        let sealed = try cpni.protect(record, account: account)
        let lookUp = { (terms: [IndexTerm]) throws -> [(account: String, sealed: Data)] in
            terms.contains(try XCTUnwrap(try sealed.indexTerms()["ssn"])) ? [(account, sealed.sealed)] : []
        }
        for (isLive, found) in [(false, [String]()), (true, [account])] {
            if isLive { _ = try world.call() }
            let typed = "987 65 4321"
            var shown: [String] = []
            let list = { (accounts: [String]) in shown += accounts }
            // README: begin
            switch try cpni.search(
                agentSession: "token-dana", contact: ("call-1", .phoneInbound), purpose: .support, index: "ssn", stated: [typed])
            {
            case .withheld(let why): show(why[0].forAgent)  // and why[0].remedies
            case .allowed(let search):
                // SELECT account, sealed FROM customers WHERE ssn_term IN (…): as `protect` gave them, in `indexTerms()`
                let rows = try lookUp(search.terms).map { Row(account: $0.account, .record($0.sealed, id: "line-1")) }
                list(try search.find(rows).accounts)
            }
            // README: end
            XCTAssertEqual(shown, found)
        }
    }

    func testTheExampleOfAnAgentsToolRuns() throws {
        let world = try World()
        let stored = try world.customer()
        for (isKnown, counts) in [(false, []), (true, [2])] {
            let call = try world.call(UUID().uuidString)
            if isKnown { try call.present(.password("correct-horse-7")) }
            var counted: [Int] = []
            let table = { counted.append($0) }
            // README: begin
            // The agent's machine, when the contact begins:
            let device = try DeviceSession()
            let request = try device.request()  // 40 bytes, not secret
            // The back end, with the open interaction of that contact:
            let reply = try call.viewForDevice(stored, ["plan", "call_detail"], request: request)
            // The agent's machine again:
            let view = try device.open(reply, for: request)
            switch try view.field("call_detail") {
            case .withheld(let why):
                show(why.forAgent)
                for rule in why.reasons { show("\(rule.title) (\(rule.cite), \(rule.certainty))") }
                for way in why.remedies { show(way.steps.map(\.advice).joined(separator: ", and ")) }
            case .absent: show("there is none")
            case .disclosed(let secret): try secret.withCalls { table($0.count) }
            }
            try device.end()  // the agent hung up: nothing is readable any more
            // README: end
            XCTAssertEqual(counted, counts)
        }
    }

    func testTheTexts() throws {
        var shown: [String] = []
        let show = { shown.append($0) }
        // README: begin
        var options = RedactorOptions()
        options.accountPatterns = ["[0-9]{4}-[A-Z]{5}"]
        let redactor = try Redactor(options)
        let note = "SSN 987-65-4320, cb (202) 555-0123"
        show(try redactor.redact(note))  // "SSN [SSN], cb [PHONE]"
        for found in try redactor.findings(in: note) { show("\(found.kind.name) \(found.confidence) \(note[found.range].count)") }
        // README: end
        XCTAssertEqual(shown, ["SSN [SSN], cb [PHONE]", "ssn 99 11", "phone 99 14"])
    }

    func testTheyAreTheOnesInTheReadme() throws {
        let here = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        let readme = try text("bindings/swift/README.md")
        let examples = here.components(separatedBy: "// README: begin\n").dropFirst()
        XCTAssertEqual(examples.count, 6)
        for example in examples {
            let lines = example.components(separatedBy: "// README: end")[0].components(separatedBy: "\n")
            let indent = lines.last?.count ?? 0
            let plain = lines.map { String($0.dropFirst(min(indent, $0.count))) }.joined(separator: "\n")
            XCTAssertTrue(readme.contains("```swift\n" + plain + "```"), plain)
        }
    }
}
