// A care agent's walk through two calls: withheld, authenticated, disclosed, ended.
//
// In a terminal you are asked for the password; in a pipe the caller gives the right one.

import CpniGuard
import Foundation

let asked: [FieldRequest] = ["name", "plan", "balance", "ssn", "call_detail"]

func show(_ view: DisclosedView) throws {
    for (name, field) in zip(view.names, view.fields) {
        switch field {
        case .withheld(let why):
            Screen.field(name, "withheld", why.forAgent)
            if let rule = try why.explain().reasons.first { Screen.more("(\(rule.cite))") }
            let ways = try why.remedies.prefix(2).map { $0.steps.map(\.advice).joined(separator: ", and ") }
            Screen.more(ways.isEmpty ? "nothing would change that" : "you could " + ways.joined(separator: "; or "))
        case .absent:
            Screen.field(name, "absent", "the record does not hold it")
        case .disclosed(let secret):
            if name == "call_detail" {
                try secret.withCalls { calls in
                    Screen.field(name, "disclosed", "\(calls.count) calls")
                    for call in calls {
                        Screen.more("\(call.direction == .outbound ? "to" : "from") \(call.number), \(call.durationSecs) s")
                    }
                }
            } else {
                try secret.withText { Screen.field(name, "disclosed", $0) }
            }
        }
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
    try backEnd.ring("call-88231")
    let call = try backEnd.open("acct-000042", contact: "call-88231")
    try show(try backEnd.view(asked, in: call))

    Screen.title("15:05", "the caller gives a password")
    let presented = try backEnd.present(.password(typedPassword()), in: call)
    Screen.line(presented == .match ? "match" : "no match")
    let shown = try backEnd.view(asked, in: call)
    try show(shown)

    Screen.title("15:09", "the call ends")
    try backEnd.hangUp("call-88231")
    try backEnd.end(call)
    do {
        guard case .disclosed(let plan) = try shown.field("plan") else { throw CpniError(.discloseWithheld) }
        try plan.withBytes { _ in Screen.line("the plan is still readable: this must not happen") }
    } catch let error as CpniError {
        Screen.line("plan: \(error) \(error.known?.name ?? ""), nothing of it is readable any more")
    }
    do {
        _ = try backEnd.view(asked, in: call)
    } catch let error as CpniError {
        Screen.line("another look: \(error) \(error.known?.name ?? "")")
    }

    Screen.title("15:12", "a-1017 looks up acct-000043, in a call that is a colleague's")
    try backEnd.ring("call-88240", for: "a-2044")
    let curious = try backEnd.open("acct-000043", contact: "call-88240")
    try show(try backEnd.view(["name", "call_detail"], in: curious))
    try backEnd.end(curious)

    let log = try backEnd.log()
    Screen.title("15:30", "the audit log: \(log.events) events, \(log.isIntact ? "every one verifies" : "BROKEN")")
    Screen.line("views in which a-1017 was shown something: \(log.seenByAgent)")
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
