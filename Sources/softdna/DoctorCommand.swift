import ArgumentParser
import Firmware
import Foundation
import TokenHost
import Traces
import VirtualReader

/// `softdna doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what is missing on this machine, and the command that fixes it.",
    discussion: """
      Exit status: 0 all there, 1 something is missing. What only some tests or one way of using \
      the token need is marked optional and does not count.
      """)

  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let findings = Examination().findings
    if json {
      Console.print(
        "{\"ok\":\(Self.isWell(findings)),\"findings\":["
          + findings.map(\.json).joined(separator: ",") + "]}")
    } else {
      for finding in findings { print(finding) }
    }
    if !Self.isWell(findings) { throw ExitCode(1) }
  }

  private static func isWell(_ findings: [Finding]) -> Bool {
    findings.allSatisfy { $0.isThere || $0.isOptional }
  }

  private func print(_ finding: Finding) {
    let mark =
      finding.isThere
      ? Console.paint("there   ", .green)
      : finding.isOptional
        ? Console.paint("optional", .yellow) : Console.paint("MISSING ", .red)
    Console.print("\(mark)  \(finding.name): \(finding.found)")
    guard !finding.isThere else { return }
    Console.print("          needed for \(finding.purpose)")
    if !finding.fix.isEmpty {
      Console.print("          fix: " + Console.paint(finding.fix, .bold))
    }
  }
}

/// Looks for what the commands of softdna need.
private struct Examination {
  private let configuration = PrivateWorld.Configuration()
  /// In front of what only root may do.
  private let sudo = geteuid() == 0 ? "" : "sudo "

  var findings: [Finding] {
    var findings = [
      file("pcscd", configuration.pcscd, "exec and up", package: "pcscd"),
      file("vpcd driver", configuration.driver, "exec and up", package: "vsmartcard-vpcd"),
      file("unshare", configuration.unshare, "exec", package: "util-linux"),
    ]
    findings.append(world(canTry: findings.allSatisfy(\.isThere)))
    findings += [
      program("opensc-tool", "OpenSC's programs", package: "opensc"),
      program("pkcs11-tool", "OpenSC's programs", package: "opensc"),
      library("opensc-pkcs11.so", "PKCS #11 programs", package: "opensc-pkcs11"),
      library(
        "faketime/libfaketime.so.1", "programs that must see another date",
        package: "libfaketime"),
      program("tshark", "reading .pcap traces", package: "tshark", isOptional: true),
    ]
    #if BLE
      findings += BluetoothFindings.look(sudo: sudo)
    #endif
    if isInCheckout { findings.append(swift) }
    return findings
  }

  // MARK: Kinds of things

  private func file(_ name: String, _ path: String, _ purpose: String, package: String)
    -> Finding
  {
    let isThere = access(path, R_OK) == 0
    return Finding(
      name: name, isThere: isThere, found: isThere ? path : "not at \(path)", purpose: purpose,
      fix: isThere ? "" : install(package))
  }

  private func program(
    _ name: String, _ purpose: String, package: String, isOptional: Bool = false
  ) -> Finding {
    let path = executable(name)
    return Finding(
      name: name, isThere: path != nil, found: path ?? "not in PATH", purpose: purpose,
      fix: path == nil ? install(package) : "", isOptional: isOptional)
  }

  private func library(_ name: String, _ purpose: String, package: String) -> Finding {
    let folders = [
      "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
      "/usr/local/lib",
    ]
    let path = folders.map { $0 + "/" + name }.first { access($0, R_OK) == 0 }
    return Finding(
      name: URL(fileURLWithPath: name).lastPathComponent, isThere: path != nil,
      found: path ?? "in none of the library folders", purpose: purpose,
      fix: path == nil ? install(package) : "")
  }

  private var swift: Finding {
    let path = executable("swift")
    return Finding(
      name: "swift", isThere: path != nil, found: path ?? "not in PATH",
      purpose: "building this checkout",
      fix: path == nil
        ? "curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz"
          + " && tar zxf swiftly-$(uname -m).tar.gz && ./swiftly init" : "")
  }

  /// A world with a token of its own in it: the only way to know that the kernel, pcscd and the
  /// driver agree.
  private func world(canTry: Bool) -> Finding {
    let purpose = "exec, and run --over pcsc"
    func missing(_ reason: String, _ fix: String) -> Finding {
      Finding(
        name: "private PC/SC world", isThere: false, found: reason, purpose: purpose, fix: fix)
    }
    guard canTry else { return missing("not tried: see above", "") }
    let card = Slot(
      volatile: ChipIdentity(
        persona: .current, serial: [UInt8](repeating: 0, count: 8),
        transportKey: [UInt8](repeating: 0, count: 16)))
    do throws(VirtualReaderError) {
      let began = ContinuousClock.now
      let world = try PrivateWorld.start(card: card)
      let (seconds, attoseconds) = (ContinuousClock.now - began).components
      world.stop()
      let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
      return Finding(
        name: "private PC/SC world", isThere: true, found: "starts in \(milliseconds) ms",
        purpose: purpose, fix: "")
    } catch {
      // Of "… are forbidden here; allow them: sysctl -w …" the command alone.
      let command = error.advice.range(of: "sysctl ").map { sudo + error.advice[$0.lowerBound...] }
      return missing(error.reason, command ?? error.advice)
    }
  }

  // MARK: Where things are

  private func install(_ package: String) -> String { "\(sudo)apt-get install \(package)" }

  private func executable(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    // What an ordinary user's PATH leaves out belongs to it as well.
    return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
      .map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  private var isInCheckout: Bool {
    var folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    while folder.path != "/" {
      let source = folder.appendingPathComponent("Sources/softdna/Softdna.swift").path
      if FileManager.default.fileExists(atPath: source) { return true }
      folder.deleteLastPathComponent()
    }
    return false
  }
}
