// What goes into a log, cleaned before it does: messages, and metadata that nests as swift-log's does.
//
// swift-log itself is no dependency: README.md has the few lines of a `LogHandler` over this.

/// A value of a log's metadata.
public indirect enum LogValue: Sendable, Hashable {
    /// A text; of something else, what it says of itself.
    case text(String)
    /// Several.
    case list([LogValue])
    /// Several, by name.
    case fields([String: LogValue])
}

/// Redacts the lines of a log. It throws nothing: what cannot be redacted is ``notRedacted``, and the line goes on.
public struct LogRedactor: Sendable {
    private let redactor: Redactor
    /// Deeper metadata is dropped. Our limit.
    private static let deepest = 64

    /// With this redactor.
    public init(_ redactor: Redactor) {
        self.redactor = redactor
    }

    /// A message and its metadata, redacted in one call: each text with its key as its label, and the keys too.
    public func redact(_ message: String, _ metadata: [String: LogValue] = [:]) -> (String, [String: LogValue]) {
        var texts = [("", message)]
        Self.collect(.fields(metadata), "", 0, &texts)
        var redacted = all(texts)[...]
        let message = redacted.removeFirst()
        guard case .fields(let metadata) = Self.rebuilt(.fields(metadata), 0, &redacted) else { return (message, [:]) }
        return (message, metadata)
    }

    /// Metadata alone.
    public func redact(_ metadata: [String: LogValue]) -> [String: LogValue] {
        redact("", metadata).1
    }

    private func all(_ texts: [(String, String)]) -> [String] {
        let redacted = try? redactor.redactAll(labelled: texts.map { (label: $0.0, text: $0.1) })
        guard let redacted, redacted.count == texts.count else { return texts.map { _ in notRedacted } }
        return redacted.map { (try? $0.get()) ?? notRedacted }
    }

    /// The texts of a value, each under the name of its key. In the order in which ``rebuilt(_:_:_:)`` takes them.
    private static func collect(_ value: LogValue, _ label: String, _ depth: Int, _ texts: inout [(String, String)]) {
        if depth > deepest { return }
        switch value {
        case .text(let text): texts.append((label, text))
        case .list(let values): for value in values { collect(value, label, depth + 1, &texts) }
        case .fields(let values):
            for (key, value) in values {
                texts.append(("", key))
                collect(value, key, depth + 1, &texts)
            }
        }
    }

    private static func rebuilt(_ value: LogValue, _ depth: Int, _ texts: inout ArraySlice<String>) -> LogValue {
        if depth > deepest { return .text(notRedacted) }
        switch value {
        case .text: return .text(texts.removeFirst())
        case .list(let values):
            var list: [LogValue] = []
            for value in values { list.append(rebuilt(value, depth + 1, &texts)) }
            return .list(list)
        case .fields(let values):
            var fields: [String: LogValue] = [:]
            for (_, value) in values {
                let key = texts.removeFirst()
                fields[key] = rebuilt(value, depth + 1, &texts)
            }
            return .fields(fields)
        }
    }
}

/// Where the lines of a log go.
public protocol LogSink: Sendable {
    /// How grave a line is, in the words of the log.
    associatedtype Level: Sendable

    /// Takes a line.
    func log(_ level: Level, _ message: String, _ metadata: [String: LogValue])
}

/// Redacts each line before the sink behind it gets it.
public struct RedactingLogSink<Behind: LogSink>: LogSink {
    private let redactor: LogRedactor
    private let behind: Behind

    /// In front of another.
    public init(_ redactor: Redactor, before behind: Behind) {
        self.redactor = LogRedactor(redactor)
        self.behind = behind
    }

    public func log(_ level: Behind.Level, _ message: String, _ metadata: [String: LogValue]) {
        let (message, metadata) = redactor.redact(message, metadata)
        behind.log(level, message, metadata)
    }
}
