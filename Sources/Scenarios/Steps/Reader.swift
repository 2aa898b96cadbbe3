import Terminal

/// Warm reset: verified PINs, security environment and selection are gone.
struct Reset: Step {
  static let keyword = "reset"
  static let summary = "reset the token: verified PINs and the security environment are gone"
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var use: CardUse { .reading }
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
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var title: String { "take the token out" }

  func run(in world: World) throws(StepFailure) {
    do { try world.plugged().remove() } catch { throw StepFailure("\(error)") }
  }
}

/// The token is put back into the reader.
struct Insert: Step {
  static let keyword = "insert"
  static let summary = "put the token back into the reader"
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var title: String { "put the token back" }

  func run(in world: World) throws(StepFailure) {
    do { try world.plugged().insert() } catch { throw StepFailure("\(error)") }
  }
}

/// The power fails: no warning, no farewell, and then it is there again.
struct PowerCut: Step {
  static let keyword = "power-cut"
  static let summary = "the token loses power and gets it again: everything volatile is gone"
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var use: CardUse { .reading }
  var title: String { "cut the power" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    do throws(ChannelError) {
      try session.channel.powerOff()
      _ = try session.channel.powerOn()
    } catch {
      throw StepFailure("\(error)")
    }
  }
}

/// The holder presses the token's button.
struct Press: Step {
  static let keyword = "press"
  static let summary = "press the token's button when the next operation waits for it"
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var title: String { "press the button when the token asks for it" }

  func run(in world: World) throws(StepFailure) {
    do { try world.plugged().press() } catch { throw StepFailure("\(error)") }
  }
}
