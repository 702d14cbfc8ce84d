// swift-tools-version: 6.0
// A care agent's afternoon in a terminal: `scripts/check --only swift` builds and runs it.

import PackageDescription

let package = Package(
    name: "swift-agent-cli",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "CpniGuard", path: "../../bindings/swift")],
    targets: [
        .executableTarget(name: "agent", dependencies: [.product(name: "CpniGuard", package: "CpniGuard")])
    ],
    swiftLanguageModes: [.v6]
)
