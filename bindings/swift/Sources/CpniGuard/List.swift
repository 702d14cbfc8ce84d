// Lists, and lists of results, in the layout in which they cross (docs/spec/binding-layout-v1.md).

import CpniGuardFFI
import Foundation

extension WipedBytes {
    /// A list of the layout: a count, and what `write` writes of each.
    static func list<T>(
        _ items: [T], _ write: (T, inout LayoutWriter) throws(CpniError) -> Void
    ) throws(CpniError) -> WipedBytes {
        try WipedBytes { (out) throws(CpniError) in
            try out.count(items.count, UInt32.self)
            for item in items { try write(item, &out) }
        }
    }
}

/// A list of results of the layout.
func results<T>(_ bytes: Data, _ of: (String) -> T) throws(CpniError) -> [Result<T, CpniError>] {
    try cpni { try bytes.withUnsafeBytes { try results($0, of) } }
}

/// The same of bytes that are lent.
func results<T>(_ bytes: UnsafeRawBufferPointer, _ of: (String) -> T) throws -> [Result<T, CpniError>] {
    var reader = LayoutReader(bytes)
    // Which result, and a code.
    let all = try (0..<(try reader.count(least: 3))).map { _ -> Result<T, CpniError> in
        switch try reader.number(UInt8.self) {
        case 0: return .failure(.Failed(code: try reader.number(UInt16.self)))
        case 1: return .success(of(String(decoding: try reader.part32(), as: UTF8.self)))
        default: throw CpniError(.bindingLayout)
        }
    }
    guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
    return all
}
