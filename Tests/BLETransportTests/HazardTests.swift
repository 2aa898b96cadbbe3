import Testing

@testable import BLETransport

@Suite("What is known to go wrong") struct HazardTests {
  private func names(_ bluetoothd: BlueZVersion?, _ kernel: KernelVersion) -> [String] {
    BluetoothHazard.all.filter { $0.isThere(bluetoothd: bluetoothd, kernel: kernel) }.map(\.name)
  }

  private let plain = KernelVersion(release: "6.12.5", version: "#1 SMP")

  @Test("depends on the version of bluetoothd")
  func bluetoothd() {
    let both = ["write-510", "notifications-to-all"]
    #expect(names(BlueZVersion(5, 66), plain) == ["eatt-reordering"] + both)
    #expect(names(BlueZVersion(5, 67), plain) == both)
    #expect(names(BlueZVersion(5, 69), plain) == ["notifications-to-all"])
    #expect(names(BlueZVersion(5, 76), plain) == [])
    #expect(names(nil, plain) == [])
  }

  @Test(
    "depends on the version of the kernel",
    arguments: [("6.1.187-1", false), ("6.1.192-2", true), ("6.1.193-1", false)])
  func kernel(version: String, isThere: Bool) {
    let words = "#1 SMP PREEMPT_DYNAMIC Debian \(version) (2026-09-01)"
    let kernel = KernelVersion(release: "6.1.0-56-amd64", version: words)
    #expect(names(nil, kernel).contains("stale-bond-oops") == isThere)
  }

  @Test("is told by what bluetoothd says it is")
  func versions() {
    #expect(BlueZVersion(modalias: "usb:v1D6Bp0246d0542") == BlueZVersion(5, 66))
    #expect(BlueZVersion(modalias: "usb:v1D6Bp0246d0552")?.description == "5.82")
    #expect(BlueZVersion(modalias: "usb:v0A12p0001d0001") == nil)
    #expect(BlueZVersion(modalias: "usb:v1D6Bp0246d") == nil)
    #expect(KernelVersion(release: "6.12.5-arch1-1", version: "#1").description == "6.12.5")
    #expect(KernelVersion(release: "", version: "ends with Debian").description == "")
  }
}
