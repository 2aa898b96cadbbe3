/// The owner's messages over GATT: fragments in, fragments out.
final class GATTLink {
  private let loop: EventLoop
  private let requests: CardRequests
  private let send: ([UInt8]) -> Void
  private var reassembly = GATTLink.emptyReassembly
  private var dataLength = Fragmentation.dataLength(mtu: 23)
  private var gap: Alarm?

  private static var emptyReassembly: Reassembly {
    Reassembly(from: .host, maximumPayload: Peripheral.maximumMessage)
  }

  /// `send` notifies the host of a value of Response.
  init(_ requests: CardRequests, on loop: EventLoop, send: @escaping ([UInt8]) -> Void) {
    self.requests = requests
    self.loop = loop
    self.send = send
  }

  /// Takes a value written to Command.
  ///
  /// - Parameter mtu: of the attribute protocol on this link.
  /// - Throws: what the write request is answered with.
  func write(_ value: [UInt8], mtu: Int) throws(ATTError) {
    dataLength = Fragmentation.dataLength(mtu: mtu)
    defer { watchGap() }
    guard let message = try complete(value) else { return }
    do throws(RequestRefusal) {
      try requests.accept(message) { [unowned self] in say($0) }
    } catch {
      throw error.attError
    }
  }

  /// The message that a value completes, if it does.
  private func complete(_ value: [UInt8]) throws(ATTError) -> Message? {
    do throws(FrameRefusal) {
      return try reassembly.accept(value, at: .now)
    } catch {
      throw error.attError
    }
  }

  /// Says something to the host.
  func say(_ message: Message) {
    // What is longer than a message can be is not made (`CardRequests`).
    guard let frames = try? Fragmentation(message, dataLength: dataLength) else { return }
    for frame in frames { send(frame) }
  }

  /// Forgets everything about the host; the numbers of its requests begin anew.
  func reset() {
    reassembly = Self.emptyReassembly
    loop.cancel(&gap)
  }

  private func watchGap() {
    loop.cancel(&gap)
    guard let deadline = reassembly.deadline else { return }
    gap = loop.after(ContinuousClock.Instant.now.duration(to: deadline)) { [unowned self] in
      gap = nil
      guard let refusal = reassembly.expire(at: .now), let id = refusal.id else { return }
      say(Message(.error, id: id, payload: [refusal.errorCode.rawValue]))
    }
  }
}
