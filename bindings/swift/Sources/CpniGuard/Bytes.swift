// Bytes that are wiped, and the layout in which records, requests and values cross
// (docs/spec/binding-layout-v1.md).

import Foundation

/// Bytes outside of Swift's own heap: written once, wiped at the end.
final class WipedBytes: @unchecked Sendable {
    // INVARIANT: nobody writes after `init`, so that threads may share it.
    private let base: UnsafeMutableRawPointer
    let count: Int

    /// What `write` writes.
    init(_ write: (inout LayoutWriter) throws(CpniError) -> Void) throws(CpniError) {
        var writer = LayoutWriter()
        do {
            try write(&writer)
        } catch {
            writer.discard()
            throw error
        }
        guard writer.count <= Int32.max else {
            writer.discard()
            throw CpniError(.bindingLayout)
        }
        (base, count) = writer.take()
    }

    deinit {
        wipe(base, count)
        base.deallocate()
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The same as `Data`, which is not copied and must not leave `body`.
    func withData<R>(_ body: (Data) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(Data(bytesNoCopy: base, count: count, deallocator: .none))
    }
}

/// Bytes that may be handed to the generated code, which ends the process at more than 2 GiB.
func lendable(_ bytes: Data) throws(CpniError) -> Data {
    guard bytes.count <= Int32.max else { throw CpniError(.bindingLayout) }
    return bytes
}

/// Overwrites, also where nobody reads it afterwards.
func wipe(_ base: UnsafeMutableRawPointer, _ count: Int) {
    guard count > 0 else { return }
    #if canImport(Glibc)
        explicit_bzero(base, count)
    #else
        memset_s(base, count, 0, count)
    #endif
}

/// Writes the layout. A block that becomes too small is wiped.
struct LayoutWriter {
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 1)
    private var capacity = 256
    private(set) var count = 0

    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        if capacity - count < bytes.count { grow(by: bytes.count) }
        if let from = bytes.baseAddress, !bytes.isEmpty { (base + count).copyMemory(from: from, byteCount: bytes.count) }
        count += bytes.count
    }

    mutating func text(_ text: String) {
        var text = text
        text.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    mutating func number<N: FixedWidthInteger>(_ number: N) {
        withUnsafeBytes(of: number.bigEndian) { bytes($0) }
    }

    /// A text of at most 255 bytes, after its length.
    mutating func text8(_ text: String) throws(CpniError) {
        guard let len = UInt8(exactly: text.utf8.count) else { throw CpniError(.bindingLayout) }
        number(len)
        self.text(text)
    }

    /// A number of things.
    mutating func count<N: FixedWidthInteger>(_ count: Int, _: N.Type) throws(CpniError) {
        guard let count = N(exactly: count) else { throw CpniError(.bindingLayout) }
        number(count)
    }

    /// What `write` writes, after its length.
    mutating func part32(_ write: (inout LayoutWriter) throws(CpniError) -> Void) throws(CpniError) {
        let at = count
        number(UInt32(0))
        try write(&self)
        guard let len = UInt32(exactly: count - at - 4) else { throw CpniError(.bindingLayout) }
        (base + at).storeBytes(of: len.bigEndian, as: UInt32.self)
    }

    /// Hands the block over.
    mutating func take() -> (UnsafeMutableRawPointer, Int) {
        (base, count)
    }

    /// Hands the block over as `Data` that is no secret: it is not wiped.
    mutating func takeData() -> Data {
        Data(bytesNoCopy: base, count: count, deallocator: .custom { base, _ in base.deallocate() })
    }

    mutating func discard() {
        wipe(base, count)
        base.deallocate()
    }

    private mutating func grow(by more: Int) {
        let larger = max(capacity * 2, count + more)
        let block = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 1)
        block.copyMemory(from: base, byteCount: count)
        wipe(base, count)
        base.deallocate()
        (base, capacity) = (block, larger)
    }
}

/// Reads the layout: exactly what is there, or an error.
struct LayoutReader {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ len: Int) throws(CpniError) -> UnsafeRawBufferPointer {
        guard len <= rest.count else { throw CpniError(.bindingLayout) }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(len)) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(len))
    }

    mutating func number<N: FixedWidthInteger>(_: N.Type) throws(CpniError) -> N {
        N(bigEndian: try take(MemoryLayout<N>.size).loadUnaligned(as: N.self))
    }

    /// A number of things of at least `least` bytes each: no more than there is room for.
    mutating func count(least: Int) throws(CpniError) -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= rest.count / least else { throw CpniError(.bindingLayout) }
        return count
    }

    mutating func text8() throws(CpniError) -> String {
        String(decoding: try take(Int(try number(UInt8.self))), as: UTF8.self)
    }

    mutating func part32() throws(CpniError) -> UnsafeRawBufferPointer {
        try take(Int(try number(UInt32.self)))
    }
}
