// Many views in one call: the same as as many views, and gone when it is closed.

import CpniGuard
import Foundation
import XCTest

final class BatchTests: XCTestCase {
    private let names: [FieldRequest] = ["name", "ssn", "plan", "call_detail", "birth_date"]

    private func said(_ field: Field) throws -> String {
        switch field {
        case .withheld(let why): "withheld: \(try why.remedies)"
        case .absent: "absent"
        case .disclosed(let secret):
            field.answer.field == "call_detail"
                ? try secret.withCalls { calls in
                    calls.map { "\($0.direction) \($0.number) \($0.startMicros) \($0.durationSecs) \($0.place ?? "")" }
                        .joined(separator: ";")
                } : try secret.withText { $0 }
        }
    }

    private func sealed(_ world: World, _ fields: KeyValuePairs<String, Value>) throws -> Data {
        try world.cpni.protect(try Record("r-1", fields), account: account).sealed
    }

    func testABatchGivesWhatAsManyViewsGive() throws {
        let world = try World()
        _ = try world.customer()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let other = try sealed(world, ["plan": "Basic Canary", "name": "Someone Else"])
        for call in [try world.call(), try world.caseWork()] {
            let events = try world.cpni.audit.size()
            let batch = try call.viewBatch(of: [record, record.dropLast(), other, record], id: "r-1", names)
            XCTAssertEqual(batch.count, 4)
            XCTAssertEqual(code { try batch[1].get() }, .sealedFormat)
            let viewed = [try batch[0].get(), try batch[2].get(), try batch[3].get()]
            let indexes = viewed.map(\.auditIndex)
            XCTAssertTrue(indexes[0] >= events && indexes == indexes.sorted() && Set(indexes).count == 3)
            for (one, bytes) in zip(viewed, [record, other, record]) {
                let view = try call.view(.record(bytes, id: "r-1"), names)
                XCTAssertEqual(one.names, view.names)
                XCTAssertEqual(try one.fields.map(\.answer), view.fields.map(\.answer))
                XCTAssertEqual(try one.fields.map(said), try view.fields.map(said))
                var (all, expected): ([String: Data?], [String: Data?]) = ([:], [:])
                try one.withAllBytes { all[$0] = .some($1.map { Data($0) }) }
                try view.withAllBytes { expected[$0] = .some($1.map { Data($0) }) }
                XCTAssertEqual(all, expected)
                for name in one.names { XCTAssertEqual(try said(one.field(name)), try said(view.field(name))) }
                XCTAssertEqual(code { try one.field("mobile") }, .discloseNotAskedFor)
            }
            XCTAssertEqual(batch.compactMap { try? $0.get().auditIndex }, indexes, "a collection, in their order")
        }
    }

    func testAValueOfABatchIsComparedAndReadInTheWayOfItsShape() throws {
        let world = try World()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let one = try world.caseWork().viewBatch(of: [record], id: "r-1", names)[0].get()
        guard case .disclosed(let plan) = try one.field("plan"), case .disclosed(let calls) = try one.field("call_detail")
        else { return XCTFail("withheld") }
        XCTAssertTrue(try plan.matches("Canary Unlimited"))
        for other in ["Canary Unlimite", "Canary Unlimited ", "canary Unlimited", ""] { XCTAssertFalse(try plan.matches(other)) }
        XCTAssertEqual(code { try calls.matches("2125550123") }, .discloseWrongShape)
        XCTAssertEqual(code { try plan.withCalls { $0.count } }, .bindingLayout)
        XCTAssertEqual(try plan.count, "Canary Unlimited".utf8.count)
    }

    func testCloseEndsEveryReadAndTheEndOfTheInteractionDoesNot() throws {
        let world = try World()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let call = try world.caseWork()
        let batch = try call.viewBatch(of: [record, record, record], id: "r-1", names)
        let one = try batch[1].get()
        guard case .disclosed(let plan) = try one.field("plan"), case .withheld(let ssn) = try one.field("ssn")
        else { return XCTFail("other than expected") }
        try call.end()
        XCTAssertEqual(code { try call.viewBatch(of: [record], id: "r-1", names) }, .interactionEnded)
        XCTAssertEqual(try plan.withText { $0 }, "Canary Unlimited")
        // Who is reading while another closes reads on, and nobody after that.
        try plan.withBytes {
            batch.close()
            XCTAssertEqual(String(decoding: $0, as: UTF8.self), "Canary Unlimited")
        }
        batch.close()
        XCTAssertEqual(code { try batch[0].get() }, .discloseClosed)
        XCTAssertEqual(code { try plan.withBytes { _ in } }, .discloseClosed)
        XCTAssertEqual(code { try plan.matches("x") }, .discloseClosed)
        XCTAssertEqual(code { try plan.count }, .discloseClosed)
        XCTAssertEqual(code { try one.fields }, .discloseClosed)
        XCTAssertEqual(code { try one.field("plan") }, .discloseClosed)
        XCTAssertEqual(code { try one.withAllBytes { _, _ in } }, .discloseClosed)
        XCTAssertEqual(code { try ssn.remedies }, .discloseClosed)
        XCTAssertEqual(plan.answer.outcome, .withhold, "nothing is said of it any more")
    }

    func testNothingOfItPrintsAValue() throws {
        let world = try World()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let batch = try world.caseWork().viewBatch(of: [record, Data([1])], id: "r-1", names)
        let one = try batch[0].get()
        var heard = ""
        for thing in [batch, one, Array(batch), try one.fields] as [Any] {
            dump(thing, to: &heard)
            print("\(thing)", String(describing: thing), String(reflecting: thing), to: &heard)
        }
        XCTAssertTrue(heard.contains("RecordView(..)") && heard.contains("BatchView(..)"))
        for secret in ["Canary", "987-65-4321", "2125550123"] { XCTAssertFalse(heard.contains(secret), secret) }
    }

    func testAnEmptyBatchAndWhatIsNoBatch() throws {
        let world = try World()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let call = try world.caseWork()
        XCTAssertTrue(try call.viewBatch(of: [], id: "r-1", names).isEmpty)
        let events = try world.cpni.audit.size()
        let many = [Data](repeating: record, count: 10_001)
        XCTAssertEqual(code { try call.viewBatch(of: many, id: "r-1", names) }, .bindingLayout)
        XCTAssertEqual(code { try call.views(of: many, id: "r-1", names) }, .bindingLayout)
        XCTAssertEqual(try world.cpni.audit.size(), events, "nothing was opened")
    }

    func testEightThreadsReadABatchWhileItIsClosed() throws {
        let world = try World()
        let record = try world.cpni.protect(try sample(), account: account).sealed
        let batch = try world.caseWork().viewBatch(of: [Data](repeating: record, count: 200), id: "r-1", ["plan"])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for at in 0..<200 {
                if thread == 0 && at == 100 { batch.close() }
                do {
                    try batch[at].get().withAllBytes { _, value in
                        XCTAssertEqual(value.map { String(decoding: $0, as: UTF8.self) }, "Canary Unlimited")
                    }
                } catch {
                    XCTAssertEqual((error as? CpniError)?.known, .discloseClosed)
                }
            }
        }
    }
}
