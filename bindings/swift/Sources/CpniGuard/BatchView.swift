// Many views in one call: every decision and every value in one run of bytes.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// The answers to ``Interaction/viewBatch(of:id:_:)``, with every value: a collection with a result for each
/// record, in the order in which they were given.
///
/// The values are in memory of the library that ``close()`` wipes, and at the latest the end of the batch and of
/// its records and secrets. The end of the interaction does **not** reach them: a value that must die with the
/// interaction is asked for with ``Interaction/view(_:_:)``.
public final class BatchView: Sendable {
    private let held: Held
    private let why: CpniGuardFFI.Decisions
    /// The names, in the order in which they were asked for.
    public let names: [String]
    private let decisions: [Answer]
    /// Where each record is.
    private let places: [Range<Int>]

    init(_ bytes: LibraryBytes, explainedBy why: CpniGuardFFI.Decisions) throws(CpniError) {
        let whole = bytes.bytes
        var reader = LayoutReader(whole)
        guard try reader.part32().count == whole.count - 4 else { throw CpniError(.bindingLayout) }
        reader = LayoutReader(UnsafeRawBufferPointer(rebasing: whole.dropFirst(4)))
        var names: [String] = []
        for _ in 0..<(try reader.number(UInt16.self)) { names.append(try reader.text8()) }
        var decisions: [Answer] = []
        for _ in 0..<(try reader.count(least: BatchView.leastDecision)) {
            let field = Int(try reader.number(UInt16.self))
            guard field < names.count else { throw CpniError(.bindingLayout) }
            decisions.append(try reader.decision(on: names[field]))
        }
        let count = try reader.count(least: BatchView.leastRecord)
        var places: [Range<Int>] = []
        places.reserveCapacity(count)
        for _ in 0..<count {
            let length = try reader.part32().count
            let end = whole.count - reader.rest.count
            places.append(end - length..<end)
        }
        guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
        (self.names, self.decisions, self.places, self.why) = (names, decisions, places, why)
        held = Held(bytes)
    }

    /// Wipes every value, when no closure is reading any more. What asks for one afterwards fails.
    public func close() {
        held.close()
    }

    private static let leastDecision = 2 + 4 + 4 + 4
    private static let leastRecord = 4 + 1 + 2

    /// The bytes, until they are given back. Who reads keeps them for as long.
    private final class Held: @unchecked Sendable {
        private let lock = NSLock()
        private var bytes: LibraryBytes?

        init(_ bytes: LibraryBytes) {
            self.bytes = bytes
        }

        func open() throws(CpniError) -> LibraryBytes {
            lock.lock()
            defer { lock.unlock() }
            guard let bytes else { throw CpniError(.discloseClosed) }
            return bytes
        }

        func close() {
            lock.lock()
            let last = bytes
            bytes = nil
            lock.unlock()
            withExtendedLifetime(last) {} // given back outside of the lock
        }
    }
}

extension BatchView: RandomAccessCollection {
    /// From 0.
    public var startIndex: Int { 0 }
    /// How many records were asked about.
    public var endIndex: Int { places.count }

    /// What came of a record. After ``close()`` every one is ``ErrorCode/discloseClosed``.
    public subscript(at: Int) -> Result<RecordView, CpniError> {
        do throws(CpniError) {
            return .success(try record(at))
        } catch {
            return .failure(error)
        }
    }

    private func record(_ at: Int) throws(CpniError) -> RecordView {
        let open = try held.open()
        defer { withExtendedLifetime(open) {} }
        var reader = reader(of: at, in: open)
        switch try reader.number(UInt8.self) {
        case 0: throw .Failed(code: try reader.number(UInt16.self))
        case 1: return RecordView(batch: self, place: at, auditIndex: try reader.number(UInt64.self))
        default: throw CpniError(.bindingLayout)
        }
    }
}

/// One record of a ``BatchView``. Its values end with that.
public struct RecordView: Sendable {
    let batch: BatchView
    let place: Int
    /// The number of the audit event that records this view, from 0.
    public let auditIndex: UInt64

    /// The names, in the order in which they were asked for.
    public var names: [String] { batch.names }

    /// Every field, in the order in which they were asked for.
    ///
    /// - Throws: ``ErrorCode/discloseClosed``.
    public var fields: [Field] {
        get throws(CpniError) {
            var fields: [Field] = []
            try cpni { try batch.slots(of: place) { at, slot in fields.append(batch.field(place, at, slot)) } }
            return fields
        }
    }

    /// A field.
    ///
    /// - Throws: ``ErrorCode/discloseNotAskedFor``, ``ErrorCode/discloseClosed``.
    public func field(_ name: String) throws(CpniError) -> Field {
        guard let at = batch.names.firstIndex(of: name) else { throw CpniError(.discloseNotAskedFor) }
        return batch.field(place, at, try batch.slot(place, at).slot)
    }

    /// Lends every value at once: by name, and nothing for a field that is not given out. Do not let a pointer
    /// out: the bytes are wiped by ``BatchView/close()``.
    ///
    /// - Throws: ``ErrorCode/discloseClosed``; what `body` throws.
    public func withAllBytes(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) throws {
        try batch.slots(of: place) { at, slot in
            try body(batch.names[at], slot.state == .disclosed ? slot.content : nil)
        }
    }
}

// MARK: A field of a record

extension BatchView {
    /// A field of a record, as its bytes say.
    struct Slot {
        let state: FieldState
        let decision: Int
        let isCalls: Bool
        let content: UnsafeRawBufferPointer
    }

    fileprivate func reader(of place: Int, in open: LibraryBytes) -> LayoutReader {
        LayoutReader(UnsafeRawBufferPointer(rebasing: open.bytes[places[place]]))
    }

    /// Reads the fields of a record that was viewed; their content is there while `body` runs.
    fileprivate func slots(of place: Int, _ body: (Int, Slot) throws -> Void) throws {
        let open = try held.open()
        defer { withExtendedLifetime(open) {} }
        var reader = reader(of: place, in: open)
        _ = try reader.take(1 + 8)
        for at in names.indices { try body(at, try next(&reader)) }
        guard reader.isAtEnd else { throw CpniError(.bindingLayout) }
    }

    /// The field at a place of a record, and what keeps its content there.
    fileprivate func slot(_ place: Int, _ at: Int) throws(CpniError) -> (slot: Slot, open: LibraryBytes) {
        let open = try held.open()
        var reader = reader(of: place, in: open)
        _ = try reader.take(1 + 8)
        for _ in 0..<at { _ = try next(&reader) }
        return (try next(&reader), open)
    }

    private func next(_ reader: inout LayoutReader) throws(CpniError) -> Slot {
        let state = try reader.state()
        let decision = Int(try reader.number(UInt32.self))
        let isCalls = try reader.number(UInt8.self) == 2
        guard decision < decisions.count else { throw CpniError(.bindingLayout) }
        return Slot(state: state, decision: decision, isCalls: isCalls, content: try reader.part32())
    }

    fileprivate func field(_ place: Int, _ at: Int, _ slot: Slot) -> Field {
        let answer = decisions[slot.decision]
        return switch slot.state {
        case .withheld: .withheld(Withheld(answer: answer, source: .batch(self, UInt32(slot.decision))))
        case .absent: .absent(answer)
        case .disclosed: .disclosed(Secret(view: self, at: place * names.count + at))
        }
    }

    /// The explanation at a place of the decisions.
    func explain(_ decision: UInt32) throws -> Explanation {
        _ = try held.open()
        return try why.explain(at: decision)
    }
}

/// Fields are counted through all records: the record times the number of names, and the place of the name.
extension BatchView: Lender {
    func answer(_ at: Int) -> Answer {
        guard let slot = try? slot(at / names.count, at % names.count).slot else {
            // It was closed: nothing is said of it any more.
            return Answer(
                field: names[at % names.count], outcome: .withhold, form: nil, scope: .whole, because: .factsMissing,
                obligations: [], forAgent: "")
        }
        return decisions[slot.decision]
    }

    func length(_ at: Int) throws -> Int { try lend(at) { $0.count } }

    func lend<R>(_ at: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        let (slot, open) = try slot(at / names.count, at % names.count)
        defer { withExtendedLifetime(open) {} }
        return try body(slot.content)
    }

    func matches(_ at: Int, _ stated: WipedBytes) throws -> Bool {
        let (slot, open) = try slot(at / names.count, at % names.count)
        defer { withExtendedLifetime(open) {} }
        guard !slot.isCalls else { throw CpniError(.discloseWrongShape) }
        return stated.withBytes { stated in
            // Every byte is looked at, whatever the others were.
            slot.content.count == stated.count
                && zip(slot.content, stated).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
        }
    }
}
