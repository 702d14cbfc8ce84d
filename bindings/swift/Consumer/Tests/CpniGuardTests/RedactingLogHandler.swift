// The handler of the README, compiled against the part of swift-log's interface that it uses: swift-log comes by git, which
// no machine of the project reaches. `Logger` and `LogHandler` below stand in for `import Logging`.

import CpniGuard
import Foundation

// README: begin
struct RedactingLogHandler<Behind: LogHandler>: LogHandler {
    var behind: Behind
    var metadataProvider: Logger.MetadataProvider?  // not the other handler's: what it gives is redacted here
    private let redactor: LogRedactor

    init(_ redactor: Redactor, before behind: Behind) {
        self.redactor = LogRedactor(redactor)
        self.behind = behind
    }

    func log(
        level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
        function: String, line: UInt
    ) {
        let all = (metadataProvider?.get() ?? [:]).merging(metadata ?? [:]) { _, explicit in explicit }
        let (text, clean) = redactor.redact(message.description, all.mapValues(\.logValue))
        behind.log(
            level: level, message: "\(text)", metadata: clean.mapValues(Logger.MetadataValue.init), source: source,
            file: file, function: function, line: line)
    }

    var metadata: Logger.Metadata {
        get { behind.metadata }
        set { behind.metadata = redactor.redact(newValue.mapValues(\.logValue)).mapValues(Logger.MetadataValue.init) }
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    var logLevel: Logger.Level {
        get { behind.logLevel }
        set { behind.logLevel = newValue }
    }
}

extension Logger.MetadataValue {
    var logValue: LogValue {
        switch self {
        case .string(let text): .text(text)
        case .stringConvertible(let value): .text(value.description)
        case .array(let values): .list(values.map(\.logValue))
        case .dictionary(let values): .fields(values.mapValues(\.logValue))
        }
    }

    init(_ value: LogValue) {
        switch value {
        case .text(let text): self = .string(text)
        case .list(let values): self = .array(values.map(Logger.MetadataValue.init))
        case .fields(let values): self = .dictionary(values.mapValues(Logger.MetadataValue.init))
        }
    }
}
// README: end

// MARK: What stands in for swift-log

struct Logger {
    typealias Metadata = [String: MetadataValue]

    enum Level: Sendable { case info, warning, error }

    struct Message: ExpressibleByStringInterpolation, CustomStringConvertible {
        let description: String

        init(stringLiteral text: String) { description = text }
    }

    struct MetadataProvider: Sendable {
        let get: @Sendable () -> Metadata

        init(_ get: @escaping @Sendable () -> Metadata) { self.get = get }
    }

    enum MetadataValue: Sendable {
        case string(String)
        case stringConvertible(any CustomStringConvertible & Sendable)
        case array([MetadataValue])
        case dictionary(Metadata)
    }
}

extension Logger.MetadataValue: Equatable, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .string(text) }

    init(arrayLiteral values: Logger.MetadataValue...) { self = .array(values) }

    init(dictionaryLiteral values: (String, Logger.MetadataValue)...) {
        self = .dictionary(Dictionary(values) { _, last in last })
    }

    static func == (one: Logger.MetadataValue, other: Logger.MetadataValue) -> Bool { one.logValue == other.logValue }
}

protocol LogHandler: Sendable {
    var metadata: Logger.Metadata { get set }
    var metadataProvider: Logger.MetadataProvider? { get set }
    var logLevel: Logger.Level { get set }
    subscript(metadataKey _: String) -> Logger.MetadataValue? { get set }

    func log(
        level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
        function: String, line: UInt)
}

/// What a handler wrote.
final class KeptLines: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [(Logger.Level, String, Logger.Metadata)] = []

    func keep(_ line: (Logger.Level, String, Logger.Metadata)) { lock.withLock { lines.append(line) } }

    var all: [(Logger.Level, String, Logger.Metadata)] { lock.withLock { lines } }
}

struct KeepingHandler: LogHandler {
    let kept: KeptLines
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    init(kept: KeptLines) { self.kept = kept }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(
        level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source _: String, file _: String,
        function _: String, line _: UInt
    ) {
        kept.keep((level, message.description, metadata ?? [:]))
    }
}
