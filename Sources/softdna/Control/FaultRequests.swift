import ArgumentParser
import ISO7816
import Terminal

/// `fault`.
enum FaultRequest: ControlRequest {
  struct Options: ControlOptions {
    @Option(help: "Answer this status word, four hexadecimal digits.") var answer: String?
    @Option(help: "Answer so many milliseconds late.") var delay: Int?
    @Flag(help: "Take the card out in the middle of the command.") var drop = false
    @Flag(help: "Invert every bit of the answer, or answer --bytes.") var garbage = false
    @Option(help: "Let only so many bytes of the answer through.") var truncate: Int?
    @Option(help: "With --garbage: these bytes, in hexadecimal.") var bytes: String?
    @Option(help: "Commands of this INS only, two hexadecimal digits.") var ins: String?
    @Option(help: "Begin with the nth such command; the next is the first.") var nth: Int?
    @Option(help: "So many such commands in a row; one by default.") var times: Int?
    @Flag(help: "All such commands, until the fault is cleared.") var always = false
    @Flag(help: "With --answer and --drop: the card carries the command out all the same.")
    var execute = false

    var values: [String: JSONValue] {
      var values: [String: JSONValue] = [:]
      values["answer"] = answer.map { .text($0) }
      values["delay"] = delay.map { .number($0) }
      values["drop"] = drop ? true : nil
      values["garbage"] = bytes.map { .text($0) } ?? (garbage ? true : nil)
      values["truncate"] = truncate.map { .number($0) }
      values["ins"] = ins.map { .text($0) }
      values["nth"] = nth.map { .number($0) }
      values["times"] = times.map { .number($0) }
      values["always"] = always ? true : nil
      values["execute"] = execute ? true : nil
      return values
    }

    func validate() throws {
      if bytes != nil, !garbage { throw ValidationError("--bytes goes with --garbage") }
    }
  }

  static let name = "fault"
  static let summary = "Have the card or its wire break, at the next command or a later one."
  static let discussion = """
    Takes one of --answer, --delay, --drop, --garbage and --truncate. A dropped card stays out \
    until it is inserted. Prints the fault's number.
    """
  static let effects = ["answer", "delay", "drop", "garbage", "truncate"]
  static let keys = effects + ["ins", "nth", "times", "always", "execute"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    guard effects.count(where: { values.has($0) }) == 1 else {
      throw ControlError(usage: "fault takes one of \(effects.joined(separator: ", "))")
    }
    var ins: UInt8?
    if let text = try values.text("ins") {
      guard let bytes = Hex.bytes(text), bytes.count == 1 else {
        throw values.wrong("ins", "two hexadecimal digits")
      }
      ins = bytes[0]
    }
    let times = try values.number("times", in: 1...1_000_000)
    let isAlways = try values.flag("always") ?? false
    guard times == nil || !isAlways else {
      throw ControlError(usage: "fault: \"times\" and \"always\" exclude each other")
    }
    let effect = try effect(values)
    let isExecuted = try values.flag("execute")
    switch effect {
    case .answer, .drop: break
    case .delay, .garbage, .truncate:
      guard isExecuted != false else {
        throw values.wrong("execute", "what this fault can do: the command is carried out")
      }
    }
    let number = token.channel.add(
      Fault(
        effect, ins: ins, nth: try values.number("nth", in: 1...1_000_000) ?? 1,
        times: isAlways ? nil : times ?? 1, isExecuted: isExecuted))
    return ["number": .number(number)]
  }

  private static func effect(_ values: ControlValues) throws -> Fault.Effect {
    if let text = try values.text("answer") {
      guard let bytes = Hex.bytes(text), bytes.count == 2 else {
        throw values.wrong("answer", "a status word of four hexadecimal digits")
      }
      return .answer(StatusWord(sw1: bytes[0], sw2: bytes[1]))
    }
    if let delay = try values.number("delay", in: 0...Fault.longestDelay) {
      return .delay(milliseconds: delay)
    }
    if let count = try values.number("truncate", in: 1...65_536) { return .truncate(count) }
    if values.has("drop") {
      guard try values.flag("drop") == true else { throw values.wrong("drop", "true") }
      return .drop
    }
    if case .some(true) = try? values.flag("garbage") { return .garbage(nil) }
    guard let text = try? values.text("garbage"), let bytes = Hex.bytes(text),
      (1...65_535).contains(bytes.count)
    else { throw values.wrong("garbage", "true or bytes in hexadecimal") }
    return .garbage(bytes)
  }
}

/// `faults`.
enum FaultsRequest: ControlRequest {
  static let name = "faults"
  static let summary = "List the faults that are still to come."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    .list(token.channel.faults.map(listing))
  }

  private static func listing(_ pending: FaultyChannel.Pending) -> JSONValue {
    let fault = pending.fault
    var listing: [String: JSONValue] = [
      "number": .number(pending.number), "nth": .number(fault.nth),
      "seen": .number(pending.seen), "happened": .number(pending.happened),
    ]
    switch fault.effect {
    case .answer(let status): listing["answer"] = .text(Hex.text([status.sw1, status.sw2]))
    case .delay(let milliseconds): listing["delay"] = .number(milliseconds)
    case .drop: listing["drop"] = true
    case .garbage(let bytes): listing["garbage"] = bytes.map { .text(Hex.text($0)) } ?? true
    case .truncate(let count): listing["truncate"] = .number(count)
    }
    listing["ins"] = fault.ins.map { .text(Hex.text([$0])) }
    listing["times"] = fault.times.map { .number($0) }
    listing["always"] = fault.times == nil ? true : nil
    listing["execute"] = fault.isExecuted ? true : nil
    return .object(listing)
  }
}

/// `clear-faults`.
enum ClearFaultsRequest: ControlRequest {
  struct Options: ControlOptions {
    @Argument(help: "The fault's number; all of them by default.") var number: Int?

    var values: [String: JSONValue] { number.map { ["number": .number($0)] } ?? [:] }
  }

  static let name = "clear-faults"
  static let summary = "Take a fault back, or all."
  static let keys = ["number"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    let number = try values.number("number", in: 1...Int.max)
    let cleared = token.channel.clear(number: number)
    guard cleared > 0 || number == nil else {
      throw ControlError(refused: "there is no fault \(number ?? 0)")
    }
    return ["cleared": .number(cleared)]
  }
}
