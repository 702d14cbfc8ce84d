// What holds a customer's value, or stands for one, prints its name and nothing else: in `print`, in
// string interpolation, in `dump` and in a debugger's summary.

/// Prints as `Name(..)`.
protocol Silent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Silent {
    /// The name of the type.
    public var description: String { "\(Self.self)(..)" }
    /// The name of the type.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension CallRow: Silent {}
extension Secret: Silent {}
extension DeviceView: Silent {}
extension DeviceSession: Silent {}
extension Redactor: Silent {}
extension RedactorOptions: Silent {}
extension ListedValue: Silent {}
extension LogRedactor: Silent {}
