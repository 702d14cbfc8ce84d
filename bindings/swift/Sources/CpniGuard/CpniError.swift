// The one error: a number. And the doors that every call goes through.

import CpniGuardC
import CpniGuardFFI

/// Why a call failed: a stable code and nothing else.
///
/// There is no text in it, because an error ends up in logs. Compare with ``ErrorCode``:
///
/// ```swift
/// } catch let error as CpniError where error.known == .interactionLockedOut {
/// ```
public typealias CpniError = CpniGuardFFI.CpniError

extension CpniError {
    /// An error with this code.
    public init(_ code: ErrorCode) {
        self = .Failed(code: code.rawValue)
    }

    /// The stable code.
    public var code: UInt16 {
        switch self {
        case .Failed(let code): code
        }
    }

    /// The code by name; nothing where the library is newer than ``ErrorCode``.
    public var known: ErrorCode? {
        ErrorCode(rawValue: code)
    }
}

extension CpniError: CustomStringConvertible {
    /// The number, as the core writes it: `E5006`.
    public var description: String {
        let digits = String(code)
        return "E" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// Every code of the library, with its name: what ``ErrorCode`` is compared with.
public func errorCodes() throws(CpniError) -> [NamedCode] {
    try cpni { try CpniGuardFFI.errorCodes() }
}

/// Does one call. What UniFFI itself throws may quote what crossed: it becomes a code.
@inline(__always)
func cpni<T>(_ work: () throws -> T) throws(CpniError) -> T {
    do {
        return try work()
    } catch let error as CpniError {
        throw error
    } catch {
        throw CpniError(.bindingPanic)
    }
}

/// Calls a function of the library that gives bytes back, and lends them where they are.
///
/// The generated code would copy them into two blocks of Swift's heap that nobody wipes. The library
/// wipes its own when they are given back.
func withBytes<R>(
    of call: (UnsafeMutablePointer<RustCallStatus>) -> RustBuffer,
    _ body: (UnsafeRawBufferPointer) throws -> R
) throws -> R {
    try withBuffer(of: call) { reader in
        // UniFFI writes a length of four bytes before the bytes themselves.
        try body(try reader.part32())
    }
}

/// Calls a function of the library that gives anything but a number back, and lends what UniFFI wrote.
func withBuffer<R>(
    of call: (UnsafeMutablePointer<RustCallStatus>) -> RustBuffer,
    _ body: (inout LayoutReader) throws -> R
) throws -> R {
    let buffer = try buffer(of: call)
    defer { giveBack(buffer) }
    var reader = LayoutReader(UnsafeRawBufferPointer(start: buffer.data, count: Int(buffer.len)))
    return try body(&reader)
}

/// Calls such a function, and takes what it gives: the caller gives it back.
func buffer(of call: (UnsafeMutablePointer<RustCallStatus>) -> RustBuffer) throws -> RustBuffer {
    var status = RustCallStatus(code: 0, errorBuf: RustBuffer(capacity: 0, len: 0, data: nil))
    let buffer = call(&status)
    switch status.code {
    case 0: break
    case 1:
        throw (try? FfiConverterTypeCpniError_lift(status.errorBuf)) ?? CpniError(.bindingPanic)
    default:
        giveBack(status.errorBuf)
        throw CpniError(.bindingPanic)
    }
    return buffer
}

/// Bytes of the library, which are given back, and so wiped, when the last one lets them go.
final class LibraryBytes: @unchecked Sendable {
    // INVARIANT: nobody writes, so that threads may share it.
    private let buffer: RustBuffer

    init(_ buffer: RustBuffer) {
        self.buffer = buffer
    }

    deinit {
        giveBack(buffer)
    }

    /// There for as long as this object is: keep it for as long as they are read.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: buffer.data, count: Int(buffer.len)) }
}

extension ForeignBytes {
    /// Bytes that a call borrows.
    init(lent bytes: UnsafeRawBufferPointer) throws(CpniError) {
        guard let len = Int32(exactly: bytes.count) else { throw CpniError(.bindingLayout) }
        self.init(len: len, data: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
}

private func giveBack(_ buffer: RustBuffer) {
    var status = RustCallStatus(code: 0, errorBuf: RustBuffer(capacity: 0, len: 0, data: nil))
    ffi_cpni_guard_ffi_rustbuffer_free(buffer, &status)
}
