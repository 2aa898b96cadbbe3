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
  /// The newest id, and what has come of its message.
  private var id: UInt8?
  private var bytes: [Int: UInt8] = [:]
  private var hasEnded = false

  init(sender: Opcode.Sender, maximum: Int) {
    self.sender = sender
    self.maximum = maximum
  }

  /// A fragment of `other` would begin a message.
  private func isNew(_ other: UInt8) -> Bool {
    id.map { (1...127).contains(other &- $0) } ?? true
  }

  private mutating func begin(_ newer: UInt8) {
    id = newer
    bytes = [:]
    hasEnded = false
  }

  mutating func ended(_ other: UInt8) {
    if other == id { hasEnded = true }
  }

  /// A value that was taken or ignored.
  mutating func saw(_ value: [UInt8], completing message: Message?) -> String? {
    guard value.count >= 6, let opcode = Opcode(rawValue: value[0]), opcode.sender == sender
    else { return "\(value) was not refused" }
    if opcode.isNotice {
      return message == Message(opcode, id: value[1], payload: Array(value[6...]))
        ? nil : "a notice is not what was sent"
    }
    if isNew(value[1]) { begin(value[1]) }
    guard value[1] == id, !hasEnded else {
      return message == nil ? nil : "\(value) brought back a message that was over"
    }
    let start = Int(value[2]) << 8 | Int(value[3])
    for (position, byte) in value[6...].enumerated() { bytes[start + position] = byte }
    let total = Int(value[4]) << 8 | Int(value[5])
    guard total <= maximum else { return "\(value) is too long and was not refused" }
    guard bytes.count == total else {
      return message == nil ? nil : "bytes of it were never sent: \(value)"
    }
    let payload = (0..<total).compactMap { bytes[$0] }
    hasEnded = true
    return message == Message(opcode, id: value[1], payload: payload)
      ? nil : "not what was sent: \(value)"
  }

  mutating func saw(_ value: [UInt8], refused refusal: FrameRefusal) -> String? {
    guard refusal.id == (value.count > 1 ? value[1] : nil) else {
      return "the refusal of \(value) names another message"
    }
    guard let other = refusal.id else { return nil }
    let isNotice = Opcode(rawValue: value[0])?.isNotice ?? true
    if refusal.reason == .tooLong, !isNotice, isNew(other) { begin(other) }
    ended(other)
    return nil
  }
}
