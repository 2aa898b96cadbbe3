import ISO7816
import Terminal

/// Warm reset: verified PINs, security environment and selection are gone.
struct Reset: Step {
  static let keyword = "reset"
  static let summary = "reset the token: verified PINs and the security environment are gone"
  init(_ fields: Fields) throws(ScenarioError) {}
  var title: String { "reset the token" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    do throws(ChannelError) { _ = try session.channel.reset() } catch {
      throw StepFailure("\(error)")
    }
  }
}

/// The token is taken out of the reader.
struct Remove: Step {
  static let keyword = "remove"
  static let summary = "take the token out of the reader"
  init(_ fields: Fields) throws(ScenarioError) {}
  var title: String { "take the token out" }

  func run(in world: World) throws(StepFailure) {
    do { try world.plugged().remove() } catch { throw StepFailure("\(error)") }
  }
}

/// The token is put back into the reader.
struct Insert: Step {
  static let keyword = "insert"
  static let summary = "put the token back into the reader"
  init(_ fields: Fields) throws(ScenarioError) {}
  var title: String { "put the token back" }

  func run(in world: World) throws(StepFailure) {
    do { try world.plugged().insert() } catch { throw StepFailure("\(error)") }
  }
}

/// Any command APDU: the way out where no other step fits.
struct RawAPDU: Step {
  static let keyword = "apdu"
  static let summary = "send: any command APDU; expect: status word; data: what it must answer"
  let command: [UInt8]
  let expect: StatusPattern
  let data: [UInt8]?
  let length: Int?

  init(_ fields: Fields) throws(ScenarioError) {
    guard let written = try fields.text("send") else { throw fields.missing("send") }
    guard let command = Hex.bytes(written), !command.isEmpty else {
      throw fields.wrong("send", "\"\(written)\" is no APDU: pairs of hexadecimal digits")
    }
    self.command = command
    expect = try fields.status()
    let expected = try fields.text("data")
    data = expected.flatMap { Hex.bytes($0) }
    guard expected == nil || data != nil else {
      throw fields.wrong("data", "\"\(expected ?? "")\" is not pairs of hexadecimal digits")
    }
    length = try fields.number("length", in: 0...65_536)
  }

  var title: String { "\(CommandAPDU.meaning(of: command)) → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let answer: CardResponse
    do throws(ChannelError) { answer = try session.exchange(command) } catch {
      throw StepFailure("\(error)")
    }
    try expect.check(answer.status)
    if let data, data != answer.data {
      throw StepFailure("expected the data \(Hex.text(data)), got \(Hex.text(answer.data))")
    }
    if let length, length != answer.data.count {
      throw StepFailure("expected \(length) bytes of data, got \(answer.data.count)")
    }
  }
}
