// The committed vectors of blind-index-v1 and token-v1, read where Rust reads them, through guards whose keyrings hold
// the roots of the vectors.

import CpniGuard
import Foundation
import XCTest

final class TokenVectorTests: XCTestCase {
    private func read(_ folder: String, _ file: String) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(try text("tests/vectors/\(folder)/\(file).json").utf8))
        return try XCTUnwrap(json as? [String: Any])
    }

    private func cases(_ all: [String: Any]) throws -> [[String: Any]] {
        try XCTUnwrap(all["cases"] as? [[String: Any]])
    }

    func testTermsOfTheBlindIndex() throws {
        let valid = try read("blind-index-v1", "valid")
        let schema = try XCTUnwrap(valid["schema"] as? String)
        let known = try XCTUnwrap(valid["roots"] as? [[String: Any]])
        var searched = 0
        for one in try cases(valid) {
            let version = try XCTUnwrap(one["version"] as? UInt8)
            let roots = try known.map { root in
                let of = try XCTUnwrap(root["version"] as? UInt8)
                return VectorKeys.Root(
                    branch: VectorKeys.data, version: of, state: of == version ? VectorKeys.active : VectorKeys.decryptOnly,
                    key: unhex(try XCTUnwrap(root["key"] as? String)))
            }
            let tenant = try XCTUnwrap(one["tenant"] as? String)
            let world = try World(
                keys: .provider(VectorKeys(roots)), schema: schema, grants: searching, options: { $0.tenant(tenant) })
            let index = try XCTUnwrap(one["index"] as? String)
            let values = try XCTUnwrap(one["values"] as? [String])
            let fields = try XCTUnwrap(try world.cpni.schemaIndexes().first { $0.name == index }).fields
            let record = try Record("", fields: zip(fields, values).map { ($0, .text($1)) })
            let term = try XCTUnwrap(try world.cpni.protect(record, account: "a").indexTerms()[index])
            let stored = try XCTUnwrap(one["stored"] as? String)
            XCTAssertEqual(hex(Array(term.bytes)), stored, "\(one)")
            XCTAssertEqual(try term.text, one["text"] as? String)
            XCTAssertEqual(term.keyVersion, UInt32(version))
            XCTAssertEqual(term, try IndexTerm(text: try term.text))
            _ = try world.call()
            let decided = try world.cpni.search(
                agentSession: "token-dana", contact: ("call-1", .phoneInbound), purpose: .support, index: index, stated: values)
            // Law lets an agent search by some classes only.
            if case .allowed(let search) = decided {
                XCTAssertEqual(search.terms.first, term, "\(one)")
                XCTAssertEqual(Set(search.terms.map(\.keyVersion)), [1, 2])
                searched += 1
            }
        }
        let refused = try cases(try read("blind-index-v1", "refused"))
        for one in refused {
            let bytes = Data(unhex(try XCTUnwrap(one["stored"] as? String)))
            XCTAssertEqual(code { try IndexTerm(bytes) }, .tokenTermFormat, "\(one)")
        }
        XCTAssertGreaterThanOrEqual(try cases(valid).count, 19)
        XCTAssertGreaterThanOrEqual(refused.count, 26)
        XCTAssertGreaterThanOrEqual(searched, 8)
    }

    func testTokensOfColumns() throws {
        var (tokens, refused) = (0, 0)
        for file in ["tokens", "refused"] {
            for one in try cases(try read("token-v1", file)) {
                let expected = try XCTUnwrap(one["expect"] as? [String: Any])
                do {
                    let made = try token(of: one)
                    XCTAssertEqual(made, expected["token"] as? String, "\(file): \(one["name"] ?? "")")
                    tokens += 1
                } catch let error as CpniError {
                    XCTAssertEqual(error.code, expected["error"] as? UInt16, "\(file): \(one["name"] ?? "")")
                    refused += 1
                }
            }
        }
        XCTAssertGreaterThanOrEqual(tokens, 22)
        XCTAssertGreaterThanOrEqual(refused, 29)
    }

    private func token(of one: [String: Any]) throws -> String {
        func word(_ key: String) throws -> String { try XCTUnwrap(one[key] as? String) }
        let version = try XCTUnwrap(one["version"] as? UInt8)
        let gone = (1..<version).map { VectorKeys.Root(branch: VectorKeys.token, version: $0, state: VectorKeys.destroyed) }
        let root = VectorKeys.Root(branch: VectorKeys.token, version: version, key: unhex(try word("root")))
        let kind = (one["value_kind"] as? String).map { ", kind = \"\($0)\"" } ?? ""
        let tenant = try word("tenant")
        let world = try World(
            keys: .provider(VectorKeys(gone + [root])),
            schema: "[fields]\n\(try word("field")) = { class = \"\(try word("class"))\"\(kind) }\n", grants: searching,
            options: { $0.tenant(tenant) })
        if try word("kind") == "format" {
            let lengths = try XCTUnwrap(one["lengths"] as? [UInt32])
            // A range that goes backwards is none in Swift: the library never hears of it.
            guard lengths[0] <= lengths[1] else { throw CpniError(.tokenLengths) }
            return try world.cpni.registerFormatColumn(
                try word("column"), field: try word("field"), alphabet: .of(characters: try word("alphabet")),
                lengths: lengths[0]...lengths[1], writtenIn: (one["token_alphabet"] as? String).map { .of(characters: $0) }
            ).tokenise(try word("value")).text
        }
        let column = try world.cpni.registerSealedColumn(try word("column"), field: try word("field"))
        guard let given = one["token"] as? String else { return try column.tokenise(try word("value")).text }
        return try column.replace([SealedToken(text: given)])[0].get().text
    }
}

/// Whatever the law lets a care agent search by.
private let searching = """
    id    = "vectors"
    title = "Whatever the law lets a care agent search by"

    [[rule]]
    id     = "all"
    title  = "Care agents search"
    effect = "permit"
    when   = { role = ["care_agent"], op = ["search"], class = ["identity", "address", "ssn", "account_info", "device_id"] }

    """
