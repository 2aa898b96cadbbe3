import Foundation
import ISO7816
import Issuance
import Scenarios
import Terminal
import VirtualReader

/// The card in a PC/SC reader of this machine, which may be a real one.
struct ReaderWorkbench: Workbench {
  /// The reader's name, or a part only one reader's name has.
  let reader: String
  /// Steps that spend tries, write or use keys may do so.
  let isCardKnown: Bool

  var channelName: String { "reader:\(reader)" }
  var options: String {
    "--over \(ScenarioReport.quoted(channelName))"
      + (isCardKnown ? " --i-know-this-is-a-real-card" : "")
  }
  var permits: CardUse { isCardKnown ? .spending : .reading }

  /// Fails where there is no such reader, or no card in it.
  func check() throws {
    try PCSCReader.connect(to: reader).powerOff()
  }

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    throw ChannelError(
      .wire, attempt: "take a chip from the factory", reason: "a reader holds the card it holds")
  }

  func cardThatIsThere() throws -> PresentCard? {
    let environment = ProcessInfo.processInfo.environment
    var codes: [World.Code: String] = [:]
    for code in World.Code.all { codes[code] = environment[code.variable] }
    let token = ReaderToken(
      try PCSCReader.connect(to: reader), leaving: isCardKnown ? codes : [:])
    return PresentCard(token: token, codes: codes)
  }
}

/// A card whose reader nobody here can reach into.
private struct ReaderToken: PluggedToken {
  private let reader: PCSCReader
  private let codes: [World.Code: String]

  /// - Parameter codes: what its PINs must be when the scenario is over.
  init(_ reader: PCSCReader, leaving codes: [World.Code: String]) {
    self.reader = reader
    self.codes = codes
  }

  var channel: any CardChannel { reader }

  func remove() throws { throw outOfReach("take the card out") }
  func insert() throws { throw outOfReach("put the card back") }

  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    defer { _ = try? reader.reset() }
    return try body(["SOFTDNA_READER": reader.name])
  }

  /// The card gets its PINs and tries back and loses its power: nobody stays verified.
  func unplug() {
    for key in KeyName.allCases {
      do { try putBack(key) } catch {
        Console.error(
          "the \(key.rawValue) PIN of the card in \(reader.name) is not what it was: \(error)")
      }
    }
    try? reader.powerOff()
  }

  /// The right PIN gives all its tries back; where it is not right any more the PUK sets it.
  private func putBack(_ key: KeyName) throws {
    guard let pin = codes[.pin(key)] else { return }
    let card = CardSession(reader)
    _ = try reader.reset()
    try card.select(key.slot.keyDirectory)
    let status = try card.send(ins: 0x20, p2: key.slot.pin, data: CardSession.padded(pin)).status
    guard status != .success, let puk = codes[.puk(key)] else { return }
    _ = try card.command(
      "set the PIN by the PUK", ins: 0x2C, p2: key.slot.pin,
      data: CardSession.padded(puk) + CardSession.padded(pin))
  }

  private func outOfReach(_ attempt: String) -> ChannelError {
    ChannelError(.wire, attempt: attempt, reason: "\(reader.name) is a reader of this machine")
  }
}
