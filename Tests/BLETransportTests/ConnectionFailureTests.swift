import Terminal
import Testing

@testable import BLETransport

@Suite("Why a token is not connected") struct ConnectionFailureTests {
  private func error(_ name: String, _ reason: String = "") -> BusError {
    BusError("pair with the token", name: "org.bluez.Error." + name, reason: reason)
  }

  @Test("pairing that failed after a question is the passkey's fault, else the window is closed")
  func pairing() {
    let failed = error("AuthenticationFailed")
    let asked = ConnectionFailure(pairing: failed, wasAsked: true)
    #expect(asked.outlook == .hopeless && asked.reason.contains("passkey was wrong"))
    let silent = ConnectionFailure(pairing: failed, wasAsked: false)
    #expect(silent.outlook == .hopeless && silent.reason.contains("softdna ctl pair"))
    let away = ConnectionFailure(
      pairing: error("ConnectionAttemptFailed", "Page Timeout"), wasAsked: false)
    #expect(away.outlook == .again)
  }

  @Test("a link that came up and went down is told from a token that is not heard")
  func connecting() {
    let aborted = error("Failed", "le-connection-abort-by-local")
    #expect(ConnectionFailure(connecting: aborted, cameUp: true).outlook == .dropped)
    let away = ConnectionFailure(connecting: aborted, cameUp: false)
    #expect(away.outlook == .again && away.reason.contains("out of reach"))
  }

  @Test("a deleted pairing says on which side, and what to type")
  func deleted() {
    let there = ConnectionFailure.bondDeletedThere("00:11:22:33:44:55", adapter: "hci1")
    #expect(there.reason.contains("softdna ble unpair --adapter hci1 00:11:22:33:44:55"))
    #expect(there.outlook == .hopeless)
    #expect(ConnectionFailure.bondDeletedHere.reason.contains("deleted on this computer"))
  }

  @Test(
    "a refused write is what the token's code says",
    arguments: [
      ("Operation failed with ATT error: 0x80", ChannelError.Kind.busy, 0x80),
      ("Operation failed with ATT error: 0x85", .noCard, 0x85),
      ("Operation failed with ATT error: 0x82", .wire, 0x82),
      ("Operation failed with ATT error: 0x0e", .wire, 0), ("Not connected", .wire, 0),
    ])
  func refusal(reason: String, kind: ChannelError.Kind, code: Int) {
    let refusal = error("Failed", reason).writeRefusal(attempt: "send a command")
    #expect(refusal.kind == kind)
    #expect(refusal.code == code)
  }
}
