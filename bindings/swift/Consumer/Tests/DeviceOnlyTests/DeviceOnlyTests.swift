// The product for an agent's machine, beside the guard that seals for it: in a process of its own, and in this one.

import CpniGuard
import CpniGuardDevice
import Foundation
import XCTest

final class DeviceOnlyTests: XCTestCase {
    private func guarded() throws -> (Guard, Stored, Interaction) {
        let root = (0..<6).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
        func text(_ path: String) throws -> String {
            try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        }
        let clock = try ManualClock(micros: 1_795_953_600_000_000)
        let agents = try MemoryAgents()
        let contacts = try MemoryContacts()
        try agents.signIn(
            token: "token-dana",
            profile: try AgentProfile(
                id: "dana", role: .careAgent, employer: "carrier", country: "US",
                trainedUntilMicros: 1_795_953_600_000_000 + 24 * 3_600_000_000))
        try contacts.put(id: "call-1", state: try ContactState(channel: .phoneInbound, live: true, agent: "dana"))
        let cpni = try Guard(
            schema: try text("examples/subscriber.toml"), keys: .memory, store: .memory,
            grants: [try text("examples/grants.toml")], agents: .memory(agents), contacts: .memory(contacts),
            options: GuardOptions().clock(clock))
        let record = try Record("r-1", ["name": "Canary Finch", "plan": "Canary Unlimited", "ssn": "987-65-4321"])
        let sealed = try cpni.protect(record, account: "8155550100").sealed
        try cpni.importSecret(.password, of: "8155550100", "correct-horse-7")
        try cpni.setFacts(
            try AccountFacts(simChange: .never, business: false, survivor: false), of: "8155550100")
        let call = try cpni.interaction(
            agentSession: "token-dana", account: "8155550100", purpose: .support, contact: ("call-1", .phoneInbound))
        try call.present(.password("correct-horse-7"))
        return (cpni, .record(sealed, id: "r-1"), call)
    }

    private func code(_ work: () throws -> Void) -> CpniGuardDevice.ErrorCode? {
        do {
            try work()
            return nil
        } catch {
            return (error as? CpniGuardDevice.CpniError)?.known
        }
    }

    func testAProcessWithoutAGuardOpensWhatOneSealed() throws {
        let (cpni, stored, call) = try guarded()
        let tool = Process()
        let (asks, answers) = (Pipe(), Pipe())
        tool.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("Agent")
        (tool.standardOutput, tool.standardInput) = (asks, answers)
        try tool.run()
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) { said.append(asks.fileHandleForReading.availableData) }
        let digits = String(decoding: said, as: UTF8.self).dropLast().compactMap(\.hexDigitValue)
        let request = Data(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
        XCTAssertEqual(request.count, 40)
        let reply = try call.viewForDevice(stored, ["name", "ssn", "email"], request: request)
        let line = reply.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
        try answers.fileHandleForWriting.write(contentsOf: Data(line.utf8))
        let lines = String(decoding: asks.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        tool.waitUntilExit()
        XCTAssertEqual(lines.first, "name disclosed 12")
        XCTAssertTrue(lines.contains { $0.hasPrefix("ssn withheld") })
        XCTAssertEqual(lines.suffix(3), ["email absent", "again E8507", "live false"])
        try call.end()
        withExtendedLifetime(cpni) {}
    }

    func testTheTwoDoNotMixInOneProcess() throws {
        let (cpni, stored, call) = try guarded()
        let whole = try CpniGuard.DeviceSession()
        let device = try CpniGuardDevice.DeviceSession()
        let request = try device.request()
        let reply = try call.viewForDevice(stored, ["name", "ssn"], request: request)
        let foreign = try whole.request()
        XCTAssertThrowsError(try whole.open(reply, for: foreign)) {
            XCTAssertEqual(($0 as? CpniGuard.CpniError)?.known, .deviceNotForThisSession)
        }
        XCTAssertEqual(code { _ = try device.open(Data(reply.dropLast()), for: request) }, .deviceFormat)
        let view = try device.open(reply, for: request)
        guard case .disclosed(let name) = try view.field("name"), case .withheld(let why) = try view.field("ssn") else {
            return XCTFail("not what is given out")
        }
        XCTAssertEqual(try name.withText { $0 }, "Canary Finch")
        XCTAssertTrue(try name.matches("Canary Finch"))
        XCTAssertFalse(why.forAgent.isEmpty)
        XCTAssertEqual("\(name) \(view) \(device)", "Secret(..) DeviceView(..) DeviceSession(..)")
        try device.end()
        XCTAssertEqual(code { try name.withBytes { _ in } }, .discloseClosed)
        try call.end()
        withExtendedLifetime(cpni) {}
    }

    func testItRedactsWithoutAGuard() throws {
        let redactor = try CpniGuardDevice.Redactor()
        XCTAssertEqual(try redactor.redact("SSN 987-65-4320, cb (202) 555-0123"), "SSN [SSN], cb [PHONE]")
        let (message, metadata) = CpniGuardDevice.LogRedactor(redactor).redact("SSN 987-65-4320", ["pin": .text("4482")])
        XCTAssertEqual(message, "SSN [SSN]")
        XCTAssertEqual(metadata, ["pin": .text("[SECRET]")])
    }

    func testItsTableOfErrorsIsRusts() throws {
        let rust = try CpniGuardDevice.errorCodes().map(\.code).sorted()
        XCTAssertEqual(rust, CpniGuardDevice.ErrorCode.allCases.map(\.rawValue).sorted())
    }
}
