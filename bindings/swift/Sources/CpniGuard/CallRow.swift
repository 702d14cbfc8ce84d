// A row of a call log.

/// A call of a call log (47 CFR 64.2003(d)).
///
/// It prints nothing of itself.
public struct CallRow: Sendable, Hashable {
    /// Who called.
    public let direction: CallDirection
    /// The other party's number.
    public let number: String
    /// When it started, in microseconds since 1970.
    public let startMicros: UInt64
    /// How many seconds it lasted.
    public let durationSecs: UInt32
    /// Where the customer was, if that is known.
    public let place: String?

    /// A call.
    public init(
        _ direction: CallDirection, number: String, startMicros: UInt64, durationSecs: UInt32, place: String? = nil
    ) {
        self.direction = direction
        self.number = number
        self.startMicros = startMicros
        self.durationSecs = durationSecs
        self.place = place
    }
}
