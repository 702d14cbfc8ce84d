// swift-tools-version: 6.0
// Linux links the static libraries of `scripts/check --only swift`; Apple systems take the XCFrameworks of
// `scripts/xcframework`. README.md says which of them was run.
//
// Two products: the guard's, and the one for an agent's machine, which has none. The second is made of the files of the
// first that know of no guard: `scripts/bindgen --device swift` writes it (docs/adr/0019-device-only-packages.md).

import PackageDescription

#if os(Linux)
    func native(_ name: String) -> Target { .systemLibrary(name: name) }
#else
    func native(_ name: String) -> Target { .binaryTarget(name: name, path: "lib/\(name).xcframework") }
#endif

let package = Package(
    name: "CpniGuard",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [
        .library(name: "CpniGuard", targets: ["CpniGuard"]),
        .library(name: "CpniGuardDevice", targets: ["CpniGuardDevice"]),
    ],
    targets: [
        native("CpniGuardC"),
        // Generated. Nobody imports it but the target below.
        .target(name: "CpniGuardFFI", dependencies: ["CpniGuardC"]),
        .target(name: "CpniGuard", dependencies: ["CpniGuardFFI", "CpniGuardC"]),
        native("CpniGuardDeviceC"),
        .target(name: "CpniGuardDeviceFFI", dependencies: ["CpniGuardDeviceC"]),
        .target(name: "CpniGuardDevice", dependencies: ["CpniGuardDeviceFFI", "CpniGuardDeviceC"]),
    ],
    swiftLanguageModes: [.v6]
)
