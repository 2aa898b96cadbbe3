import Foundation
import Testing

/// A Debian package with software the tests run; the raw value is its name.
enum HostPackage: String, CaseIterable {
  case curl
  case faketime
  case gcc
  case gnutls = "gnutls-bin"
  case iproute = "iproute2"
  case libxml2 = "libxml2-utils"
  case lintian
  case nginx = "nginx-light"
  case opensc
  case openssl
  case pcscTools = "pcsc-tools"
  case pcscd
  case pkcs11Engine = "libengine-pkcs11-openssl"
  case python = "python3"
  case pycryptodome = "python3-pycryptodome"
  case pyscard = "python3-pyscard"
  case pythonHeaders = "python3-dev"
  case pythonVenv = "python3-venv"
  case strace
  case utilLinux = "util-linux"
  case vicc = "vsmartcard-vpicc"
  case vpcd = "vsmartcard-vpcd"

  var isInstalled: Bool {
    switch self {
    case .curl: Self.find("curl") != nil
    case .faketime: Self.library("faketime/libfaketimeMT.so.1") != nil
    case .gcc: Self.find("gcc") != nil
    case .gnutls: Self.find("p11tool") != nil
    case .iproute: Self.find("ip") != nil
    case .libxml2: Self.find("xmllint") != nil
    case .lintian: Self.find("lintian") != nil
    case .nginx: Self.find("nginx") != nil
    case .opensc: Self.find("pkcs11-tool") != nil && Self.pkcs11Module != nil
    case .openssl: Self.find("openssl") != nil
    case .pcscTools: Self.find("scriptor") != nil && Self.find("pcsc_scan") != nil
    case .pcscd: Self.find("pcscd") != nil
    case .pkcs11Engine: Self.library("engines-3/pkcs11.so") != nil
    case .python: Self.systemPython != nil
    case .pycryptodome:
      FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/Cryptodome")
    case .pyscard: Self.systemPython != nil && Self.pyscardFolder != nil
    case .pythonHeaders: !Self.files(in: "/usr/include", like: "python3", with: "Python.h").isEmpty
    case .pythonVenv:
      // Debian's venv comes without the pip it is to install, unless python3-venv brings it.
      !Self.files(in: "/usr/lib", like: "python3", with: "ensurepip").isEmpty
    case .strace: Self.find("strace") != nil
    case .utilLinux: Self.find("setpriv") != nil && Self.find("unshare") != nil
    case .vicc: Self.find("vicc") != nil
    case .vpcd: Self.library("pcsc/drivers/serial/libifdvpcd.so") != nil
    }
  }

  /// OpenSC's PKCS#11 module.
  static var pkcs11Module: String? { library("opensc-pkcs11.so") }

  /// The Python that Debian's packages are for; another may come first in PATH.
  static var systemPython: String? {
    ["/usr/bin/python3", "/usr/local/bin/python3"].first(where: isExecutable)
  }

  private static var pyscardFolder: String? {
    ["/usr/lib/python3/dist-packages/smartcard", "/usr/local/lib/python3/dist-packages/smartcard"]
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The folders a program is looked for in: PATH, and where daemons are. Without those this user
  /// may not search, where every command would be forbidden rather than not found (execvp).
  static var programFolders: [String] {
    ((ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
      .split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"])
      .filter { access($0, X_OK) == 0 }
  }

  private static func find(_ program: String) -> String? {
    programFolders.map { $0 + "/" + program }.first(where: isExecutable)
  }

  private static func isExecutable(_ path: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: path)
  }

  /// A file in the folders of a folder whose names begin alike.
  private static func files(in folder: String, like prefix: String, with name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(prefix) }.map { "\(folder)/\($0)/\(name)" }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// A file below one of the library folders, the multiarch ones included.
  private static func library(_ name: String) -> String? {
    let roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
    let nested = roots.flatMap { root in
      ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
        .filter { $0.contains("-linux-") }.map { root + "/" + $0 }
    }
    return (roots + nested).map { $0 + "/" + name }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}

/// A test of host software: runs where that is installed. In CI a missing package is a failure
/// and not an excuse.
struct HostSoftwareTrait: SuiteTrait, TestTrait, TestScoping {
  let packages: [HostPackage]
  var isRecursive: Bool { true }

  private struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  func prepare(for test: Test) async throws {
    let missing = packages.filter { !$0.isInstalled }.map(\.rawValue)
    guard !missing.isEmpty else { return }
    let advice = "missing: apt-get install \(missing.joined(separator: " "))"
    if ProcessInfo.processInfo.environment["CI"] != nil { throw Missing(description: advice) }
    try await ConditionTrait.disabled("\(advice)").prepare(for: test)
  }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await Gate.tests.pass(function)
  }
}

extension Trait where Self == HostSoftwareTrait {
  /// What the tests of a suite run beside softdna itself.
  static func runs(_ packages: HostPackage...) -> Self { HostSoftwareTrait(packages: packages) }

  /// As `runs`, in a PC/SC world.
  static func runsInAWorld(_ packages: HostPackage...) -> Self {
    HostSoftwareTrait(packages: [.pcscd, .vpcd, .utilLinux] + packages)
  }
}
