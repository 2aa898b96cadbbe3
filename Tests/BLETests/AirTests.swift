import Foundation
import Testing

/// Whether virtual machines can be expected here: continuous integration must not leave them out;
/// at a desk what they need may be missing.
private let areExpected: Bool = {
  let environment = ProcessInfo.processInfo.environment
  let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin"]
  return environment["CI"] != nil
    || ["qemu-system-x86_64", "btvirt"].allSatisfy { program in
      folders.contains { FileManager.default.isExecutableFile(atPath: $0 + "/" + program) }
    }
}()

/// The token over the air: real kernel, real bluetoothd, real pcscd and OpenSC, in virtual
/// machines. Each case of Guest/*.py is one here, by its name.
@Suite(
  .enabled(
    if: areExpected,
    "missing: apt-get install qemu-system-x86 bluez bluez-test-tools dbus busybox-static"))
struct AirTests {
  @Test(arguments: Guest.peer.cases)
  func `a peer that is not BlueZ`(_ name: String) async throws {
    let failure = try await Guest.peer.result(name).failure
    #expect(failure == nil, "\(failure ?? "")")
  }

  @Test(arguments: Guest.host.cases)
  func `a Linux host with pcscd and OpenSC`(_ name: String) async throws {
    let failure = try await Guest.host.result(name).failure
    #expect(failure == nil, "\(failure ?? "")")
  }

  private struct Table: Decodable {
    struct Row: Decodable {
      let row: String
      let ratio: Double?
    }
    let rows: [Row]
  }

  @Test func `the performance table has the token beside one that does nothing`() async throws {
    let rows = ["ble-gatt", "ble-gatt-bytes", "ble-l2cap", "ble-l2cap-bytes"]
    let json = try await Guest.output(
      of: Guest.softdna, ["bench", "--quick", "--json", "--only"] + rows)
    let table = try JSONDecoder().decode(Table.self, from: Data(json.utf8))
    #expect(table.rows.map(\.row) == rows)
    for row in table.rows { #expect(try #require(row.ratio, "\(row.row)") > 0) }
  }

  @Test func `the programs in the machines have cases`() {
    #expect(Guest.peer.cases.count >= 28)
    #expect(Guest.host.cases.count >= 10)
  }
}

extension Guest {
  /// bumble at the peer's end.
  static let peer = Guest("peer", parts: ["_pairing", "_messages", "_rude", "_crowd"])
  /// `softdna ble bridge` at the peer's end.
  static let host = Guest("host")
}
