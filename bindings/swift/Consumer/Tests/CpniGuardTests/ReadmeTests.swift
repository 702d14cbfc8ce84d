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

    func testItIsTheOneInTheReadme() throws {
        let here = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        let code = here.components(separatedBy: "// README: begin\n")[1].components(separatedBy: "        // README: end")[0]
        let plain = code.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : String($0) }.joined(separator: "\n")
        XCTAssertTrue(try text("bindings/swift/README.md").contains("```swift\n" + plain + "```"), plain)
    }
}
