// The committed vectors of sealed-v1, read where Rust reads them, through the doors that a host has: what
// opens there opens here with the same bytes, and what is refused there is refused here with the same code.
//
// Two kinds of cases cannot be told apart by a host, and are counted: a guard without a subject store refuses
// every record of a subject epoch (E2103), before it looks further; and law or schema keep some fields shut, so
// that nothing is opened at all.

import CpniGuard
import Foundation
import XCTest

final class VectorTests: XCTestCase {
    struct Case {
        let file: String
        let all: [String: Any]
        var name: String { "\(file): \(all["name"] as? String ?? "?")" }
        func string(_ key: String) -> String? { all[key] as? String }
        func key(_ key: String) -> String { (all["keys"] as? [String: Any])?[key] as? String ?? "" }
        var epoch: Int { (all["keys"] as? [String: Any])?["epoch"] as? Int ?? -1 }
        var version: Int { (all["keys"] as? [String: Any])?["version"] as? Int ?? -1 }
        var error: UInt16? { (all["expect"] as? [String: Any])?["error"] as? UInt16 }
        var opens: [[String: Any]] { (all["expect"] as? [String: Any])?["open"] as? [[String: Any]] ?? [] }
        var isRecord: Bool { string("kind") == "record" }
    }

    func cases() throws -> [Case] {
        try ["binding", "content", "format", "opens"].flatMap { file in
            let json = try JSONSerialization.jsonObject(with: Data(try text("tests/vectors/sealed-v1/\(file).json").utf8))
            let all = try XCTUnwrap((json as? [String: Any])?["cases"] as? [[String: Any]])
            return all.map { Case(file: file, all: $0) }
        }
    }

    func bytes(of one: Case) throws -> Data {
        if let text = one.string("text") {
            return try one.isRecord ? Sealed.record(text: text) : Sealed.field(text: text)
        }
        return Data(unhex(try XCTUnwrap(one.string("sealed"))))
    }

    /// What is refused for its form alone, without a key.
    func testTheFormIsRefusedWithTheSameCode() throws {
        var refused = 0
        for one in try cases() where one.file == "format" {
            XCTAssertEqual(
                codeOf {
                    let bytes = try self.bytes(of: one)
                    if one.isRecord { _ = try Sealed.info(record: bytes) } else { _ = try Sealed.text(field: bytes) }
                }, one.error, one.name)
            refused += 1
        }
        XCTAssertGreaterThan(refused, 45)
    }

    /// Whether something opens, and what, asked of a guard with the vector's own root key.
    func testAGuardOpensAndRefusesTheSame() throws {
        var (same, opened, ofAnEpoch, shut) = (0, 0, 0, 0)
        for one in try cases() where one.file != "format" {
            let bytes = try bytes(of: one)
            // What is asked for: what the case says, else every field that the bytes say they have.
            let asked: [(name: String, type: String, calls: Bool)]
            if let ask = one.all["ask"] as? [[String: String]] {
                asked = ask.map { ($0["name"] ?? "", $0["class"] ?? "", $0["shape"] == "calls") }
            } else if !one.opens.isEmpty {
                asked = one.opens.map {
                    ($0["name"] as? String ?? "", $0["class"] as? String ?? "", $0["shape"] as? String == "calls")
                }
            } else {
                asked = try fields(of: one, bytes)
            }
            let results = try read(one, bytes, asked)
            let codes = results.compactMap { result -> UInt16? in
                if case .failure(let error) = result { error.code } else { nil }
            }
            let isEpochs = sealedEpoch(one, bytes) != 0
            if isEpochs {
                // A key version that no keyring has is seen before.
                let before = [ErrorCode.subjectNoStore, .keyUnknownVersion].map(\.rawValue)
                XCTAssertTrue(!codes.isEmpty && codes.allSatisfy(before.contains), "\(one.name): \(codes)")
                XCTAssertTrue(results.allSatisfy { (try? $0.get()) == .some(nil) || (try? $0.get()) == nil }, one.name)
                if one.error == ErrorCode.sealedCommitment.rawValue { same += 1 } else { ofAnEpoch += 1 }
            } else if let error = one.error {
                // One of the fields is what the case is about; no other opens to something else.
                if codes.contains(error) { same += 1 } else {
                    XCTAssertTrue(codes.isEmpty && results.allSatisfy { (try? $0.get()) == .some(nil) }, "\(one.name): \(codes), not \(error)")
                    shut += 1
                }
            } else {
                for (result, expected) in zip(results, one.opens) {
                    switch result {
                    case .success(let value?):
                        XCTAssertEqual(value, try plain(expected), one.name)
                        opened += 1
                    case .success(nil): shut += 1
                    // A schema's call detail is a list of calls, and this one is a value.
                    case .failure(let error) where expected["class"] as? String == "call_detail":
                        XCTAssertEqual(error.code, 3006, one.name)
                        shut += 1
                    case .failure(let error): XCTFail("\(one.name): \(error)")
                    }
                }
            }
        }
        print("vectors: \(same) refused with the same code, \(opened) fields opened to the same bytes;",
            "\(ofAnEpoch) of a subject epoch, \(shut) shut before anything is opened")
        XCTAssertGreaterThanOrEqual(same, 30)
        XCTAssertGreaterThanOrEqual(opened, 15)
        XCTAssertLessThanOrEqual(ofAnEpoch, 20)
        XCTAssertLessThanOrEqual(shut, 8)
    }

    func testTheHashesOfTheseTestsAreTheStandards() {
        // FIPS 180-4's "abc"; RFC 4231, test case 2.
        XCTAssertEqual(hex(sha256(Array("abc".utf8))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(
            hex(hmac(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    /// Each field by itself: its bytes; nothing where no decision opens it; or the code.
    private func read(
        _ one: Case, _ bytes: Data, _ asked: [(name: String, type: String, calls: Bool)]
    ) throws -> [Result<[UInt8]?, CpniError>] {
        let schema = "[fields]\n" + Set(asked.map { "\($0.name) = { class = \"\($0.type)\" }" }).sorted().joined(separator: "\n") + "\n"
        if try !checkSchema(schema).isEmpty {
            // No schema has them all: one for each.
            guard asked.count > 1 else { return [.success(nil)] }
            return try asked.flatMap { try read(one, bytes, [$0]) }
        }
        let world = try World(
            keys: .provider(VectorKeys(root: unhex(try XCTUnwrap(one.string("root"))))), schema: schema, grants: grants,
            options: { $0.tenant(one.key("tenant")) })
        let id = one.string("record_id") ?? ""
        let stored: Stored = one.isRecord ? .record(bytes, id: id) : .field(bytes, id: id)
        let work = try world.caseWork(on: one.key("account"))
        let check = try world.call(purpose: .creditCheck, on: one.key("account"))
        return try asked.map { field in
            do {
                if field.type == "ssn" || field.type == "ssn_last4" {
                    let stated = one.opens.first { $0["name"] as? String == field.name }?["plaintext"] as? String
                    let text = String(decoding: unhex(stated ?? "30"), as: UTF8.self)
                    let compared = try check.verify(stored, field: field.name, stated: text)
                    return .success(compared.result == .match ? Array(text.utf8) : nil)
                }
                let shown = try work.view(stored, [FieldRequest(field.name)]).field(field.name)
                guard case .disclosed(let secret) = shown else { return .success(nil) }
                return .success(try secret.withBytes { Array($0) })
            } catch let error as CpniError {
                return .failure(error)
            }
        }
    }

    /// The value of an expectation as a view gives it.
    private func plain(_ expected: [String: Any]) throws -> [UInt8] {
        guard let rows = expected["rows"] as? [[String: Any]] else {
            return unhex(try XCTUnwrap(expected["plaintext"] as? String))
        }
        func number<N: FixedWidthInteger>(_ value: Any?, _: N.Type) throws -> [UInt8] {
            let number = N(truncatingIfNeeded: try XCTUnwrap(value as? NSNumber).uint64Value)
            return withUnsafeBytes(of: number.bigEndian, Array.init)
        }
        func text8(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        return try rows.reduce(into: withUnsafeBytes(of: UInt32(rows.count).bigEndian, Array.init)) { out, row in
            out += try number(row["direction"], UInt8.self) + number(row["start_micros"], UInt64.self)
            out += try number(row["duration_secs"], UInt32.self) + text8(row["number"] as? String ?? "")
            if let place = row["place"] as? String { out += [1] + text8(place) } else { out += [0] }
        }
    }

    private func fields(of one: Case, _ bytes: Data) throws -> [(name: String, type: String, calls: Bool)] {
        if one.isRecord {
            return try Sealed.info(record: bytes).fields.map { ($0.name, className($0.class), $0.class == .callDetail) }
        }
        // A sealed field: magic 4, version and epoch 8, commitment 32, then its entry (sealed-v1.md, section 5).
        let name = String(decoding: bytes.dropFirst(45).prefix(Int(bytes[44])), as: UTF8.self)
        return [(name, className(at: bytes[45 + Int(bytes[44])]), false)]
    }

    private func sealedEpoch(_ one: Case, _ bytes: Data) -> UInt32 {
        bytes.dropFirst(8).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Everything that the floor lets a grant open, so that a vector is opened where law allows it.
private let grants = """
    id    = "vectors"
    title = "Whatever the floor lets a grant open"

    [[rule]]
    id     = "see-all"
    title  = "Care agents see everything that the floor does not close"
    effect = "permit"
    when   = { role = ["care_agent"], purpose = ["support"], op = ["view"], class = ["identity", "address", "biographical", "other_government_id", "account_info", "billing", "service_details", "device_id", "call_detail", "location", "payment", "directory_listing", "survivor"] }

    [[rule]]
    id     = "compare-ssn"
    title  = "Care agents compare an SSN"
    effect = "permit"
    when   = { role = ["care_agent"], purpose = ["credit_check"], op = ["verify"], class = ["ssn", "ssn_last4"] }

    """

private let classNames = [
    "", "identity", "address", "biographical", "ssn", "ssn_last4", "other_government_id", "account_info", "billing",
    "service_details", "device_id", "call_detail", "location", "payment", "auth_secret", "directory_listing", "survivor",
]

private func className(at code: UInt8) -> String { classNames[Int(code)] }

private func className(_ name: DataClass) -> String {
    String(describing: name).reduce(into: "") { text, letter in
        if letter.isUppercase || letter.isNumber && text.hasSuffix("last") == false && letter.isNumber == false { text.append("_") }
        text.append(contentsOf: letter.lowercased())
    }
}

private func codeOf(_ work: () throws -> Void) -> UInt16? {
    do {
        try work()
        return nil
    } catch {
        return (error as? CpniError)?.code ?? 0
    }
}

func unhex(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(($0 >> 4), radix: 16) + String($0 & 15, radix: 16) }.joined()
}
