// A tool on an agent's machine, as small as one can be: it has a device session and no guard, and is linked with
// nothing that has one. DeviceOnlyTests talks to it as a back end does.
//
// It writes a request, reads the reply, both in hexadecimal digits on a line, and says what it may show.

import CpniGuardDevice
import Foundation

func hex(_ bytes: Data) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func bytes(_ hex: String) -> Data {
    let digits = hex.compactMap(\.hexDigitValue)
    return Data(stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
}

do {
    let device = try DeviceSession()
    let request = try device.request()
    FileHandle.standardOutput.write(Data((hex(request) + "\n").utf8))
    let reply = bytes(readLine() ?? "")
    let view = try device.open(reply, for: request)
    for (name, field) in zip(view.names, view.fields) {
        switch field {
        case .withheld(let why): print(name, "withheld", why.reasons.first?.cite ?? "")
        case .absent: print(name, "absent")
        case .disclosed(let secret): print(name, "disclosed", try secret.count)
        }
    }
    do {
        _ = try device.open(reply, for: request)
    } catch {
        print("again", error)
    }
    try device.end()
    print("live", try device.isLive)
} catch {
    print(error)
}
