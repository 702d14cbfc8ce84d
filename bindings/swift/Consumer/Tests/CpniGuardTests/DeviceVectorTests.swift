// The vectors of tests/vectors/device-session-v1 through the public interface: requests through
// `Interaction.viewForDevice`, replies through `DeviceSession.open`. A session has a key of its own, so each reply is
// opened here with the vector's key and sealed again to the session's; what does not open here is handed over as it is.
// What this seals with is checked by the vectors of tests/vectors/rfc9180.

import CpniGuard
import Foundation
import XCTest

/// One behind the other: a chain of `+` over literals is more than the compiler takes.
func joined(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }

/// RFC 9180 in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
struct Hpke {
    let enc: [UInt8], sharedSecret: [UInt8], key: [UInt8], baseNonce: [UInt8]

    private static let kem = joined(Array("KEM".utf8), [0, 32])
    private static let base = joined([9], [UInt8](repeating: 0, count: 31))

    static func publicKey(_ secret: [UInt8]) -> [UInt8] { x25519(secret, base) }

    /// The sender's side, with this ephemeral key, whose public part is `enc`.
    static func sender(to recipient: [UInt8], ephemeral: [UInt8], enc: [UInt8], info: [UInt8]) -> Hpke {
        Hpke(enc, x25519(ephemeral, recipient), joined(enc, recipient), info)
    }

    /// The recipient's.
    static func recipient(_ secret: [UInt8], public: [UInt8], enc: [UInt8], info: [UInt8]) -> Hpke {
        Hpke(enc, x25519(secret, enc), joined(enc, `public`), info)
    }

    /// `DeriveKeyPair` (RFC 9180 §7.1.3).
    static func derive(_ ikm: [UInt8]) -> (secret: [UInt8], public: [UInt8]) {
        let secret = expand(kem, extract(kem, "dkp_prk", ikm), "sk", [], 32)
        return (secret, publicKey(secret))
    }

    private init(_ enc: [UInt8], _ agreed: [UInt8], _ context: [UInt8], _ info: [UInt8]) {
        let suite = joined(Array("HPKE".utf8), [0, 32, 0, 1, 0, 2])
        self.enc = enc
        sharedSecret = Hpke.expand(Hpke.kem, Hpke.extract(Hpke.kem, "eae_prk", agreed), "shared_secret", context, 32)
        let schedule = joined([0], Hpke.extract(suite, "psk_id_hash", []), Hpke.extract(suite, "info_hash", info))
        let secret = Hpke.extract(suite, salt: sharedSecret, "secret", [])
        key = Hpke.expand(suite, secret, "key", schedule, 32)
        baseNonce = Hpke.expand(suite, secret, "base_nonce", schedule, 12)
    }

    func seal(aad: [UInt8] = [], _ plain: [UInt8], sequence: Int = 0) -> [UInt8] {
        var nonce = baseNonce
        for at in 0..<4 { nonce[11 - at] ^= UInt8(sequence >> (8 * at) & 255) }
        return Aes256Gcm(key: key).seal(nonce: nonce, aad: aad, plain)
    }

    func open(aad: [UInt8] = [], _ sealed: [UInt8]) -> [UInt8]? {
        Aes256Gcm(key: key).open(nonce: baseNonce, aad: aad, sealed)
    }

    private static func extract(_ suite: [UInt8], salt: [UInt8] = [], _ label: String, _ ikm: [UInt8]) -> [UInt8] {
        hmac(key: salt, joined(Array("HPKE-v1".utf8), suite, Array(label.utf8), ikm))
    }

    private static func expand(_ suite: [UInt8], _ prk: [UInt8], _ label: String, _ info: [UInt8], _ length: Int) -> [UInt8] {
        // Of at most one block of SHA-256: all that this suite asks for.
        let message = joined([0, UInt8(length)], Array("HPKE-v1".utf8), suite, Array(label.utf8), info, [1])
        return Array(hmac(key: prk, message).prefix(length))
    }
}

final class DeviceVectorTests: XCTestCase {
    private static let ephemeral: [UInt8] = Array(1...32)
    private static let enc = Hpke.publicKey(ephemeral)
    /// Key pairs by the vectors' seeds: a product on the curve takes a while here.
    private var derived: [String: (secret: [UInt8], public: [UInt8])] = [:]

    private func json(_ path: String) throws -> [String: Any] {
        try XCTUnwrap(JSONSerialization.jsonObject(with: Data(try text("tests/vectors/\(path).json").utf8)) as? [String: Any])
    }

    func testTheHpkeOfThisTestIsRfc9180s() throws {
        let vector = try json("rfc9180/x25519-hkdf-sha256-aes-256-gcm-base")
        func bytes(_ key: String) -> [UInt8] { unhex(vector[key] as? String ?? "") }
        let pair = Hpke.derive(bytes("ikmR"))
        XCTAssertEqual(pair.secret, bytes("skRm"))
        XCTAssertEqual(pair.public, bytes("pkRm"))
        XCTAssertEqual(Hpke.publicKey(bytes("skEm")), bytes("enc"))
        let sender = Hpke.sender(to: pair.public, ephemeral: bytes("skEm"), enc: bytes("enc"), info: bytes("info"))
        XCTAssertEqual(sender.sharedSecret, bytes("shared_secret"))
        XCTAssertEqual(sender.key, bytes("key"))
        XCTAssertEqual(sender.baseNonce, bytes("base_nonce"))
        let all = try XCTUnwrap(vector["encryptions"] as? [[String: Any]])
        XCTAssertEqual(all.count, 6)
        for one in all {
            func part(_ key: String) -> [UInt8] { unhex(one[key] as? String ?? "") }
            let sequence = try XCTUnwrap(one["sequence"] as? Int)
            XCTAssertEqual(sender.seal(aad: part("aad"), part("pt"), sequence: sequence), part("ct"))
            if sequence == 0 {
                let recipient = Hpke.recipient(pair.secret, public: pair.public, enc: sender.enc, info: bytes("info"))
                XCTAssertEqual(recipient.open(aad: part("aad"), part("ct")), part("pt"))
            }
        }
    }

    func testTheSameRepliesOpenAndTheSameAreRefusedWithTheSameCode() throws {
        var counts = ["opened": 0, "refused": 0]
        for file in ["opens", "refused", "requests"] {
            for one in try XCTUnwrap(try json("device-session-v1/\(file)")["cases"] as? [[String: Any]]) {
                let (name, expect) = (one["name"] as? String ?? "?", one["expect"] as? [String: Any] ?? [:])
                do {
                    if one["kind"] as? String == "request" { try request(one, expect) } else { try open(one, expect, name) }
                    XCTAssertNil(expect["error"], "\(name): opened")
                    counts["opened"]? += 1
                } catch let refused as CpniError {
                    XCTAssertEqual(refused.code, expect["error"] as? UInt16, name)
                    counts["refused"]? += 1
                }
            }
        }
        XCTAssertEqual(counts, ["opened": 7, "refused": 36])
    }

    private func request(_ one: [String: Any], _ expect: [String: Any]) throws {
        let world = try World()
        let (stored, call) = (try world.customer(), try world.caseWork())
        let bytes = Data(unhex(try XCTUnwrap(one["request"] as? String)))
        let reply = try call.viewForDevice(stored, ["plan"], request: bytes)
        let opened = try XCTUnwrap(expect["open"] as? [String: Any])
        let number = reply[4..<8].reduce(0) { (all: Int, byte: UInt8) -> Int in all << 8 | Int(byte) }
        XCTAssertEqual(number, opened["number"] as? Int)
        let events = try world.cpni.audit.events(from: 0, limit: 100).events
        XCTAssertTrue(events.contains { $0.basis == opened["public_key"] as? String }, "the log names the key")
    }

    private func open(_ one: [String: Any], _ expect: [String: Any], _ name: String) throws {
        let clock = DeviceClock()
        let device = try DeviceSession(clock: clock)
        let requests = try (0..<(try XCTUnwrap(one["requests"] as? Int))).map { _ in try device.request() }
        let seed = try XCTUnwrap(one["seed"] as? String)
        let theirs = derived[seed] ?? Hpke.derive(unhex(seed))
        derived[seed] = theirs
        var last: Result<DeviceView, CpniError>?
        for reply in try XCTUnwrap(one["replies"] as? [[String: Any]]) {
            clock.move(secs: try XCTUnwrap(reply["after_secs"] as? Int64))
            let request = requests[try XCTUnwrap(reply["opened_as"] as? Int) - 1]
            let bytes = sealedAgain(unhex(try XCTUnwrap(reply["reply"] as? String)), theirs, to: Array(request[4..<36]))
            do throws(CpniError) { last = .success(try device.open(Data(bytes), for: request)) } catch { last = .failure(error) }
        }
        try compare(try XCTUnwrap(last).get(), try XCTUnwrap(expect["open"] as? [String: Any], "\(name): opened"), name)
    }

    private func sealedAgain(_ reply: [UInt8], _ theirs: (secret: [UInt8], public: [UInt8]), to session: [UInt8]) -> [UInt8] {
        // magic and version 4, number 4, interaction 16, account 32, times 16, agent str8; the key, then at least a block.
        guard reply.count > 72, reply.count >= 73 + Int(reply[72]) + 48 else { return reply }
        let end = 73 + Int(reply[72])
        let (header, enc, sealed) = (Array(reply[..<end]), Array(reply[end..<end + 32]), Array(reply[(end + 32)...]))
        let info = tuple([Array("cpni-guard/v1/device-session".utf8), header])
        guard let plain = Hpke.recipient(theirs.secret, public: theirs.public, enc: enc, info: info).open(sealed) else {
            return reply
        }
        let again = Hpke.sender(to: session, ephemeral: Self.ephemeral, enc: Self.enc, info: info)
        return joined(header, again.enc, again.seal(plain))
    }

    private func compare(_ view: DeviceView, _ expected: [String: Any], _ name: String) throws {
        XCTAssertEqual(view.auditIndex, (expected["audit_index"] as? NSNumber)?.uint64Value, name)
        let fields = try XCTUnwrap(expected["fields"] as? [[String: Any]])
        XCTAssertEqual(view.names, fields.map { $0["name"] as? String ?? "?" }, name)
        for (wanted, told) in zip(fields, view.decisions) {
            let answer = told.answer
            func word(_ key: String) -> String? { (wanted[key] as? String)?.replacingOccurrences(of: "_", with: "") }
            func said(_ value: Any) -> String { String(describing: value).lowercased() }
            XCTAssertEqual(said(told.class), word("class"), name)
            XCTAssertEqual(said(answer.scope), word("scope"), name)
            XCTAssertEqual(said(answer.outcome), word("outcome"), name)
            XCTAssertEqual(answer.form.map(said), word("form"), name)
            XCTAssertEqual(answer.because.map(said), word("because"), name)
            XCTAssertEqual(answer.obligations.isEmpty, wanted["obligations"] as? Int == 0, name)
            XCTAssertEqual(answer.forAgent, wanted["for_agent"] as? String, name)
            XCTAssertEqual(told.reasons.map { [$0.rule, $0.title, $0.cite, $0.certainty] }, wanted["reasons"] as? [[String]], name)
            let ways: [[String]] = told.remedies.map { way in way.steps.map { step in said(step.remedy) } }
            let wantedWays: [[String]] = (wanted["remedies"] as? [[String]] ?? []).map { way in
                way.map { word in word.replacingOccurrences(of: "_", with: "") }
            }
            XCTAssertEqual(ways, wantedWays, name)
            switch try view.field(answer.field) {
            case .withheld: XCTAssertTrue(wanted["value"] is NSNull, name)
            case .absent: XCTAssertEqual(wanted["value"] as? String, "absent", name)
            case .disclosed(let secret):
                if let text = (wanted["value"] as? [String: Any])?["text"] as? String {
                    XCTAssertEqual(try secret.withText { $0 }, text, name)
                } else {
                    let rows = try XCTUnwrap(wanted["value"] as? [[String: Any]]).map {
                        CallRow(
                            $0["direction"] as? String == "outbound" ? .outbound : .inbound, number: $0["number"] as? String ?? "?",
                            startMicros: ($0["start"] as? NSNumber)?.uint64Value ?? 0,
                            durationSecs: ($0["seconds"] as? NSNumber)?.uint32Value ?? 0, place: $0["place"] as? String)
                    }
                    XCTAssertEqual(try secret.withCalls { $0 }, rows, name)
                }
            }
        }
    }
}
