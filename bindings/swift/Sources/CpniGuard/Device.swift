// The agent's machine: a session that opens views sealed for it, and nothing else.

import CpniGuardC
import CpniGuardFFI
import Foundation

/// The decision on a field, with all that travels of it to an agent's machine.
public typealias DeviceDecision = CpniGuardFFI.DeviceFieldAnswer
/// A rule that decided, as far as it travels: its id, its title, its citation, how sure its reading is.
public typealias DeviceRule = CpniGuardFFI.DeviceRule

extension DeviceDecision {
    /// One or two sentences that the agent may say. Nothing in them helps a pretexter.
    public var forAgent: String { answer.forAgent }
    /// Why it is withheld; nothing where it is not.
    public var because: WithheldBecause? { answer.because }
}

/// A session on an agent's machine, for one interaction: it opens the views that the back end seals for it
/// (`Interaction.viewForDevice`), each once, and nothing else.
///
/// Its key is the only one there, and lives in memory. It is over with ``end()``, when the interaction's time
/// is, and when it, its views and their secrets are freed. Nothing tells it that the contact ended early: call
/// ``end()`` when the agent hangs up. Threads may share it.
public final class DeviceSession: Sendable {
    private let raw: CpniGuardFFI.DeviceSession

    /// Starts a session with a fresh key.
    ///
    /// - Throws: ``ErrorCode/keyRandom``.
    public init() throws(CpniError) {
        raw = try cpni { try CpniGuardFFI.DeviceSession.start() }
    }

    /// The same, with a clock of the host's. It should go on while the machine sleeps. Where it fails or
    /// goes back, the session ends. It must not call the session (E9304).
    ///
    /// - Throws: As ``init()``.
    public init(clock: any GuardClock) throws(CpniError) {
        raw = try cpni { try CpniGuardFFI.DeviceSession.startWithClock(clock: clock) }
    }

    /// A request for one view: 40 bytes, not secret. Send it over your own authenticated channel, with the
    /// names of the fields.
    ///
    /// - Throws: ``ErrorCode/deviceEnded``, ``ErrorCode/deviceExpired``.
    public func request() throws(CpniError) -> Data {
        try cpni { try raw.request() }
    }

    /// Opens the reply to a request, once. The first one binds the session to its interaction.
    ///
    /// - Throws: A reply that is damaged (``ErrorCode/deviceFormat``) or came too late, of another session,
    ///   interaction or request (8503 to 8508), ``ErrorCode/deviceEnded``, ``ErrorCode/deviceExpired``.
    ///   Nothing is shown then, and a request that waits still waits.
    public func open(_ reply: Data, for request: Data) throws(CpniError) -> DeviceView {
        let (reply, request) = (try lendable(reply), try lendable(request))
        return DeviceView(try cpni { try raw.open(request: request, reply: reply) }, in: self)
    }

    /// Whether it goes on. Where its time is over, everything is wiped: ask from a timer.
    ///
    /// - Throws: ``ErrorCode/bindingBusy`` in a call of its own clock.
    public var isLive: Bool {
        get throws(CpniError) { try cpni { try raw.isLive() } }
    }

    /// How long what it opened may still be seen; nothing before the first view and after the end.
    ///
    /// - Throws: As ``isLive``.
    public var timeLeft: Duration? {
        get throws(CpniError) {
            try cpni { try raw.timeLeft() }.map { .microseconds(Int64(clamping: $0)) }
        }
    }

    /// Its public key as the back end's audit log names it: 64 hexadecimal digits. Not secret.
    ///
    /// - Throws: ``ErrorCode/deviceEnded``.
    public var fingerprint: String {
        get throws(CpniError) { try cpni { try raw.fingerprint() } }
    }

    /// Ends it: its key and everything that it opened are wiped. The second time nothing happens.
    ///
    /// - Throws: As ``isLive``.
    public func end() throws(CpniError) {
        try cpni { try raw.end() }
    }
}

/// A view that was opened on an agent's machine: per field a decision, and a secret where it is given out.
///
/// The values stay in the library until ``Secret/withBytes(_:)`` lends one. They end with ``close()``, with
/// ``DeviceSession/end()``, by time, and when the view and its secrets are freed: whichever comes first.
public final class DeviceView: Sendable {
    private let raw: CpniGuardFFI.DeviceView
    // Keeps the session going: Swift may free a variable after its last use, which is not its end.
    private let session: DeviceSession
    /// The decisions, in the order in which the fields were asked for.
    public let decisions: [DeviceDecision]
    /// The number of the back end's audit event that records this view, from 0.
    public let auditIndex: UInt64

    init(_ answer: CpniGuardFFI.DeviceAnswer, in session: DeviceSession) {
        raw = answer.view
        decisions = answer.fields
        auditIndex = answer.auditIndex
        self.session = session
    }

    /// The names, in the order in which they were asked for.
    public var names: [String] { decisions.map(\.answer.field) }

    /// A field.
    ///
    /// - Throws: ``ErrorCode/discloseNotAskedFor``.
    public func field(_ name: String) throws(CpniError) -> DeviceField {
        field(at: try place(of: name))
    }

    /// Every field, in the order in which they were asked for.
    public var fields: [DeviceField] { decisions.indices.map(field(at:)) }

    /// The decision on a field, whatever it is.
    ///
    /// - Throws: ``ErrorCode/discloseNotAskedFor``.
    public func decision(_ name: String) throws(CpniError) -> DeviceDecision {
        decisions[try place(of: name)]
    }

    /// Lends every value at once, in one call: by name, and nothing for a field that is not given out.
    /// The bytes are wiped when `body` returns.
    ///
    /// - Throws: ``ErrorCode/discloseClosed``; what `body` throws.
    public func withAllBytes(_ body: (String, UnsafeRawBufferPointer?) throws -> Void) throws {
        try lendAll(body)
    }

    /// Wipes the values now. What asks for one afterwards fails.
    ///
    /// - Throws: ``ErrorCode/bindingBusy`` in a call of the session's own clock.
    public func close() throws(CpniError) {
        try cpni { try raw.wipe() }
    }

    private func place(of name: String) throws(CpniError) -> Int {
        guard let at = decisions.firstIndex(where: { $0.answer.field == name }) else {
            throw CpniError(.discloseNotAskedFor)
        }
        return at
    }

    private func field(at: Int) -> DeviceField {
        switch decisions[at].state {
        case .withheld: .withheld(decisions[at])
        case .absent: .absent(decisions[at])
        case .disclosed: .disclosed(Secret(view: self, at: at))
        }
    }
}

/// A field of a view on an agent's machine.
public enum DeviceField: Sendable {
    /// Not given out, with the reason and what would help.
    case withheld(DeviceDecision)
    /// It may be given out, and the record does not hold it.
    case absent(DeviceDecision)
    /// Given out.
    case disclosed(Secret)

    /// The decision.
    public var answer: Answer {
        switch self {
        case .withheld(let decision), .absent(let decision): decision.answer
        case .disclosed(let secret): secret.answer
        }
    }
}

extension DeviceView: HeldView {
    func answer(_ at: Int) -> Answer { decisions[at].answer }

    func length(held at: UInt32) throws -> UInt64 { try raw.length(at: at) }

    func reveal(_ at: UInt32, _ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_deviceview_reveal(raw.uniffiCloneHandle(), at, status)
    }

    func revealAll(_ status: UnsafeMutablePointer<RustCallStatus>) -> RustBuffer {
        uniffi_cpni_guard_ffi_fn_method_deviceview_reveal_all(raw.uniffiCloneHandle(), status)
    }

    func matches(held at: UInt32, _ stated: Data) throws -> Bool { try raw.matches(at: at, stated: stated) }
}
