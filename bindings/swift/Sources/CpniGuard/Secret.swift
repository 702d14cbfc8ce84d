// A value that is given out, and where it is lent from.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// A value that is given out. It prints nothing of itself.
///
/// ```swift
/// try secret.withBytes { panel.draw(utf8: $0) }
/// ```
public struct Secret: Sendable {
    // Keeps the view alive: a secret outlives the variable that held the view, not `close()`.
    let view: any Lender
    let at: Int

    /// The decision: in which form and scope it is given out.
    public var answer: Answer { view.answer(at) }

    /// The number of its bytes.
    ///
    /// - Throws: ``ErrorCode/discloseClosed`` once the view was closed, or its interaction or session ended.
    public var count: Int {
        get throws(CpniError) { try cpni { try view.length(at) } }
    }

    /// Lends the bytes: a text as UTF-8. They are not copied into Swift's heap, and are wiped when `body`
    /// returns: do not let the pointer out.
    ///
    /// - Throws: ``ErrorCode/discloseClosed`` once the view was closed, or its interaction or session ended;
    ///   what `body` throws.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try view.lend(at, body)
    }

    /// Lends the value as text. Swift cannot wipe a `String`: its bytes stay in the heap until something
    /// else is written over them. Where the view can draw bytes, ``withBytes(_:)`` leaves nothing.
    ///
    /// - Throws: As ``withBytes(_:)``.
    public func withText<R>(_ body: (String) throws -> R) throws -> R {
        try withBytes { try body(String(decoding: $0, as: UTF8.self)) }
    }

    /// Lends the value as calls. As with ``withText(_:)``, their texts cannot be wiped.
    ///
    /// - Throws: ``ErrorCode/bindingLayout`` where it is a text; as ``withBytes(_:)``.
    public func withCalls<R>(_ body: ([CallRow]) throws -> R) throws -> R {
        try withBytes { bytes in
            var reader = LayoutReader(bytes)
            let calls = try (0..<(try reader.count(least: Secret.leastCall))).map { _ in try Secret.call(&reader) }
            guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
            return try body(calls)
        }
    }

    /// Whether a text is the value, in constant time: to compare without looking.
    ///
    /// - Throws: ``ErrorCode/discloseWrongShape`` for calls; as ``withBytes(_:)``.
    public func matches(_ stated: String) throws(CpniError) -> Bool {
        let stated = try WipedBytes { (out) throws(CpniError) in out.text(stated) }
        return try cpni { try view.matches(at, stated) }
    }

    /// The bytes of a call without a place, whose number is empty.
    private static let leastCall = 1 + 8 + 4 + 1 + 1

    private static func call(_ reader: inout LayoutReader) throws(CpniError) -> CallRow {
        let code = try reader.number(UInt8.self)
        let direction: CallDirection = code == 1 ? .outbound : .inbound
        let start = try reader.number(UInt64.self)
        let duration = try reader.number(UInt32.self)
        let number = try reader.text8()
        let hasPlace = try reader.number(UInt8.self)
        let place = hasPlace == 1 ? try reader.text8() : nil
        guard code == 1 || code == 2, hasPlace <= 1 else { throw CpniError(.bindingLayout) }
        return CallRow(direction, number: number, startMicros: start, durationSecs: duration, place: place)
    }
}

// MARK: Where the values are

/// What values can be lent of.
protocol Lender: AnyObject, Sendable {
    func answer(_ at: Int) -> Answer
    func length(_ at: Int) throws -> Int
    func lend<R>(_ at: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R
    func matches(_ at: Int, _ stated: WipedBytes) throws -> Bool
}

/// A view whose values the library holds: a guard's, or one on an agent's machine.
protocol HeldView: Lender {
    func length(held at: UInt32) throws -> UInt64
    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer
    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer
    func matches(held at: UInt32, _ stated: Data) throws -> Bool
}

extension HeldView {
    func length(_ at: Int) throws -> Int { Int(try length(held: UInt32(at))) }

    func lend<R>(_ at: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try withBytes(of: { reveal(UInt32(at), $0) }, body)
    }

    func matches(_ at: Int, _ stated: WipedBytes) throws -> Bool {
        try stated.withData { try matches(held: UInt32(at), $0) }
    }

    func lendAll(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) throws {
        try withBytes(of: { revealAll($0) }) { bytes in
            var reader = LayoutReader(bytes)
            for _ in 0..<(try reader.number(UInt16.self)) {
                let name = try reader.text8()
                let shape = try reader.number(UInt8.self)
                let value = try reader.part32()
                guard shape <= 2 else { throw CpniError(.bindingLayout) }
                try body(name, shape == 0 ? nil : value)
            }
            guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
        }
    }
}
