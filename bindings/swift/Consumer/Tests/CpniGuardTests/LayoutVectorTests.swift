// The vectors of tests/vectors/binding-layout-v1, from both sides: what this package writes is their bytes, what it
// reads out of them is what they say, and the library refuses the others with the same code as from Rust. No host
// hands bytes over by itself, so these tests look inside.

@testable import CpniGuard
import CpniGuardC
import CpniGuardFFI
import Foundation
import XCTest

/// Gives out what a vector holds, as the library would.
private final class Lent: HeldView {
    private let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func answer(_ at: Int) -> Answer { fatalError("nobody asks") }
    func length(held at: UInt32) throws -> UInt64 { UInt64(bytes.count) }
    func matches(held at: UInt32, _ stated: Data) throws -> Bool { false }
    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer { revealAll(status) }
    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        let whole = withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init) + bytes
        return whole.withUnsafeBytes { try! ffi_cpni_guard_ffi_rustbuffer_from_bytes(ForeignBytes(lent: $0), status) }
    }
}

final class LayoutVectorTests: XCTestCase {
    private struct Case {
        let name: String, kind: String, bytes: [UInt8], says: Any?, error: UInt16?
    }

    private func cases(_ file: String) throws -> [Case] {
        let json = try JSONSerialization.jsonObject(with: Data(try text("tests/vectors/binding-layout-v1/\(file).json").utf8))
        return try XCTUnwrap((json as? [String: Any])?["cases"] as? [[String: Any]]).map {
            Case(
                name: $0["name"] as? String ?? "?", kind: $0["kind"] as? String ?? "?",
                bytes: unhex($0["bytes"] as? String ?? ""), says: $0["says"], error: $0["error"] as? UInt16)
        }
    }

    func testWhatSwiftWritesIsTheVectorsBytes() throws {
        var written: [String: Int] = [:]
        for one in try cases("valid") where one.kind != "record" {
            let bytes: [UInt8]
            switch one.kind {
            case "item": bytes = try self.bytes { (out) throws(CpniError) in try Self.write(one.says, to: &out) }
            case "batch":
                let items = try XCTUnwrap(one.says as? [Any])
                bytes = try self.bytes { (out) throws(CpniError) in
                    try out.count(items.count, UInt32.self)
                    for item in items { try Self.write(item, to: &out) }
                }
            default: bytes = Array(try request(one.says))
            }
            XCTAssertEqual(hex(bytes), hex(one.bytes), one.name)
            written[one.kind, default: 0] += 1
        }
        XCTAssertEqual(written, ["item": 7, "batch": 2, "request": 4])
    }

    func testWhatComesOutIsReadAsTheVectorSaysAndNothingElseIs() throws {
        var seen = 0
        for one in try cases("valid") where one.kind == "record" {
            let fields = try XCTUnwrap((one.says as? [String: Any])?["fields"] as? [[String: Any]])
            var read: [(String, [UInt8]?)] = []
            try Lent(one.bytes).lendAll { read.append(($0, $1.map(Array.init))) }
            XCTAssertEqual(read.map(\.0), fields.map { $0["name"] as? String ?? "?" }, one.name)
            for (field, value) in zip(fields, read.map(\.1)) {
                if let text = field["text"] as? String {
                    XCTAssertEqual(value.map { String(decoding: $0, as: UTF8.self) }, text)
                } else if let calls = field["calls"] as? [[String: Any]] {
                    let secret = Secret(view: Lent(try XCTUnwrap(value)), at: 0)
                    XCTAssertEqual(try secret.withCalls { $0 }, calls.map(Self.row))
                } else {
                    XCTAssertNil(value)
                }
            }
            for cut in one.bytes.indices {
                XCTAssertEqual(code { try Lent(Array(one.bytes[..<cut])).lendAll { _, _ in } }, .bindingLayout, one.name)
            }
            XCTAssertEqual(code { try Lent(one.bytes + [0]).lendAll { _, _ in } }, .bindingLayout, one.name)
            seen += 1
        }
        XCTAssertEqual(seen, 3)
        XCTAssertEqual(code { try Lent(unhex("0001046e616d650300000000")).lendAll { _, _ in } }, .bindingLayout, "shape 3")
        for wrong in ["00000000" + "0a", "00000001", "00000001" + "03" + "000000000000000000000000" + "0000"] {
            XCTAssertEqual(code { try Secret(view: Lent(unhex(wrong)), at: 0).withCalls { $0.count } }, .bindingLayout, wrong)
        }
    }

    func testWhatSwiftWritesIsTakenAndWhatIsHandedOverIsRefusedWithTheSameCode() throws {
        let world = try World()
        let stored = try world.customer()
        let call = try world.call()
        try call.present(.password("correct-horse-7"))
        for one in try cases("valid") {
            switch one.kind {
            case "item": XCTAssertFalse(try world.cpni.raw.protect(item: Data(one.bytes)).sealed.isEmpty, one.name)
            case "batch":
                let count = (one.says as? [Any])?.count
                XCTAssertEqual(try world.cpni.raw.protectBatch(items: Data(one.bytes)).count, count, one.name)
            case "request":
                // The sample stands under another record id, so nothing opens: what is refused is not the layout.
                let said = code { try call.raw.view(sealed: stored.sealed, request: Data(one.bytes)) }
                XCTAssertTrue(said == nil || said == .sealedAuthentication || said == .sealedFormat, "\(one.name): \(String(describing: said))")
            default: break
            }
        }
        let refused = try cases("refused")
        XCTAssertEqual(refused.count, 24)
        for one in refused {
            let code = code {
                switch one.kind {
                case "item": _ = try world.cpni.raw.protect(item: Data(one.bytes))
                case "batch": _ = try world.cpni.raw.protectBatch(items: Data(one.bytes))
                default: _ = try call.raw.view(sealed: stored.sealed, request: Data(one.bytes))
                }
            }
            XCTAssertEqual(code?.rawValue, one.error, one.name)
        }
    }

    private func bytes(_ write: (inout LayoutWriter) throws(CpniError) -> Void) throws -> [UInt8] {
        try WipedBytes(write).withBytes(Array.init)
    }

    private static func write(_ says: Any?, to out: inout LayoutWriter) throws(CpniError) {
        let says = says as? [String: Any] ?? [:]
        let fields = says["fields"] as? [[String: Any]] ?? []
        let record = try Record(
            says["record_id"] as? String ?? "?",
            fields: fields.map { field in
                let value: Value = (field["text"] as? String).map(Value.text)
                    ?? .calls(((field["calls"] as? [[String: Any]]) ?? []).map(row))
                return (field["name"] as? String ?? "?", value)
            })
        try record.write(account: says["account"] as? String ?? "?", to: &out)
    }

    private static func row(_ says: [String: Any]) -> CallRow {
        CallRow(
            says["direction"] as? String == "outbound" ? .outbound : .inbound, number: says["number"] as? String ?? "?",
            startMicros: (says["start_micros"] as? NSNumber)?.uint64Value ?? 0,
            durationSecs: (says["duration_secs"] as? NSNumber)?.uint32Value ?? 0, place: says["place"] as? String)
    }

    private func request(_ says: Any?) throws -> Data {
        let says = try XCTUnwrap(says as? [String: Any])
        let fields = try XCTUnwrap(says["fields"] as? [[String: String]]).map { field in
            field["scope"] == "named_call" ? FieldRequest.namedCall(field["name"] ?? "") : FieldRequest(field["name"] ?? "")
        }
        return try Stored.request(isColumn: says["what"] as? String == "field", id: says["record_id"] as? String ?? "?", fields)
    }
}
