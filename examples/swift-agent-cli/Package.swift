// swift-tools-version: 6.0
// A care agent's afternoon in a terminal: `scripts/check --only swift` builds and runs it.

import PackageDescription

let package = Package(
    name: "swift-agent-cli",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "CpniGuard", path: "../../bindings/swift")],
    targets: [
        .executableTarget(name: "agent", dependencies: [
            // One process here, so both; a carrier's tool takes the second alone.
            .product(name: "CpniGuard", package: "CpniGuard"), .product(name: "CpniGuardDevice", package: "CpniGuard"),
        ])
    ],
    swiftLanguageModes: [.v6]
)
