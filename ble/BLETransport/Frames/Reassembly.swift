/// Puts messages together from fragments in any order.
///
/// One message at a time, by id and offset. A fragment that comes again with the same data is
/// ignored; other data for the same place is an error. Ids count up (modulo 256, RFC 1982): a
/// fragment with a newer id ends the unfinished message, one with an older id is a straggler and is
/// ignored, and so is every further fragment of a message that is complete or was refused. So a
/// command that arrives twice is carried out once.
///
/// Memory is bounded by the longest message; nothing of a longer one is kept.
public struct Reassembly: Sendable {
  /// One message on its way.
  fileprivate struct Partial: Sendable {
    let opcode: Opcode
    let id: UInt8
    var payload: [UInt8]
    /// Which bytes of the payload are there, a bit each.
    var filled: [UInt8]
    var missing: Int
    var deadline: ContinuousClock.Instant
  }

  private let sender: Opcode.Sender
  private let maximumPayload: Int
  private let gap: Duration
  private var partial: Partial?
  /// The last id that needs no more fragments.
  private var lastEnded: UInt8?

  /// Puts together what `sender` says.
  ///
  /// - Parameters:
  ///   - maximumPayload: the longest payload taken, in bytes.
  ///   - gap: the longest time between two fragments of a message.
  public init(
    from sender: Opcode.Sender, maximumPayload: Int, gap: Duration = Profile.fragmentGap
  ) {
    self.sender = sender
    self.maximumPayload = maximumPayload
    self.gap = gap
  }

  /// When the unfinished message is given up; nil while there is none.
  public var deadline: ContinuousClock.Instant? { partial?.deadline }

  /// Takes one attribute value.
  ///
  /// - Returns: The message it completes; nil while bytes are missing, and for a fragment that is
  ///   ignored.
  /// - Throws: where it cannot belong to a message; the message with its id is dropped.
  public mutating func accept(
    _ bytes: [UInt8], at now: ContinuousClock.Instant
  ) throws(FrameRefusal) -> Message? {
    do throws(FrameRefusal) {
      let frame = try Frame(parsing: bytes, from: sender)
      if frame.opcode.isNotice {
        guard frame.total <= maximumPayload else { throw FrameRefusal(.tooLong, id: frame.id) }
        return Message(
          frame.opcode, id: frame.id, payload: Array(bytes[frame.data]))
      }
      return try add(frame, of: bytes, at: now)
    } catch {
      if let id = error.id, id == partial?.id { end(id) }
      throw error
    }
  }

  /// Drops a message whose next fragment is overdue.
  ///
  /// - Returns: The refusal to answer it with; nil where nothing is overdue.
  public mutating func expire(at now: ContinuousClock.Instant) -> FrameRefusal? {
    guard let partial, partial.deadline <= now else { return nil }
    end(partial.id)
    return FrameRefusal(.timeout, id: partial.id)
  }

  private mutating func add(
    _ frame: Frame, of bytes: [UInt8], at now: ContinuousClock.Instant
  ) throws(FrameRefusal) -> Message? {
    let deadline = now + gap
    if let current = partial, current.id == frame.id {
      guard now < current.deadline else { throw FrameRefusal(.timeout, id: frame.id) }
      guard current.opcode == frame.opcode, current.payload.count == frame.total else {
        throw FrameRefusal(.changed, id: frame.id)
      }
    } else {
      guard isNewer(frame.id) else { return nil }
      guard frame.total <= maximumPayload else {
        end(frame.id)
        throw FrameRefusal(.tooLong, id: frame.id)
      }
      partial = Partial(
        opcode: frame.opcode, id: frame.id,
        payload: [UInt8](repeating: 0, count: frame.total),
        filled: [UInt8](repeating: 0, count: (frame.total + 7) / 8), missing: frame.total,
        deadline: deadline)
    }
    guard partial?.fill(frame, from: bytes) == true else {
      throw FrameRefusal(.overlap, id: frame.id)
    }
    partial?.deadline = deadline
    guard let complete = partial, complete.missing == 0 else { return nil }
    end(complete.id)
    return Message(complete.opcode, id: complete.id, payload: complete.payload)
  }

  /// Whether an id comes after that of the message on its way and of the last that ended.
  private func isNewer(_ id: UInt8) -> Bool {
    guard let last = partial?.id ?? lastEnded else { return true }
    return Int8(bitPattern: id &- last) > 0
  }

  private mutating func end(_ id: UInt8) {
    partial = nil
    lastEnded = id
  }
}

extension Reassembly.Partial {
  /// Puts a fragment's data in its place.
  ///
  /// - Returns: False where part of the place is filled and the fragment is no repetition.
  fileprivate mutating func fill(_ frame: Frame, from bytes: [UInt8]) -> Bool {
    let place = frame.offset..<frame.offset + frame.data.count
    let filledAlready = place.count { isFilled($0) }
    guard filledAlready == 0 else {
      return filledAlready == place.count
        && place.allSatisfy { payload[$0] == bytes[$0 - frame.offset + frame.data.lowerBound] }
    }
    for position in place {
      payload[position] = bytes[position - frame.offset + frame.data.lowerBound]
      filled[position / 8] |= 1 << UInt8(position % 8)
    }
    missing -= place.count
    return true
  }

  private func isFilled(_ position: Int) -> Bool {
    filled[position / 8] & 1 << UInt8(position % 8) != 0
  }
}
