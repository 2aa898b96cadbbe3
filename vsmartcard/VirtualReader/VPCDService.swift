internal import ISO7816
internal import Terminal

/// One card served over one connection, frame by frame: the latency path.
///
/// The buffers are as long as the longest frame from the start, so that no APDU allocates.
struct VPCDService: ~Copyable {
  private let card: any CardChannel
  private var atr: ATR
  /// The card was in use elsewhere when the reader wanted power.
  private var isWaiting = false
  private var response: [UInt8] = []
  private var frame: [UInt8] = []

  /// Powers the card on: its ATR must be at hand when the driver asks whether a card is there,
  /// which it does twice a second and also while the card has no power.
  init(_ card: any CardChannel) throws(ChannelError) {
    self.card = card
    atr = try card.powerOn()
    response.reserveCapacity(VPCDFrame.maximumBody)
    frame.reserveCapacity(VPCDFrame.headerLength + VPCDFrame.maximumBody)
  }

  /// Answers frames until the peer closes or somebody shuts the socket down.
  ///
  /// - Parameter firstFrame: Called once, when the reader has asked for the first time.
  mutating func serve(
    over socket: borrowing TCPSocket, firstFrame: () -> Void
  ) throws(ChannelError) {
    var received = [UInt8](
      repeating: 0, count: VPCDFrame.headerLength + VPCDFrame.maximumBody)
    var filled = 0
    var isFirst = true
    while true {
      let count = socket.receive(into: &received, at: filled)
      guard count > 0 else { return }
      filled += count
      var used = 0
      while let (next, length) = VPCDFrame.decode(received.span.extracting(used..<filled)) {
        if isFirst { firstFrame() }
        isFirst = false
        let start = received.span.extracting(used..<filled)
        guard try answer(next, of: start, over: socket) else { return }
        used += length
      }
      if used == filled {
        filled = 0
      } else if used > 0 {
        filled -= used
        for position in 0..<filled { received[position] = received[used + position] }
      }
    }
  }

  private mutating func answer(
    _ next: VPCDFrame, of bytes: Span<UInt8>, over socket: borrowing TCPSocket
  ) throws(ChannelError) -> Bool {
    switch next {
    case .powerOff:
      try card.powerOff()
      return true
    case .powerOn:
      try takePower { card throws(ChannelError) in try card.powerOn() }
      return true
    case .reset:
      try takePower { card throws(ChannelError) in try card.reset() }
      return true
    case .getATR:
      VPCDFrame.encode(atr.bytes, into: &frame)
    case .command(let body):
      if isWaiting { try takePower { card throws(ChannelError) in try card.powerOn() } }
      guard !isWaiting else {
        let answer = StatusWord.noPreciseDiagnosis
        VPCDFrame.encode([answer.sw1, answer.sw2], into: &frame)
        break
      }
      try card.transmit(bytes.extracting(body), into: &response)
      VPCDFrame.encode(response, into: &frame)
    }
    return socket.send(frame)
  }

  /// Applies power. A card that is in use over another interface stays in the reader all the same
  /// and is asked again at the next command: thrown, it would look taken away.
  private mutating func takePower(
    _ apply: (any CardChannel) throws(ChannelError) -> ATR
  ) throws(ChannelError) {
    do throws(ChannelError) {
      atr = try apply(card)
      isWaiting = false
    } catch {
      guard error.kind == .busy else { throw error }
      isWaiting = true
    }
  }
}
