import FlashTesting
import ISO7816
import Testing
import TokenModel

@Suite("Token and model") struct ModelTests {
  @Test("agree after every command and every power-on, cuts included", arguments: UInt64(0)..<8)
  func randomStories(seed: UInt64) {
    var bits = SeededBits(seed)
    var commands = 0
    var cuts = 0
    for number in 0..<100 {
      let story = bits.bytes(200 + Int(bits.next() % 200))
      let outcome = Story.tell(story)
      commands += outcome.commands
      cuts += outcome.cuts
      if let disagreement = outcome.disagreement {
        Issue.record("story \(number) of seed \(seed), \(Hex.text(story)): \(disagreement)")
        return
      }
    }
    #expect(commands > 2000)
    #expect(cuts > 50)
  }
}
