import Dispatch
import Firmware
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

@Suite("What an issuer chooses") struct PolicyTests {
  /// An operational card with a signature key on P-256 beside the issued structure; nobody is known.
  private func card(
    buttonPatience: Duration = .milliseconds(1), _ change: (inout ReferencePolicy) -> Void
  ) throws -> BuiltCard {
    var policy = ReferencePolicy.standard
    change(&policy)
    #expect(policy.defect == nil)
    let card = try BuiltCard(.initialised, policy: policy, buttonPatience: buttonPatience)
    #expect(try card.send("00A4080C0414008110") == "9000")
    #expect(try card.create(0x7001, .transparent, size: 65) == "9000")
    let options: UInt8 = policy.asksForButton ? 0x42 : 0x02
    #expect(
      try card.putKey(0x05, bits: 256, algorithm: 0xEC, use: 0x1A, options: options) == "9000")
    #expect(try card.generate(0x05, into: 0x7001) == "9000")
    try card.issuer.enter(.personalised)
    try card.issuer.enter(.operational)
    try card.restart()
    try choose(card)
    return card
  }

  private func choose(_ card: BuiltCard) throws {
    #expect(try card.send("00A4080C0414008110") == "9000")
    #expect(try card.send("0022F1B603830105") == "9000")
  }

  private func sign(_ card: BuiltCard) throws -> String {
    String(try card.send("002A9E9A", [UInt8](repeating: 1, count: 32), ne: 256).suffix(4))
  }

  @Test("tries of PINs and PUKs, and the shortest PIN")
  func tries() throws {
    let card = try card {
      $0.pinTries = 5
      $0.pukTries = 15
      $0.shortestPIN = 8
    }
    #expect(try card.tries("10") == "63C5")
    #expect(try card.tries("1A") == "63C5")
    #expect(try card.tries("11") == "63CF")
    #expect(try card.tries("1B") == "63CF")
    #expect(try card.change("10", "12345678", to: "1234567") == "6A80")
    #expect(try card.tries("10") == "63C5")
    #expect(try card.change("10", "12345678", to: "87654321") == "9000")
    #expect(try card.verify("10", "99999999") == "63C4")
  }

  @Test("what no card can have is said to be so")
  func defects() {
    for (pin, puk, shortest): (UInt8, UInt8, UInt8) in [
      (0, 10, 5), (16, 10, 5), (3, 0, 5), (3, 16, 5), (3, 10, 0), (3, 10, 9),
    ] {
      var policy = ReferencePolicy.standard
      policy.pinTries = pin
      policy.pukTries = puk
      policy.shortestPIN = shortest
      #expect(policy.defect != nil)
    }
    #expect(ReferencePolicy.standard.defect == nil)
  }

  @Test("a PIN that is good for one signature")
  func perSignature() throws {
    let card = try card { $0.isSignaturePINPerUse = true }
    #expect(try sign(card) == "6982")
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try card.tries("1A") == "9000")
    #expect(try sign(card) == "9000")
    #expect(try sign(card) == "6982")
    #expect(try card.tries("1A") == "63C3")
    // What was refused was no signature.
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try card.send("002A9E9A", [1], ne: 256) == "6A80")
    #expect(try sign(card) == "9000")
    // Two verifications are not two signatures.
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try sign(card) == "9000")
    #expect(try sign(card) == "6982")
    // Nor does another way to verify give more.
    #expect(try card.change("1A", "11223344", to: "55667788") == "9000")
    #expect(try sign(card) == "9000")
    #expect(try sign(card) == "6982")
    // The CNS PIN is as it was.
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try sign(card) == "6982")
    #expect(try card.tries("10") == "9000")
  }

  @Test("a transport PIN opens nothing until it was changed")
  func transport() throws {
    let card = try card { $0.hasTransportPINs = true }
    for (reference, code) in [("10", "12345678"), ("1A", "11223344")] {
      #expect(try card.verify(reference, code) == "6985")
      #expect(try card.tries(reference) == "63C3")
      #expect(try card.verify(reference, "00000000") == "63C2")
      // The right one still gives the tries back, and still opens nothing.
      #expect(try card.verify(reference, code) == "6985")
      #expect(try card.tries(reference) == "63C3")
      // Without the old value nobody is verified who could change it.
      #expect(try card.send("002401\(reference)", Array(code.utf8)) == "6982")
    }
    #expect(try sign(card) == "6982")
    try card.restart()
    try choose(card)
    #expect(try card.verify("1A", "11223344") == "6985")
    #expect(try card.change("1A", "11223344", to: "1234") == "6A80")
    #expect(try card.change("1A", "11223344", to: "55667788") == "9000")
    #expect(try sign(card) == "9000")
    try card.restart()
    try choose(card)
    #expect(try card.verify("1A", "55667788") == "9000")
    #expect(try sign(card) == "9000")
    // Each PIN for itself; the PUK's owner chooses a new PIN too.
    #expect(try card.verify("10", "12345678") == "6985")
    #expect(try card.send("002C0110", Array("87654321".utf8)) == "9000")
    #expect(try card.verify("10", "12345678") == "6985")
    #expect(try card.unblock("10", "87654321", new: "11112222") == "9000")
    #expect(try card.verify("10", "11112222") == "9000")
  }

  @Test("a transport PIN is not changed to itself, and refusing that costs no try")
  func transportToItself() throws {
    let card = try card { $0.hasTransportPINs = true }
    for (reference, code, puk) in [("10", "12345678", "87654321"), ("1A", "11223344", "44332211")] {
      #expect(try card.change(reference, code, to: code) == "6A80")
      // Said without looking: a wrong value twice is told the same.
      #expect(try card.change(reference, "00000000", to: "00000000") == "6A80")
      #expect(try card.tries(reference) == "63C3")
      // Whoever knows the PUK does not make it the holder's either, and keeps the PUK's tries.
      for _ in 0..<12 { #expect(try card.unblock(reference, puk, new: code) == "6A80") }
      #expect(try card.verify(reference, code) == "6985")
      #expect(try card.change(reference, code, to: "24682468") == "9000")
      // From here on it is the holder's PIN, to be set as the holder likes.
      #expect(try card.change(reference, "24682468", to: "24682468") == "9000")
      #expect(try card.unblock(reference, puk, new: "24682468") == "9000")
      #expect(try card.verify(reference, "24682468") == "9000")
    }
  }

  @Test("a PIN that its holder chose may be set again to what it is")
  func ownPINToItself() throws {
    let card = try card { _ in }
    #expect(try card.change("10", "12345678", to: "12345678") == "9000")
    #expect(try card.unblock("10", "87654321", new: "12345678") == "9000")
  }

  @Test("the issuer uses a transport PIN while the card is being built, and leaves it one")
  func transportWhileBuilding() throws {
    var policy = ReferencePolicy.standard
    policy.hasTransportPINs = true
    let card = try BuiltCard(.personalised, policy: policy)
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.change("10", "12345678", to: "24682468") == "9000")
    try card.issuer.enter(.operational)
    // Handing over forgets whom the issuer had verified.
    #expect(try card.tries("10") == "63C3")
    #expect(try card.verify("10", "24682468") == "6985")
  }

  @Test("the button lets one operation pass, and without a press none")
  func button() throws {
    let card = try card(buttonPatience: .seconds(2)) { $0.asksForButton = true }
    let slot = try #require(card.slot)
    #expect(try card.verify("1A", "11223344") == "9000")
    // A press that nobody waits for is no press.
    slot.pressButton()
    #expect(try sign(card) == "6985")
    let finished = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      // Several presses while one operation waits let that one pass only.
      while finished.wait(timeout: .now() + .milliseconds(10)) == .timedOut { slot.pressButton() }
      ended.signal()
    }
    let pressed = try sign(card)
    finished.signal()
    ended.wait()
    #expect(pressed == "9000")
    #expect(try sign(card) == "6985")
    // Without the PIN it is not even asked for: no waiting.
    try card.restart()
    try choose(card)
    let start = ContinuousClock.now
    #expect(try sign(card) == "6982")
    #expect(start.duration(to: .now) < .seconds(2))
    // The CNS key does not ask.
    #expect(try card.verify("10", "12345678") == "9000")
  }
}
