// X25519 (RFC 7748), Ed25519 (RFC 8032), SHA-512 and AES-256-GCM, written from their specifications alone: Swift on
// Linux brings none of them. Slow, and not in constant time: for tests.

import Foundation
import XCTest

/// A number modulo 2^255 - 19: sixteen limbs of sixteen bits, the lowest first, which may overflow until they are packed.
struct Element {
    var limbs: [Int64]

    init(_ small: Int64 = 0) {
        limbs = [Int64](repeating: 0, count: 16)
        limbs[0] = small
    }

    init(limbs: [Int64]) { self.limbs = limbs }

    init(bytes: [UInt8]) {
        limbs = (0..<16).map { (at: Int) -> Int64 in Int64(bytes[2 * at]) | Int64(bytes[2 * at + 1]) << 8 }
        limbs[15] &= 0x7FFF
    }

    var bytes: [UInt8] {
        var whole = self
        for _ in 0..<3 { whole.carry() }
        for _ in 0..<2 {
            var less = whole.limbs
            less[0] -= 0xFFED
            for at in 1..<16 {
                less[at] -= (at == 15 ? 0x7FFF : 0xFFFF) + (less[at - 1] >> 16 & 1)
                less[at - 1] &= 0xFFFF
            }
            if less[15] >> 16 & 1 == 0 { whole.limbs = less }
        }
        return whole.limbs.flatMap { (limb: Int64) -> [UInt8] in [UInt8(limb & 0xFF), UInt8(limb >> 8 & 0xFF)] }
    }

    var inverse: Element {
        var power = self
        for bit in (0...253).reversed() {
            power = power * power
            if bit != 2 && bit != 4 { power = power * self }
        }
        return power
    }

    static func + (a: Element, b: Element) -> Element { Element(limbs: (0..<16).map { a.limbs[$0] &+ b.limbs[$0] }) }

    static func - (a: Element, b: Element) -> Element { Element(limbs: (0..<16).map { a.limbs[$0] &- b.limbs[$0] }) }

    static func * (a: Element, b: Element) -> Element {
        var product = [Int64](repeating: 0, count: 31)
        a.limbs.withUnsafeBufferPointer { a in
            b.limbs.withUnsafeBufferPointer { b in
                product.withUnsafeMutableBufferPointer { out in
                    for i in 0..<16 { for j in 0..<16 { out[i + j] &+= a[i] &* b[j] } }
                    for i in 0..<15 { out[i] &+= 38 &* out[i + 16] }
                }
            }
        }
        var reduced = Element(limbs: Array(product[..<16]))
        reduced.carry()
        reduced.carry()
        return reduced
    }

    private mutating func carry() {
        for at in 0..<16 {
            let over = limbs[at] >> 16
            limbs[at] -= over << 16
            if at < 15 { limbs[at + 1] += over } else { limbs[0] += 38 * over }
        }
    }
}

/// RFC 7748 §5.
func x25519(_ secret: [UInt8], _ point: [UInt8]) -> [UInt8] {
    var scalar = secret
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    let x = Element(bytes: point)
    var (a, b, c, d) = (Element(1), x, Element(), Element(1))
    for bit in (0...254).reversed() {
        let isSet = scalar[bit >> 3] >> (bit & 7) & 1 == 1
        if isSet { (a, b, c, d) = (b, a, d, c) }
        let (sum, difference, otherSum, otherDifference) = (a + c, a - c, b + d, b - d)
        let (square, otherSquare) = (sum * sum, difference * difference)
        let (cross, otherCross) = (otherSum * difference, otherDifference * sum)
        let (both, apart) = (cross + otherCross, cross - otherCross)
        let between = square - otherSquare
        (a, b) = (square * otherSquare, both * both)
        (c, d) = (between * (square + Element(121_665) * between), x * (apart * apart))
        if isSet { (a, b, c, d) = (b, a, d, c) }
    }
    return (a * c.inverse).bytes
}

/// A key of Ed25519.
struct SigningPair {
    let seed: [UInt8]
    let `public`: [UInt8]

    init(seed: [UInt8]) {
        self.seed = seed
        `public` = EdwardsPoint.base(scalar(of: seed).scalar).bytes
    }
}

private func scalar(of seed: [UInt8]) -> (scalar: [UInt8], prefix: [UInt8]) {
    var hash = sha512(seed)
    hash[0] &= 248
    hash[31] = hash[31] & 127 | 64
    return (Array(hash[..<32]), Array(hash[32...]))
}

/// RFC 8032 §5.1.6.
func ed25519Sign(_ pair: SigningPair, _ message: [UInt8]) -> [UInt8] {
    let (secret, prefix) = scalar(of: pair.seed)
    let nonce = reduced(sha512(prefix + message).map(Int64.init))
    let point = EdwardsPoint.base(nonce).bytes
    let challenge = reduced(sha512(point + pair.public + message).map(Int64.init))
    var sum = nonce.map(Int64.init) + [Int64](repeating: 0, count: 32)
    for i in 0..<32 { for j in 0..<32 { sum[i + j] += Int64(challenge[i]) * Int64(secret[j]) } }
    return point + reduced(sum)
}

/// A number of 64 limbs of eight bits, modulo the order of the curve's base point.
private func reduced(_ number: [Int64]) -> [UInt8] {
    let order: [Int64] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ]
    var x = number
    for i in (32...63).reversed() {
        var carry: Int64 = 0
        for j in (i - 32)..<(i - 12) {
            x[j] += carry - 16 * x[i] * order[j - (i - 32)]
            carry = (x[j] + 128) >> 8
            x[j] -= carry << 8
        }
        x[i - 12] += carry
        x[i] = 0
    }
    var carry: Int64 = 0
    let top = x[31] >> 4
    for j in 0..<32 {
        x[j] += carry - top * order[j]
        carry = x[j] >> 8
        x[j] &= 255
    }
    for j in 0..<32 { x[j] -= carry * order[j] }
    for i in 0..<32 {
        x[i + 1] += x[i] >> 8
        x[i] &= 255
    }
    return x[..<32].map { UInt8($0) }
}

/// A point of edwards25519 in extended coordinates.
private struct EdwardsPoint {
    var x: Element, y: Element, z: Element, t: Element

    private static let twiceD = Element(limbs: [
        0xF159, 0x26B2, 0x9B94, 0xEBD6, 0xB156, 0x8283, 0x149A, 0x00E0, 0xD130, 0xEEF3, 0x80F2, 0x198E, 0xFCE7, 0x56DF,
        0xD9DC, 0x2406,
    ])
    private static let generator: EdwardsPoint = {
        let x = Element(limbs: [
            0xD51A, 0x8F25, 0x2D60, 0xC956, 0xA7B2, 0x9525, 0xC760, 0x692C, 0xDC5C, 0xFDD6, 0xE231, 0xC0A4, 0x53FE, 0xCD6E,
            0x36D3, 0x2169,
        ])
        let y = Element(limbs: [0x6658] + [Int64](repeating: 0x6666, count: 15))
        return EdwardsPoint(x: x, y: y, z: Element(1), t: x * y)
    }()

    static func base(_ scalar: [UInt8]) -> EdwardsPoint {
        var result = EdwardsPoint(x: Element(), y: Element(1), z: Element(1), t: Element())
        for bit in (0...255).reversed() {
            result = result + result
            if scalar[bit >> 3] >> (bit & 7) & 1 == 1 { result = result + generator }
        }
        return result
    }

    static func + (p: EdwardsPoint, q: EdwardsPoint) -> EdwardsPoint {
        let a = (p.y - p.x) * (q.y - q.x)
        let b = (p.y + p.x) * (q.y + q.x)
        let c = p.t * q.t * twiceD
        let d = p.z * q.z
        let (e, f, g, h) = (b - a, d + d - c, d + d + c, b + a)
        return EdwardsPoint(x: e * f, y: g * h, z: f * g, t: e * h)
    }

    var bytes: [UInt8] {
        let inverse = z.inverse
        var bytes = (y * inverse).bytes
        bytes[31] ^= ((x * inverse).bytes[0] & 1) << 7
        return bytes
    }
}

/// FIPS 180-4.
func sha512(_ message: [UInt8]) -> [UInt8] {
    var state = start512
    var padded = message + [0x80]
    while padded.count % 128 != 120 { padded.append(0) }
    padded += withUnsafeBytes(of: UInt64(message.count * 8).bigEndian, Array.init)
    func turn(_ word: UInt64, _ by: UInt64) -> UInt64 { word >> by | word << (64 - by) }
    for block in stride(from: 0, to: padded.count, by: 128) {
        var words = (0..<16).map { (at: Int) -> UInt64 in
            padded[block + at * 8..<block + at * 8 + 8].reduce(0) { (word: UInt64, byte: UInt8) -> UInt64 in
                word << 8 | UInt64(byte)
            }
        }
        for at in 16..<80 {
            let (a, b) = (words[at - 15], words[at - 2])
            let low = turn(a, 1) ^ turn(a, 8) ^ a >> 7
            let high = turn(b, 19) ^ turn(b, 61) ^ b >> 6
            words.append(words[at - 16] &+ low &+ words[at - 7] &+ high)
        }
        var s = state
        for at in 0..<80 {
            let mix = turn(s[4], 14) ^ turn(s[4], 18) ^ turn(s[4], 41)
            let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
            let first = s[7] &+ mix &+ choice &+ constants512[at] &+ words[at]
            let other = turn(s[0], 28) ^ turn(s[0], 34) ^ turn(s[0], 39)
            let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
            s = [first &+ other &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
        }
        state = zip(state, s).map { $0 &+ $1 }
    }
    return state.flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) }
}

/// The first 64 bits of the fractions of roots of primes.
private let primes80 = (2..<410).filter { n in !(2..<n).contains { n % $0 == 0 } }
private let constants512 = primes80.prefix(80).map { fraction64($0, degree: 3) }
private let start512 = primes80.prefix(8).map { fraction64($0, degree: 2) }

private func fraction64(_ prime: Int, degree: Int) -> UInt64 {
    let whole = UInt32(pow(Double(prime), 1 / Double(degree)))
    var fraction: UInt64 = 0
    for bit in (0..<64).reversed() {
        let tried = fraction | 1 << UInt64(bit)
        let root = [UInt32(truncatingIfNeeded: tried), UInt32(truncatingIfNeeded: tried >> 32), whole]
        let power = (1..<degree).reduce(root) { power, _ in multiplied(power, root) }
        // Below the prime, once the 64 bits of each factor are shifted away.
        let above = power.dropFirst(2 * degree).reversed().reduce(0) { (all: UInt64, limb: UInt32) -> UInt64 in
            all << 32 | UInt64(limb)
        }
        if above < UInt64(prime) { fraction = tried }
    }
    return fraction
}

private func multiplied(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var out = [UInt32](repeating: 0, count: a.count + b.count)
    for i in a.indices {
        var carry: UInt64 = 0
        for j in b.indices {
            let sum = UInt64(a[i]) * UInt64(b[j]) + UInt64(out[i + j]) + carry
            (out[i + j], carry) = (UInt32(truncatingIfNeeded: sum), sum >> 32)
        }
        out[i + b.count] = UInt32(carry)
    }
    return out
}

/// AES-256 (FIPS 197) in GCM (SP 800-38D), with a nonce of twelve bytes.
struct Aes256Gcm {
    private let words: [[UInt8]]

    init(key: [UInt8]) {
        var words = stride(from: 0, to: 32, by: 4).map { Array(key[$0..<$0 + 4]) }
        var round: UInt8 = 1
        for at in 8..<60 {
            var word = words[at - 1]
            if at % 8 == 0 {
                word = [word[1], word[2], word[3], word[0]].map { box[Int($0)] }
                word[0] ^= round
                round = doubled(round)
            } else if at % 8 == 4 {
                word = word.map { box[Int($0)] }
            }
            words.append(zip(words[at - 8], word).map { $0 ^ $1 })
        }
        self.words = words
    }

    func seal(nonce: [UInt8], aad: [UInt8], _ plain: [UInt8]) -> [UInt8] {
        let sealed = stream(nonce, plain)
        return sealed + tag(nonce, aad, sealed)
    }

    /// Nothing: it does not open.
    func open(nonce: [UInt8], aad: [UInt8], _ sealed: [UInt8]) -> [UInt8]? {
        let (text, end) = (Array(sealed.dropLast(16)), Array(sealed.suffix(16)))
        return tag(nonce, aad, text) == end ? stream(nonce, text) : nil
    }

    private func stream(_ nonce: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for (number, at) in stride(from: 0, to: bytes.count, by: 16).enumerated() {
            out += zip(bytes[at..<min(at + 16, bytes.count)], encrypt(nonce + counter(UInt32(number + 2)))).map { $0 ^ $1 }
        }
        return out
    }

    private func tag(_ nonce: [UInt8], _ aad: [UInt8], _ text: [UInt8]) -> [UInt8] {
        func filled(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (16 - bytes.count % 16) % 16) }
        func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        let lengths = number(UInt64(aad.count) * 8) + number(UInt64(text.count) * 8)
        let key = halves(encrypt([UInt8](repeating: 0, count: 16)))
        let all = filled(aad) + filled(text) + lengths
        var hash: (UInt64, UInt64) = (0, 0)
        for at in stride(from: 0, to: all.count, by: 16) {
            let block = halves(Array(all[at..<at + 16]))
            hash = times((hash.0 ^ block.0, hash.1 ^ block.1), key)
        }
        let bytes = number(hash.0) + number(hash.1)
        return zip(bytes, encrypt(nonce + counter(1))).map { $0 ^ $1 }
    }

    private func halves(_ block: [UInt8]) -> (UInt64, UInt64) {
        func half(_ from: Int) -> UInt64 {
            block[from..<from + 8].reduce(0) { (word: UInt64, byte: UInt8) -> UInt64 in word << 8 | UInt64(byte) }
        }
        return (half(0), half(8))
    }

    private func times(_ x: (UInt64, UInt64), _ y: (UInt64, UInt64)) -> (UInt64, UInt64) {
        var (product, v): ((UInt64, UInt64), (UInt64, UInt64)) = ((0, 0), y)
        for bit in 0..<128 {
            let half: UInt64 = bit < 64 ? x.0 : x.1
            let isSet = half >> UInt64(63 - bit % 64) & 1 == 1
            if isSet { product = (product.0 ^ v.0, product.1 ^ v.1) }
            let falls = v.1 & 1 == 1
            let high: UInt64 = v.0 >> 1
            let low: UInt64 = v.1 >> 1 | v.0 << 63
            v = (falls ? high ^ 0xE1 << 56 : high, low)
        }
        return product
    }

    private func counter(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }

    private func encrypt(_ block: [UInt8]) -> [UInt8] {
        func withKey(_ state: [UInt8], _ round: Int) -> [UInt8] {
            zip(state, words[round * 4..<round * 4 + 4].joined()).map { $0 ^ $1 }
        }
        var state = withKey(block, 0)
        for round in 1...14 {
            let before = state
            let moved: [UInt8] = (0..<16).map { (at: Int) -> UInt8 in box[Int(before[(at + 4 * (at % 4)) % 16])] }
            state = moved
            for from in round == 14 ? [] : [0, 4, 8, 12] {
                let all: UInt8 = moved[from] ^ moved[from + 1] ^ moved[from + 2] ^ moved[from + 3]
                for at in 0..<4 {
                    let (this, next): (UInt8, UInt8) = (moved[from + at], moved[from + (at + 1) % 4])
                    state[from + at] = this ^ all ^ doubled(this ^ next)
                }
            }
            state = withKey(state, round)
        }
        return state
    }
}

private func doubled(_ byte: UInt8) -> UInt8 { byte << 1 ^ (byte & 0x80 == 0 ? 0 : 0x1B) }

/// The S-box: the inverse in the field, then the affine map.
private let box: [UInt8] = {
    var box = [UInt8](repeating: 0x63, count: 256)
    var (power, inverse): (UInt8, UInt8) = (1, 1)
    repeat {
        power ^= doubled(power)
        inverse ^= inverse << 1
        inverse ^= inverse << 2
        inverse ^= inverse << 4
        if inverse & 0x80 != 0 { inverse ^= 0x09 }
        var mapped: UInt8 = 0x63 ^ inverse
        for by in 1...4 {
            let up: UInt8 = inverse << UInt8(by)
            let down: UInt8 = inverse >> UInt8(8 - by)
            mapped ^= up | down
        }
        box[Int(power)] = mapped
    } while power != 1
    return box
}()

final class SignatureTests: XCTestCase {
    /// RFC 8032 §7.1, test 2.
    static let key = SigningPair(seed: unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))

    func testTheseAreTheStandards() {
        // FIPS 180-4's "abc"; RFC 8032 §7.1, test 2; RFC 7748 §5.2.
        XCTAssertEqual(hex(sha512(Array("abc".utf8))).prefix(32), "ddaf35a193617abacc417349ae204131")
        XCTAssertEqual(hex(Self.key.public), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        XCTAssertEqual(
            hex(ed25519Sign(Self.key, [0x72])),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        XCTAssertEqual(
            hex(x25519(
                unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
    }
}
