import Foundation
import Testing

/// Whether the virtual machine can be expected here: continuous integration must not leave it out;
/// at a desk it may be missing.
private let isExpected = {
  let environment = ProcessInfo.processInfo.environment
  let folders = (environment["PATH"] ?? "").split(separator: ":") + ["/usr/sbin"]
  return environment["CI"] != nil
    || ["qemu-system-x86_64", "btvirt"].allSatisfy { program in
      folders.contains { FileManager.default.isExecutableFile(atPath: $0 + "/" + program) }
    }
}()

/// The token over the air: real kernel, real bluetoothd, real pcscd and OpenSC, in virtual
/// machines. Each case of Guest/*.py is one here, by its name.
@Suite(
  .enabled(
    if: isExpected,
    "missing: apt-get install qemu-system-x86 bluez bluez-test-tools dbus busybox-static"))
struct BLETests {
  /// A host that is not BlueZ: bumble, at the token's peer's end.
  static let peer = Guest("peer")

  @Test("a peer", arguments: peer.cases)
  func peer(_ name: String) async throws {
    let failure = try await Self.peer.result(name).failure
    #expect(failure == nil, "\(failure ?? "")")
  }

  @Test func `the programs in the machines have cases`() {
    #expect(Self.peer.cases.count >= 10)
  }
}
