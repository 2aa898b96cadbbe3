import BLETransport

/// What must hold for everything that comes over the air, whoever sends it.
public enum RadioTraffic {
  /// What is wrong with how it is taken; nil where nothing is.
  ///
  /// The first byte says who sends and the longest message taken. Then come values, each with its
  /// length and the tenths of a second since the one before in front of it.
  public static func defect(in input: [UInt8]) -> String? {
    guard let first = input.first else { return nil }
    let sender: Opcode.Sender = first & 1 == 0 ? .host : .token
    let maximum = Int(first >> 1) * 8
    var reassembly = Reassembly(from: sender, maximumPayload: maximum)
    var witness = Witness(sender: sender, maximum: maximum)
    var now = ContinuousClock.now
    var rest = input.dropFirst()
    while let length = rest.popFirst(), let pause = rest.popFirst() {
      let value = Array(rest.prefix(Int(length)))
      rest = rest.dropFirst(value.count)
      now += .milliseconds(Int(pause) * 100)
      if pause & 1 == 1, let late = reassembly.expire(at: now), let id = late.id {
        witness.ended(id)
      }
      do throws(FrameRefusal) {
        let message = try reassembly.accept(value, at: now)
        if let defect = witness.saw(value, completing: message) { return defect }
      } catch {
        if let defect = witness.saw(value, refused: error) { return defect }
      }
      if let defect = wholeDefect(of: value, from: sender, maximum) { return defect }
    }
    return nil
  }

  /// What travels whole comes back out of its own bytes.
  private static func wholeDefect(
    of value: [UInt8], from sender: Opcode.Sender, _ maximum: Int
  ) -> String? {
    if let info = Info(value), Info(info.value) != info { return "Info is not what it says" }
    if let wait = Wait(value), Wait(wait.payload) != wait { return "Wait is not what it says" }
    do throws(FrameRefusal) {
      let message = try Message(
        serviceDataUnit: value, from: sender, maximumPayload: maximum)
      guard message.serviceDataUnit == value else { return "a unit changes on the way" }
    } catch { return nil }
    return nil
  }
}

/// Remembers fragments in the plainest way there is, to say what may come out of them.
private struct Witness {
  let sender: Opcode.Sender
  let maximum: Int
  private var bytes: [UInt8: [Int: UInt8]] = [:]
  private var lastEnded: UInt8?

  init(sender: Opcode.Sender, maximum: Int) {
    self.sender = sender
    self.maximum = maximum
  }

  mutating func ended(_ id: UInt8) {
    lastEnded = id
    bytes = [:]
  }

  mutating func saw(_ value: [UInt8], completing message: Message?) -> String? {
    // Taken or ignored: it is a frame.
    guard value.count >= 6, let opcode = Opcode(rawValue: value[0]),
      opcode.sender == sender
    else { return "\(value) was not refused" }
    if opcode.isNotice {
      return message == Message(opcode, id: value[1], payload: Array(value[6...]))
        ? nil : "a notice is not what was sent"
    }
    let start = Int(value[2]) << 8 | Int(value[3])
    for (position, byte) in value[6...].enumerated() {
      bytes[value[1], default: [:]][start + position] = byte
    }
    guard let message else { return nil }
    guard message.opcode == opcode, message.id == value[1],
      message.payload.count == Int(value[4]) << 8 | Int(value[5])
    else { return "\(message) was not announced like that" }
    guard message.payload.count <= maximum else { return "\(message) is too long" }
    guard lastEnded.map({ Int8(bitPattern: message.id &- $0) > 0 }) ?? true else {
      return "\(message) comes out a second time"
    }
    for (position, byte) in message.payload.enumerated() {
      guard bytes[message.id]?[position] == byte else {
        return "byte \(position) of \(message) was never sent"
      }
    }
    ended(message.id)
    return nil
  }

  mutating func saw(_ value: [UInt8], refused refusal: FrameRefusal) -> String? {
    guard refusal.id == (value.count > 1 ? value[1] : nil) else {
      return "the refusal of \(value) names another message"
    }
    return nil
  }
}
