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
        // A tool of agents: it is linked with nothing that has a guard.
        .executableTarget(name: "Agent", dependencies: [.product(name: "CpniGuardDevice", package: "CpniGuard")]),
        // Both in one process, and that tool in another.
        .testTarget(
            name: "DeviceOnlyTests",
            dependencies: [
                .product(name: "CpniGuard", package: "CpniGuard"),
                .product(name: "CpniGuardDevice", package: "CpniGuard"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
