// The whole writable memory of this process is searched for a value: it is there while it is lent, and
// nowhere afterwards.

import CpniGuard
import Foundation
import XCTest

#if os(Linux)
    final class MemoryTests: XCTestCase {
        func testAValueIsInMemoryOnlyWhileItIsLent() throws {
            let needle = Needle()
            let world = try World()
            let sealed: Data = try needle.withData { value in
                try world.cpni.protect(try Record("r-1", ["plan": .utf8(value), "name": "Someone"]), account: account).sealed
            }
            XCTAssertEqual(needle.copies(), 0, "after it was sealed")

            let call = try world.caseWork()
            let view = try call.view(.record(sealed, id: "r-1"), ["plan", "name"])
            guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
            var lent = 0
            for _ in 0..<3 {
                try plan.withBytes {
                    XCTAssertTrue(needle.isHere($0))
                    lent = needle.copies()
                }
                try view.withAllBytes { _, _ in }
                _ = view.fields.map(\.answer)
            }
            XCTAssertGreaterThan(lent, 0, "the search finds it where it is")
            XCTAssertLessThanOrEqual(lent, 2, "the library's own, and the one that is lent")
            XCTAssertEqual(needle.copies(), 1, "the library's own")
            view.close()
            XCTAssertEqual(needle.copies(), 0, "after close()")

            // Also where nobody closes.
            try { _ = try call.view(.record(sealed, id: "r-1"), ["plan"]).withAllBytes { _, _ in } }()
            XCTAssertEqual(needle.copies(), 0, "after it was freed")
        }

        /// A batch holds its values until it is closed, once each.
        func testTheValuesOfABatchAreInMemoryUntilItIsClosed() throws {
            let needle = Needle()
            let world = try World()
            let sealed: Data = try needle.withData { value in
                try world.cpni.protect(try Record("r-1", ["plan": .utf8(value)]), account: account).sealed
            }
            let call = try world.caseWork()
            let batch = try call.viewBatch(of: [sealed, sealed, sealed], id: "r-1", ["plan"])
            guard case .disclosed(let plan) = try batch[2].get().field("plan") else { return XCTFail("withheld") }
            try plan.withBytes { XCTAssertTrue(needle.isHere($0)) }
            XCTAssertEqual(needle.copies(), 3, "the batch's own, one for each record")
            try call.end()
            XCTAssertEqual(needle.copies(), 3, "the end of the interaction does not reach them")
            batch.close()
            XCTAssertEqual(needle.copies(), 0, "after close()")

            // Also where nobody closes.
            let next = try world.caseWork("case-2")
            try { _ = try next.viewBatch(of: [sealed], id: "r-1", ["plan"])[0].get().withAllBytes { _, _ in } }()
            XCTAssertEqual(needle.copies(), 0, "after it was freed")
        }

        /// The same on an agent's machine, which is this process here: what crosses is sealed.
        func testAValueIsInMemoryOnlyWhileADeviceHoldsIt() throws {
            let needle = Needle()
            let world = try World()
            let sealed: Data = try needle.withData { value in
                try world.cpni.protect(try Record("r-1", ["plan": .utf8(value)]), account: account).sealed
            }
            let device = try DeviceSession()
            let request = try device.request()
            let reply = try world.caseWork().viewForDevice(.record(sealed, id: "r-1"), ["plan"], request: request)
            XCTAssertEqual(needle.copies(), 0, "in the back end, after the reply was sealed")

            let view = try device.open(reply, for: request)
            guard case .disclosed(let plan) = try view.field("plan") else { return XCTFail("withheld") }
            XCTAssertEqual(needle.copies(), 1, "the session's own")
            try plan.withBytes {
                XCTAssertTrue(needle.isHere($0))
                XCTAssertLessThanOrEqual(needle.copies(), 2, "the session's own, and the one that is lent")
            }
            try view.withAllBytes { _, _ in }
            XCTAssertEqual(needle.copies(), 1, "the session's own")
            try device.end()
            XCTAssertEqual(needle.copies(), 0, "after end()")
        }
    }

    /// A value of 32 bytes that no program text holds, and the search for it.
    private final class Needle {
        private let bytes: UnsafeMutableRawBufferPointer
        private let mask: UInt8 = 0x15

        init() {
            bytes = .allocate(byteCount: 32, alignment: 1)
            var random = SystemRandomNumberGenerator()
            // Kept masked, so that the search does not find itself.
            for at in 0..<32 { bytes[at] = UInt8.random(in: 97...122, using: &random) ^ mask }
        }

        deinit { bytes.deallocate() }

        func isHere(_ found: UnsafeRawBufferPointer) -> Bool {
            found.count == 32 && (0..<32).allSatisfy { found[$0] ^ mask == bytes[$0] }
        }

        /// The value in the clear, wiped afterwards.
        func withData<R>(_ body: (Data) throws -> R) rethrows -> R {
            flip()
            defer { flip() }
            return try body(Data(bytesNoCopy: bytes.baseAddress!, count: 32, deallocator: .none))
        }

        /// How often it is in this process's writable memory, this object's own not counted.
        func copies() -> Int {
            let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
            let regions = maps.split(separator: "\n").compactMap { line -> Range<UInt>? in
                let parts = line.split(separator: " ", maxSplits: 2)
                guard parts.count == 3, parts[1].hasPrefix("rw") else { return nil }
                let ends = parts[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
                return ends[0]..<ends[1]
            }
            // Through the file, because a thread that ends takes its stack with it: a read then fails, and no more.
            let memory = open("/proc/self/mem", O_RDONLY)
            let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
            let own = UInt(bitPattern: page.baseAddress!)..<UInt(bitPattern: page.baseAddress! + page.count)
            flip()
            defer {
                flip()
                page.initializeMemory(as: UInt8.self, repeating: 0)
                page.deallocate()
                close(memory)
            }
            var count = 0
            for region in regions {
                var at = region.lowerBound
                while at < region.upperBound {
                    let got = pread(memory, page.baseAddress!, min(page.count, Int(region.upperBound - at)), off_t(at))
                    guard got >= 32 else { break }
                    var from = 0
                    while let found = memmem(page.baseAddress! + from, got - from, bytes.baseAddress!, 32) {
                        let offset = UnsafeRawPointer(found) - UnsafeRawPointer(page.baseAddress!)
                        let place = at + UInt(offset)
                        if place != UInt(bitPattern: bytes.baseAddress!) && !own.contains(place) { count += 1 }
                        from = offset + 32
                    }
                    at += UInt(max(got - 31, from))  // one may lie across two reads
                }
            }
            return count
        }

        private func flip() {
            for at in 0..<32 { bytes[at] ^= mask }
        }
    }
#endif
