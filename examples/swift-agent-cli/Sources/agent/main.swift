// A care agent's walk through two calls: withheld, authenticated, disclosed, ended.
//
// The guard is in the back end. This is the agent's machine: it has a session for each call, which opens what
// the back end sealed for it, and is linked with the product that has no guard. In a terminal you are asked for the password; in a pipe the caller gives the
// right one.

import CpniGuardDevice
import Foundation

let asked = ["name", "plan", "balance", "ssn", "call_detail"]

func show(_ view: DeviceView) throws {
    for (decision, field) in zip(view.decisions, view.fields) {
        let name = decision.answer.field
        switch field {
        case .withheld(let why):
            Screen.field(name, "withheld", why.forAgent)
            if let rule = why.reasons.first { Screen.more("(\(rule.cite))") }
            let ways = why.remedies.prefix(2).map { $0.steps.map(\.advice).joined(separator: ", and ") }
            Screen.more(ways.isEmpty ? "nothing would change that" : "you could " + ways.joined(separator: "; or "))
        case .absent:
            Screen.field(name, "absent", "the record does not hold it")
        case .disclosed(let secret) where decision.isCalls:
            try secret.withCalls { calls in
                Screen.field(name, "disclosed", "\(calls.count) calls")
                for call in calls {
                    Screen.more("\(call.direction == .outbound ? "to" : "from") \(call.number), \(call.durationSecs) s")
                }
            }
        case .disclosed(let secret):
            try secret.withText { Screen.field(name, "disclosed", $0) }
        }
    }
}

/// What must fail, and with which code.
func refused(_ what: String, _ work: () throws -> Void) throws {
    do {
        try work()
        Screen.line("\(what): this must not happen")
    } catch let error as CpniError {
        Screen.line("\(what): \(error) \(error.known?.name ?? "")")
    } catch let answer as BackEnd.Refused {
        Screen.line("\(what): \(answer.error) \(answer.name)")
    }
}

/// What the caller says on being asked for the password.
func typedPassword() -> String {
    guard isatty(STDIN_FILENO) == 1 else { return BackEnd.password }
    print("        password (it is \(BackEnd.password)): ", terminator: "")
    return readLine() ?? ""
}

func play(_ backEnd: BackEnd) throws {
    Screen.title("15:04", "a-1017, care agent, call-88231, inbound call, support: nobody authenticated yet")
    let device = try DeviceSession()
    let key = try device.fingerprint
    try backEnd.ring("call-88231")
    try backEnd.open("acct-000042", contact: "call-88231")
    let first = try device.request()
    try show(try device.open(try backEnd.view(asked, in: "call-88231", request: first), for: first))

    Screen.title("15:05", "the caller gives a password")
    Screen.line(try backEnd.isPassword(typedPassword(), in: "call-88231") ? "match" : "no match")
    let request = try device.request()
    let reply = try backEnd.view(asked, in: "call-88231", request: request)
    Screen.line("to the back end: \(request.count) bytes; to this machine: \(reply.count), sealed")
    let shown = try device.open(reply, for: request)
    try show(shown)

    Screen.title("15:06", "somebody copied the reply on its way")
    let other = try DeviceSession()
    let otherKey = try other.fingerprint
    _ = try other.request()
    let copier = try other.request() // with the number of the request that was answered
    try refused("another machine opens it") { _ = try other.open(reply, for: copier) }
    try refused("it is played to this machine again") { _ = try device.open(reply, for: request) }
    try refused("another machine asks in this call") {
        _ = try backEnd.view(asked, in: "call-88231", request: copier)
    }

    Screen.title("15:09", "the call ends")
    try backEnd.hangUp("call-88231")
    try backEnd.end("call-88231")
    try device.end()
    if case .disclosed(let plan) = try shown.field("plan") {
        try refused("the plan, on this screen a moment ago") { try plan.withBytes { _ in } }
    }
    try refused("another look") { _ = try device.request() }

    Screen.title("15:12", "a-1017 looks up acct-000043, in a call that is a colleague's")
    let second = try DeviceSession()
    let secondKey = try second.fingerprint
    try backEnd.ring("call-88240", for: "a-2044")
    try backEnd.open("acct-000043", contact: "call-88240")
    let curious = try second.request()
    try show(try second.open(try backEnd.view(["name", "call_detail"], in: "call-88240", request: curious), for: curious))
    try backEnd.end("call-88240")
    try second.end()

    let log = try backEnd.log()
    Screen.title("15:30", "the audit log: \(log.events) events, \(log.isIntact ? "every one verifies" : "BROKEN")")
    Screen.line("views in which a-1017 was shown something: \(log.seenByAgent)")
    func count(_ keys: Set<String>) -> Int { log.machines.intersection(keys).count }
    Screen.line(
        "keys that asked: \(log.machines.count); of a-1017's machine: \(count([key, secondKey])); "
            + "of the copier's: \(count([otherKey]))")
}

/// The samples stand beside this package.
let samples = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
do {
    try play(try BackEnd(samples: samples))
} catch {
    // A code, and no customer's text.
    FileHandle.standardError.write(Data("agent: \(error)\n".utf8))
    exit(1)
}
