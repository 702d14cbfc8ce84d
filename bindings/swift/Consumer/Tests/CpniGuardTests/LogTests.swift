// A log behind the redactor: nothing of a customer's reaches what writes, and a line is never lost.

import CpniGuard
import Foundation
import XCTest

/// Keeps what it is given.
private final class Lines: LogSink, @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [(String, String, [String: LogValue])] = []

    func log(_ level: String, _ message: String, _ metadata: [String: LogValue]) {
        lock.withLock { lines.append((level, message, metadata)) }
    }

    var all: [(String, String, [String: LogValue])] { lock.withLock { lines } }
}

final class LogTests: XCTestCase {
    func testMessagesAndNestedMetadataAreClean() throws {
        let lines = Lines()
        let log = RedactingLogSink(try Redactor(), before: lines)
        log.log(
            "warning", "verified (202) 555-0147 😀",
            [
                "pin": .text("4482"), "count": .text("3"), "phones": .list([.text("5550123"), .list([.text("5550124")])]),
                "customer": .fields(["ssn": .text("987654320"), "plan": .text("gold"), "deep": .fields(["email": .text("d@example.com")])]),
                "202-555-0147": .list([]),
            ])
        let (level, message, metadata) = try XCTUnwrap(lines.all.first)
        XCTAssertEqual(level, "warning")
        XCTAssertEqual(message, "verified [PHONE] 😀")
        let wanted: [String: LogValue] = [
            "pin": .text("[SECRET]"), "count": .text("3"), "phones": .list([.text("[PHONE]"), .list([.text("[PHONE]")])]),
            "customer": .fields(["ssn": .text("[SSN]"), "plan": .text("gold"), "deep": .fields(["email": .text("[EMAIL]")])]),
            "[PHONE]": .list([]),
        ]
        XCTAssertEqual(metadata, wanted)
    }

    func testWhatCannotBeRedactedIsDroppedAndTheLineStays() throws {
        let world = try World()
        let terms = TokenTerms(expiresMicros: noon + 3_600_000_000, purposes: [.support], uses: nil)
        // The schema has no field for an address on the Internet: there is no token for one.
        let redactor = try Redactor().withVaultTokens(world.cpni, account: account, terms: terms)
        let lines = Lines()
        let log = RedactingLogSink(redactor, before: lines)
        log.log("error", "from 192.0.2.1", ["peer": .list([.text("192.0.2.2"), .text("gold")])])
        let (level, message, metadata) = try XCTUnwrap(lines.all.first)
        XCTAssertEqual(level, "error")
        XCTAssertEqual(message, notRedacted)
        XCTAssertEqual(metadata, ["peer": .list([.text(notRedacted), .text("gold")])])
        // More than crosses at once: the texts are dropped, and what they stood in is there.
        let many = LogValue.list(Array(repeating: .text("SSN 987-65-4320"), count: 5_000))
        let (short, dropped) = LogRedactor(redactor).redact("SSN 987-65-4320", ["many": many])
        XCTAssertEqual(short, notRedacted)
        XCTAssertEqual(dropped, [notRedacted: .list(Array(repeating: .text(notRedacted), count: 5_000))])
    }

    func testMetadataWithoutAnEndIsCut() throws {
        let redactor = LogRedactor(try Redactor())
        let deep = (0..<200).reduce(LogValue.text("SSN 987-65-4320")) { value, _ in .list([value]) }
        let (_, metadata) = redactor.redact("deep", ["deep": deep, "ssn": .text("987654320")])
        XCTAssertFalse("\(metadata)".contains("4320"))
        XCTAssertTrue("\(metadata)".contains(notRedacted))
        XCTAssertEqual(metadata["ssn"], .text("[SSN]"))
    }

    func testAHandlerAsSwiftLogHasThemIsClean() throws {
        let kept = KeptLines()
        var handler = RedactingLogHandler(try Redactor(), before: KeepingHandler(kept: kept))
        handler[metadataKey: "phone"] = "5550123"
        handler.metadataProvider = Logger.MetadataProvider { ["email": "d@example.com"] }
        handler.log(
            level: .warning, message: "SSN 987-65-4320", metadata: ["calls": [["pin": "4482"], .stringConvertible(3)]],
            source: "example", file: #fileID, function: #function, line: #line)
        XCTAssertEqual(handler.behind.metadata, ["phone": "[PHONE]"])
        let (level, message, metadata) = try XCTUnwrap(kept.all.first)
        XCTAssertEqual(level, .warning)
        XCTAssertEqual(message, "SSN [SSN]")
        XCTAssertEqual(metadata, ["email": "[EMAIL]", "calls": [["pin": "[SECRET]"], "3"]])
        handler.logLevel = .error
        XCTAssertEqual(handler.behind.logLevel, .error)
    }

    func testTheHandlerIsTheOneInTheReadme() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let source = try String(contentsOf: folder.appendingPathComponent("RedactingLogHandler.swift"), encoding: .utf8)
        let handler = source.components(separatedBy: "// README: begin\n")[1].components(separatedBy: "// README: end")[0]
        XCTAssertTrue(try text("bindings/swift/README.md").contains("```swift\n" + handler + "```"))
    }

    func testThreadsLogAtOnce() async throws {
        let lines = Lines()
        let log = RedactingLogSink(try Redactor(), before: lines)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for _ in 0..<50 { log.log("info", "\(task) SSN 987-65-4320", ["pin": .text("4482")]) } }
            }
        }
        XCTAssertEqual(lines.all.count, 400)
        XCTAssertTrue(lines.all.allSatisfy { $0.1.hasSuffix(" SSN [SSN]") && $0.2 == ["pin": .text("[SECRET]")] })
    }
}
