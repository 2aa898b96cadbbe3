// swift-tools-version: 6.2
import PackageDescription

/// Rules for everything that runs on Linux.
let host: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
/// Rules for code that must also compile for a bare-metal chip (`make embedded`).
let firmware: [SwiftSetting] =
  host + [.strictMemorySafety(), .treatWarning("EmbeddedRestrictions", as: .error)]

/// Bluetooth LE needs libbluetooth, which is GPL-2.0-or-later: `NO_BLE=1` builds without it
/// (docs/decisions/0008-a-build-without-bluetooth.md).
let hasBLE = Context.environment["NO_BLE"] == nil

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "softdna",
  products: [.executable(name: "softdna", targets: ["softdna"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    // What Hummingbird stands on: the server ends connections itself.
    .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.20.0"),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
  ],
  targets: [
    // Floor 0: the words both ends speak, and the token.
    .target(name: "ISO7816", swiftSettings: firmware),
    .target(name: "Firmware", dependencies: ["ISO7816"], swiftSettings: firmware),

    // Files of the host that survive a power cut, and the system's reasons in words.
    .target(name: "HostFiles", swiftSettings: host),

    // The life of processes: children, signals, and what must not be left behind.
    .target(name: "HostProcesses", dependencies: ["HostFiles"], swiftSettings: host),

    // libcrypto with owners: what both the chip and the authority need of it.
    .target(name: "Cryptography", dependencies: ["CCrypto"], swiftSettings: host),

    // Floor 1: the token on Linux, the terminal, the readers, the authority.
    .target(name: "Terminal", dependencies: ["ISO7816"], swiftSettings: host),
    .target(
      name: "Traces", dependencies: ["ISO7816", "Terminal", "HostFiles"], swiftSettings: host),
    .target(
      name: "TokenHost",
      dependencies: ["ISO7816", "Firmware", "Terminal", "Cryptography", "CCrypto", "HostFiles"],
      swiftSettings: host),
    .target(
      name: "VirtualReader",
      dependencies: ["ISO7816", "Terminal", "HostProcesses", "CPCSC"],
      path: "vsmartcard/VirtualReader", swiftSettings: host),
    .target(
      name: "Authority",
      dependencies: [
        "Cryptography", "CCrypto", "HostFiles", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: host),

    // Floor 2: where card and authority meet, and what is told about it.
    .target(
      name: "Issuance",
      dependencies: ["ISO7816", "Terminal", "Authority", "Cryptography", "HostFiles", yams],
      swiftSettings: host),
    .target(
      name: "Scenarios",
      dependencies: [
        "ISO7816", "Terminal", "Cryptography", "Authority", "Issuance", "HostFiles",
        "HostProcesses", yams,
      ],
      swiftSettings: host),

    // The authority on the network: lists, answers, remote signatures.
    .target(
      name: "StatusServer",
      dependencies: [
        "Authority", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      ],
      swiftSettings: host),

    // Floor 3: the command line.
    .executableTarget(
      name: "softdna",
      dependencies: [
        "ISO7816", "Firmware", "Terminal", "TokenHost", "VirtualReader", "Cryptography",
        "Authority", "Issuance", "Scenarios", "StatusServer", "Traces", "HostFiles",
        "HostProcesses", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + (hasBLE ? ["BLETransport"] : []),
      exclude: hasBLE ? [] : ["BLE"],
      swiftSettings: host + (hasBLE ? [.define("BLE")] : [])),
    // The card the benchmark measures against: the same sockets, no logic, in C.
    .executableTarget(name: "softdna-floor-card", path: "vsmartcard/FloorCard"),
    // Heap allocations of the commands sent most: a program of its own, as it counts by standing in
    // front of the C library's allocator.
    .target(name: "CMallocCount"),
    .executableTarget(
      name: "softdna-allocation-count",
      dependencies: [
        "CMallocCount", "ISO7816", "Firmware", "Terminal", "TokenHost", "Issuance",
      ],
      path: "Sources/AllocationCount", swiftSettings: host),

    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CPCSC", pkgConfig: "libpcsclite", providers: [.apt(["libpcsclite-dev"])]),

    .testTarget(
      name: "CryptographyTests", dependencies: ["Cryptography", "CCrypto"], swiftSettings: host),
    .testTarget(name: "HostFilesTests", dependencies: ["HostFiles"], swiftSettings: host),
    .testTarget(
      name: "HostProcessesTests", dependencies: ["HostProcesses"], swiftSettings: host),
    .testTarget(name: "ISO7816Tests", dependencies: ["ISO7816"], swiftSettings: host),
    // Flash memory for tests, with power cuts, and folders for images.
    .target(
      name: "FlashTesting", dependencies: ["Firmware"], path: "Tests/FlashTesting",
      swiftSettings: host),
    // What a card should answer and become, beside a token that has to.
    .target(
      name: "TokenModel",
      dependencies: [
        "ISO7816", "Firmware", "Terminal", "TokenHost", "Cryptography", "Issuance",
      ],
      path: "Tests/TokenModel", swiftSettings: host),
    // What must hold for whatever vpcd sends.
    .target(
      name: "FrameCheck", dependencies: ["VirtualReader"], path: "Tests/FrameCheck",
      swiftSettings: host),
    // What must hold for any trace and any log.
    .target(
      name: "TraceCheck", dependencies: ["ISO7816", "Terminal", "Traces"],
      path: "Tests/TraceCheck", swiftSettings: host),
    .testTarget(
      name: "FirmwareTests", dependencies: ["ISO7816", "Firmware", "FlashTesting"],
      swiftSettings: host),
    // One command inside a function that valgrind counts.
    .executableTarget(
      name: "softdna-verify-probe", dependencies: ["ISO7816", "TokenHost"],
      path: "Tests/VerifyProbe", swiftSettings: host),
    .testTarget(
      name: "TokenHostTests",
      dependencies: [
        "ISO7816", "Firmware", "FlashTesting", "TokenModel", "Terminal", "TokenHost",
        "Cryptography", "Issuance", "CCrypto",
      ],
      swiftSettings: host),
    .testTarget(
      name: "TerminalTests", dependencies: ["ISO7816", "Terminal"], swiftSettings: host),
    .testTarget(
      name: "VirtualReaderTests",
      dependencies: ["ISO7816", "Terminal", "HostProcesses", "VirtualReader", "FrameCheck"],
      swiftSettings: host),
    .testTarget(
      name: "AuthorityTests",
      dependencies: ["Authority", "StatusServer", "Cryptography", "CCrypto"],
      swiftSettings: host),
    .testTarget(
      name: "IssuanceTests",
      dependencies: [
        "ISO7816", "Firmware", "Terminal", "TokenHost", "Cryptography", "Authority", "Issuance",
      ],
      swiftSettings: host),
    // Traces of real sessions, and stock tshark on what is exported.
    .testTarget(
      name: "TracesTests",
      dependencies: [
        "ISO7816", "Firmware", "Terminal", "TokenHost", "VirtualReader", "Cryptography",
        "Authority", "Issuance", "Scenarios", "Traces", "TraceCheck",
      ],
      exclude: ["Samples"], swiftSettings: host),
    .testTarget(
      name: "ScenariosTests",
      dependencies: [
        "ISO7816", "Terminal", "TokenHost", "Authority", "Issuance", "Scenarios", "softdna",
      ],
      exclude: ["Broken", "validate.py", "junit.xsd"], swiftSettings: host),
    // The figures of the performance table; the table itself is run in HostSoftwareTests.
    .testTarget(name: "BenchmarkTests", dependencies: ["softdna"], swiftSettings: host),
    // The firmware in an emulated chip against the firmware in this process.
    .testTarget(
      name: "FirmwareImageTests",
      dependencies: [
        "ISO7816", "Firmware", "FlashTesting", "Terminal", "TokenHost", "Cryptography", "Issuance",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: host),
    // Unmodified host software against the issued token, through real pcscd.
    .testTarget(
      name: "HostSoftwareTests",
      dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: host),
  ]
)

if hasBLE {
  package.targets += [
    // The token over Bluetooth LE, both ends of it.
    .systemLibrary(
      name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .systemLibrary(
      name: "CBluetooth", pkgConfig: "bluez", providers: [.apt(["libbluetooth-dev"])]),
    .target(
      name: "BLETransport", dependencies: ["ISO7816", "Terminal", "CSystemd", "CBluetooth"],
      path: "ble/BLETransport", swiftSettings: host),
    // The token the radio benchmark measures against: the same bus calls and sockets, in C.
    .executableTarget(
      name: "softdna-floor-radio", path: "ble/FloorRadio",
      linkerSettings: [.linkedLibrary("systemd")]),
    // What must hold for whatever comes over the air.
    .target(
      name: "RadioCheck", dependencies: ["BLETransport"], path: "Tests/RadioCheck",
      swiftSettings: host),
    .testTarget(
      name: "BLETransportTests",
      dependencies: ["ISO7816", "Terminal", "BLETransport", "RadioCheck"], swiftSettings: host),
    // Token, bridge and host software in a virtual machine with real BlueZ (ble/testbed).
    .testTarget(
      name: "BLETests",
      dependencies: [
        "softdna", "softdna-floor-radio",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      exclude: ["Guest"], swiftSettings: host),
  ]
}

// The firmware as a whole image for a chip, which is linked by `make embedded`. Nothing of it
// runs on a host, so the host's builds do not know of it.
if Context.environment["FIRMWARE_IMAGE"] != nil {
  package.targets += [
    .target(
      name: "FirmwareImage", dependencies: ["ISO7816", "Firmware", "Machine"],
      path: "Sources/FirmwareImage/Card", swiftSettings: firmware),
    .target(
      name: "Machine", path: "Sources/FirmwareImage/Machine", exclude: ["mps2-an386.ld"],
      cSettings: [.unsafeFlags(["-ffreestanding", "-fno-builtin", "-Wall", "-Wextra", "-Werror"])]),
  ]
}

/// libFuzzer brings a main of its own: without it these do not link (`make fuzz`).
if Context.environment["FUZZ"] != nil {
  let subjects = [
    ("Story", "TokenModel"), ("TLV", "TokenModel"), ("Image", "TokenModel"),
    ("Frame", "FrameCheck"), ("Trace", "TraceCheck"),
  ]
  package.targets += (subjects + (hasBLE ? [("Radio", "RadioCheck")] : [])).map { name, subject in
    .executableTarget(
      name: "Fuzz" + name, dependencies: [.byName(name: subject)], path: "Tests/Fuzz/" + name,
      swiftSettings: host)
  }
}
