// Texts that are redacted: the corpus of the Rust tests, places in Swift's strings, masks, tokens.

import CpniGuard
import Foundation
import XCTest

/// A line of tests/redaction/corpus.txt: a text, and what must be found in it, with its kind.
private struct Case {
    let line: Int
    let isSpoken: Bool
    let text: String
    let wanted: [(String, Range<String.Index>)]
}

private func corpus() throws -> [Case] {
    var isSpoken = false
    var cases: [Case] = []
    for (number, line) in try text("tests/redaction/corpus.txt").components(separatedBy: "\n").enumerated() {
        if line.hasPrefix("## ") { isSpoken = line == "## spoken" }
        if line.isEmpty || line == "#" || line.hasPrefix("# ") || line.hasPrefix("## ") { continue }
        var (text, offsets) = ("", [(String, Int, Int)]())
        // By scalars: a mark and a combining character behind it are one `Character`.
        var rest = unescaped(line).unicodeScalars[...]
        while let open = rest.firstIndex(of: "⟦"), let colon = rest[open...].firstIndex(of: ":"),
            let close = rest[colon...].firstIndex(of: "⟧")
        {
            text.unicodeScalars.append(contentsOf: rest[..<open])
            let start = text.utf8.count
            text.unicodeScalars.append(contentsOf: rest[rest.index(after: colon)..<close])
            offsets.append((String(rest[rest.index(after: open)..<colon]), start, text.utf8.count))
            rest = rest[rest.index(after: close)...]
        }
        text.unicodeScalars.append(contentsOf: rest)
        let place = { text.utf8.index(text.startIndex, offsetBy: $0) }
        cases.append(
            Case(
                line: number + 1, isSpoken: isSpoken, text: text,
                wanted: offsets.map { ($0.0, place($0.1)..<place($0.2)) }))
    }
    return cases
}

private func unescaped(_ line: String) -> String {
    let plain = line.replacingOccurrences(of: "\\n", with: "\n").replacingOccurrences(of: "\\r", with: "\r")
        .replacingOccurrences(of: "\\t", with: "\t")
    var parts = plain.components(separatedBy: "\\u{")[...]
    var text = parts.removeFirst()
    for part in parts {
        let ends = part.components(separatedBy: "}")
        text.unicodeScalars.append(Unicode.Scalar(UInt32(ends[0], radix: 16)!)!)
        text.unicodeScalars.append(contentsOf: ends.dropFirst().joined(separator: "}").unicodeScalars)
    }
    return text
}

final class RedactionTests: XCTestCase {
    private func redactor(_ change: (inout RedactorOptions) -> Void = { _ in }) throws -> Redactor {
        var options = RedactorOptions()
        change(&options)
        return try Redactor(options)
    }

    func testTheCorpusIsFoundAsRustFindsIt() throws {
        let (plain, spoken) = (try redactor(), try redactor { $0.isSpoken = true })
        let cases = try corpus()
        XCTAssertGreaterThanOrEqual(cases.count, 500)
        for this in cases {
            let redactor = this.isSpoken ? spoken : plain
            let found = try redactor.findings(in: this.text)
            XCTAssertEqual(found.map(\.kind.name), this.wanted.map(\.0), "line \(this.line)")
            XCTAssertEqual(found.map(\.range), this.wanted.map(\.1), "line \(this.line)")
            let again = try redactor.findings(in: try redactor.redact(this.text))
            XCTAssertTrue(again.isEmpty, "line \(this.line): a second time")
        }
    }

    func testPlacesAreThoseOfTheString() throws {
        let redactor = try redactor()
        let number = "987-65-4320"
        let texts = [
            ("👨‍👩‍👧🇺🇸😀 SSN \(number) 😀", number), ("e\u{301}e\u{301} SSN \(number)", number),
            ("SSN \(number)\u{301} é", number), ("a\r\nSSN \(number)\r\nb", number),
            ("SSN \u{FF19}\u{FF18}\u{FF17}-65-4320\r\n", "\u{FF19}\u{FF18}\u{FF17}-65-4320"), (number, number),
            ("987-65-\r\n4320 is the ssn", "987-65-\r\n4320"),
        ]
        for (text, value) in texts {
            let found = try redactor.findings(in: text)
            XCTAssertEqual(found.map(\.kind), [.ssn])
            let range = try XCTUnwrap(found.first).range
            XCTAssertEqual(Array(text[range].unicodeScalars), Array(value.unicodeScalars))
            var replaced = text.unicodeScalars
            replaced.replaceSubrange(range, with: "[SSN]".unicodeScalars)
            XCTAssertEqual(try redactor.redact(text), String(replaced))
        }
        let two = "😀 SSN \(number), e\u{301}: (202) 555-0123 😀"
        XCTAssertEqual(try redactor.findings(in: two).map { String(two[$0.range]) }, [number, "(202) 555-0123"])
        // As Foundation hands texts over, with half a pair of UTF-16 in it.
        let half: [unichar] = [0xD83D] + Array(" SSN \(number) ".utf16) + [0xDE00]
        let repaired = NSString(characters: half, length: half.count) as String
        XCTAssertEqual(try redactor.findings(in: repaired).map { String(repaired[$0.range]) }, [number])
        XCTAssertEqual(try redactor.redact(repaired), "\u{FFFD} SSN [SSN] \u{FFFD}")
        XCTAssertEqual(try redactor.redact(""), "")
        XCTAssertEqual(try redactor.findings(in: ""), [])
    }

    func testAFindingSaysHowSureItIsAndWhy() throws {
        let found = try XCTUnwrap(try redactor().findings(in: "SSN 987-65-4320").first)
        XCTAssertEqual(found.confidence, 99)
        XCTAssertEqual(found.why, [.structure, .grouping, .assigned, .wordBefore])
        let labelled = try redactor().findings(in: "5550123", label: "home_phone")
        XCTAssertEqual(labelled.map(\.kind), [.phone])
        XCTAssertEqual(labelled.first?.why.contains(.columnLabel), true)
    }

    func testListsCrossAtOnceEachWithAResult() throws {
        let redactor = try redactor()
        let texts = (0..<500).map { "line \($0): SSN 987-65-4320" }
        XCTAssertEqual(try redactor.redactAll(texts).map { try $0.get() }, (0..<500).map { "line \($0): SSN [SSN]" })
        XCTAssertTrue(try redactor.redactAll([]).isEmpty)
        let labelled = try redactor.redactAll(labelled: [("pin", "4482"), ("", "4482"), ("home_phone", "5550123")])
        XCTAssertEqual(try labelled.map { try $0.get() }, ["[SECRET]", "4482", "[PHONE]"])
        XCTAssertEqual(try redactor.redact("4482", label: "customerPin"), "[SECRET]")
        XCTAssertEqual(code { try redactor.redactAll(Array(repeating: "", count: 10_001)) }, .bindingLayout)
    }

    func testSettingsSayWhatIsFoundAndWhatStandsForIt() throws {
        let ours = try redactor {
            $0.accountPatterns = ["[0-9]{4}-[A-Z]{5}"]
            $0.allowed = [ListedValue(.phone, "202-555-0123")]
            $0.denied = [ListedValue(.account, "zz-77")]
            $0.replacement = .mask(form: .withheld)
            $0.ofKinds = [.card: .mask(form: .last(most: 9)), .account: .label]
        }
        XCTAssertEqual(
            try ours.redact("0000-EXMPL, (202) 555-0123 or 202-555-0124, ZZ 77, card 4111-1111-1111-1111"),
            "[ACCOUNT], (202) 555-0123 or ••••, [ACCOUNT], card ••••1111")
        XCTAssertEqual(try redactor { $0.least = 60 }.redact("219099999"), "219099999")
        XCTAssertEqual(code { try redactor { $0.accountPatterns = ["[0-9"] } }, .bindingPattern)
        XCTAssertEqual(code { try redactor { $0.denied = [ListedValue(.ssn, "x")] } }, .redactListEntry)
        XCTAssertEqual(
            code { try redactor { $0.accountPatterns = Array(repeating: "a", count: 17) } }, .redactTooManyPatterns)
        var options = RedactorOptions()
        options.denied = [ListedValue(.account, "zz-77")]
        for said in ["\(ours) \(options) \(options.denied[0])", String(reflecting: options), dumped(options)] {
            XCTAssertFalse(said.contains("77"), said)
        }
    }

    private func dumped(_ value: Any) -> String {
        var out = ""
        dump(value, to: &out)
        return out
    }

    func testDocumentsAreRedactedByPathAndByContent() throws {
        let paths = try JsonPaths(["/support": .keep, "/customers/*/name": .mask(kind: .name, form: .part)])
        let document = #"{"support":"202-555-0123","customers":[{"name":"Dana","pin":4482}],"x":"202-555-0123"}"#
        let wanted = #"{"support":"202-555-0123","customers":[{"name":"D••••","pin":"[SECRET]"}],"x":"[PHONE]"}"#
        XCTAssertEqual(try redactor().redactJson(document, paths), wanted)
        XCTAssertEqual(code { try redactor().redactJson("{987-65-4320", paths) }, .redactDocument)
        XCTAssertEqual(code { try JsonPaths(["support": .keep]) }, .redactPath)
    }

    /// The table of docs/redaction.md: a value, its kind only, its part.
    func testMasksAreThoseOfTheTable() throws {
        let rows = try text("docs/redaction.md").components(separatedBy: "\n")
            .drop { !$0.hasPrefix("| Kind | A value |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        let kinds: [MaskKind] = [
            .ssn, .itin, .secret, .account, .accountInfo, .amount, .callDetail, .location, .service, .birthDate,
            .biographical, .governmentId, .payment, .deviceId, .ip, .listing, .untold, .card, .phone, .imei, .meid, .iccid,
            .imsi, .eid, .email, .name, .address,
        ]
        XCTAssertEqual(rows.count, kinds.count)
        for (row, kind) in zip(rows, kinds) {
            let cells = row.components(separatedBy: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
            XCTAssertEqual(cells[1].replacingOccurrences(of: "_", with: ""), "\(kind)".lowercased())
            XCTAssertEqual(try kind.mask(cells[2], .kind), cells[3], row)
            XCTAssertEqual(try kind.mask(cells[2], .part), cells[4], row)
            XCTAssertEqual(try kind.mask(cells[2]), "••••", row)
            XCTAssertEqual(try kind.mask(cells[2], .last(most: 9)).count, 4 + Int(cells[5])!, row)
        }
        XCTAssertEqual(try MaskKind.ssn.mask("987-65-4320", .last(most: 4)), "••••")
    }

    func testTokensNeedAGuard() throws {
        let world = try World()
        let plain = try redactor()
        let blind = try plain.withBlindTokens(world.cpni, [.ssn])
        let text = try blind.redact("ssn 987-65-4320, SSN 987654320, ssn 987-65-4322, cb 202-555-0123")
        let tokens = text.components(separatedBy: "[").dropFirst().map { $0.components(separatedBy: "]")[0] }
        XCTAssertEqual(tokens[0], tokens[1])
        XCTAssertNotEqual(tokens[0], tokens[2])
        XCTAssertEqual(tokens[3], "PHONE")
        XCTAssertTrue(tokens[0].hasPrefix("SSN:"), text)
        _ = try world.customer()
        let terms = TokenTerms(expiresMicros: noon + 3_600_000_000, purposes: [.support], uses: nil)
        let vault = try plain.withVaultTokens(world.cpni, account: account, terms: terms)
        let token = try vault.redact("call 202-555-0123 instead").dropFirst(5).dropLast(8)
        let call = try world.call()
        try call.present(.password("correct-horse-7"))
        XCTAssertEqual(try call.detokenise(try VaultToken(text: String(token))).text("mobile"), "2025550123")
        XCTAssertEqual(code { try vault.redact("from 192.0.2.1") }, .redactNotReplaced)
        let each = try vault.redactAll(["from 192.0.2.1", "plan gold"])
        XCTAssertThrowsError(try each[0].get())
        XCTAssertEqual(try each[1].get(), "plan gold")
    }

    func testThreadsShareARedactor() async throws {
        let redactor = try redactor()
        let texts = try corpus().filter { !$0.isSpoken }.map(\.text)
        let wanted = try redactor.redactAll(texts).map { try $0.get() }
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<16 { group.addTask { try redactor.redactAll(texts).map { try $0.get() } } }
            for try await redacted in group { XCTAssertEqual(redacted, wanted) }
        }
    }
}
