// A keyring with known root keys, written from docs/spec/keyring-v1.md alone: how a vector's root key gets
// into a guard through the door that every host uses. With it the hashes that it needs.

import CpniGuard
import Foundation

/// A key store that keeps keys as they are: for vectors only.
final class VectorKeys: KeyProvider {
    /// A version of a branch, by its codes. `key`: none where it was destroyed.
    struct Root {
        var branch: UInt8
        var version: UInt8 = 1
        var state: UInt8 = active
        var key: [UInt8]?
    }

    static let (data, audit, reference, token): (UInt8, UInt8, UInt8, UInt8) = (1, 2, 3, 4)
    static let (active, decryptOnly, destroyed): (UInt8, UInt8, UInt8) = (1, 2, 3)

    private let document: Data

    /// A keyring whose data root is this one, in version 1.
    convenience init(root: [UInt8]) {
        self.init([Root(branch: VectorKeys.data, key: root)])
    }

    /// A keyring with these roots, and others where a branch must be there.
    init(_ given: [Root]) {
        let needed = [(VectorKeys.data, 0xA0), (VectorKeys.audit, 0xA1), (VectorKeys.reference, 0xA2)] as [(UInt8, UInt8)]
        let added = needed.filter { need in !given.contains { $0.branch == need.0 } }
        let roots = (given + added.map { Root(branch: $0.0, key: [UInt8](repeating: $0.1, count: 32)) })
            .sorted { ($0.branch, $0.version) < ($1.branch, $1.version) }
        let label = Array("cpni-guard/v1/keyring".utf8)
        let secret = hmac(key: label, roots.flatMap { $0.key ?? [] })
        let macKey = hmac(key: secret, tuple([label]) + [1])
        func number(_ root: Root) -> [UInt8] { [0, 0, 0, root.version] }
        let mac = hmac(key: macKey, tuple([label] + roots.flatMap { [[$0.branch], number($0), [$0.state]] }))
        var text = "[keyring]\nformat = \"keyring-v1\"\nmac = \"\(base64url(mac))\"\n"
        for root in roots {
            let branch = ["data", "audit", "reference", "token", "subject"][Int(root.branch) - 1]
            let state = ["active", "decrypt_only", "destroyed", "retired"][Int(root.state) - 1]
            text += "\n[[keyring.key]]\nbranch = \"\(branch)\"\nversion = \(root.version)\nstate = \"\(state)\"\n"
            if let key = root.key {
                let wrapped = tuple([Array("cpni-guard/v1/root".utf8), [root.branch], number(root), key])
                text += "wrapped = \"\(base64url(wrapped))\"\n"
            }
        }
        document = Data(text.utf8)
    }

    func wrapKey(key: Data) throws -> Data { key }
    func unwrapKey(wrapped: Data) throws -> Data { wrapped }
    func loadDocument() throws -> Data? { document }
    func storeDocument(document: Data) throws { throw HostFailure.Unavailable }
}

/// Each part after its length in four bytes.
func tuple(_ parts: [[UInt8]]) -> [UInt8] {
    parts.flatMap { part in withUnsafeBytes(of: UInt32(part.count).bigEndian, Array.init) + part }
}

func base64url(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
        .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}

/// RFC 2104 with SHA-256; also HKDF-Extract, and the first block of HKDF-Expand.
func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? sha256(key) : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    return sha256(block.map { $0 ^ 0x5C } + sha256(block.map { $0 ^ 0x36 } + message))
}

/// The constants of FIPS 180-4: the first 32 bits of the fractions of roots of primes.
private let primes = (2..<312).filter { n in !(2..<n).contains { n % $0 == 0 } }
private let constants = primes.prefix(64).map { fraction($0, degree: 3) }
private let start = primes.prefix(8).map { fraction($0, degree: 2) }

private func fraction(_ prime: Int, degree: Int) -> UInt32 {
    var (low, high) = (0.0, 20.0)
    for _ in 0..<80 {
        let middle = (low + high) / 2
        let power = (0..<degree).reduce(1.0) { product, _ in product * middle }
        if power <= Double(prime) { low = middle } else { high = middle }
    }
    return UInt32((low - low.rounded(.down)) * 4_294_967_296)
}

/// FIPS 180-4.
func sha256(_ message: [UInt8]) -> [UInt8] {
    var state = start
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    padded += withUnsafeBytes(of: UInt64(message.count * 8).bigEndian, Array.init)
    func turn(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }
    for block in stride(from: 0, to: padded.count, by: 64) {
        var words = (0..<16).map { at in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(padded[block + at * 4 + $1]) }
        }
        for at in 16..<64 {
            let (a, b) = (words[at - 15], words[at - 2])
            let low = turn(a, 7) ^ turn(a, 18) ^ a >> 3
            let high = turn(b, 17) ^ turn(b, 19) ^ b >> 10
            words.append(words[at - 16] &+ low &+ words[at - 7] &+ high)
        }
        var s = state
        for at in 0..<64 {
            let mix = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)
            let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
            let first = s[7] &+ mix &+ choice &+ constants[at] &+ words[at]
            let other = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)
            let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
            s = [first &+ other &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
        }
        state = zip(state, s).map { $0 &+ $1 }
    }
    return state.flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) }
}
