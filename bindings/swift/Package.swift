// swift-tools-version: 6.0
// Linux links the static library of `scripts/check --only swift`; Apple systems take the XCFramework of
// `scripts/xcframework`. README.md says which of them was run.

import PackageDescription

#if os(Linux)
    let native: Target = .systemLibrary(name: "CpniGuardC")
#else
    let native: Target = .binaryTarget(name: "CpniGuardC", path: "lib/CpniGuardC.xcframework")
#endif

let package = Package(
    name: "CpniGuard",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [
        .library(name: "CpniGuard", targets: ["CpniGuard"])
    ],
    targets: [
        native,
        // Generated. Nobody imports it but the target below.
        .target(name: "CpniGuardFFI", dependencies: ["CpniGuardC"]),
        .target(name: "CpniGuard", dependencies: ["CpniGuardFFI", "CpniGuardC"]),
    ],
    swiftLanguageModes: [.v6]
)
