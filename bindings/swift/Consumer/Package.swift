// swift-tools-version: 6.0
// A package that uses CpniGuard as a host does: its tests, and what a call costs.

import PackageDescription

let package = Package(
    name: "CpniGuardConsumer",
    platforms: [.macOS(.v13), .iOS(.v16)],
    dependencies: [.package(name: "CpniGuard", path: "..")],
    targets: [
        .executableTarget(name: "Calls", dependencies: [.product(name: "CpniGuard", package: "CpniGuard")]),
        .testTarget(name: "CpniGuardTests", dependencies: [.product(name: "CpniGuard", package: "CpniGuard")]),
    ],
    swiftLanguageModes: [.v6]
)
