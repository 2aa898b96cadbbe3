internal import CPCSC
public import ISO7816
internal import Synchronization
public import Terminal

/// The host's end of a PC/SC reader, through libpcsclite: what OpenSC and every other program
/// sees of a card.
public final class PCSCReader: CardChannel {
  /// Who else may use the card meanwhile.
  public enum Sharing: Sendable {
    /// Anybody.
    case shared
    /// Nobody: connecting fails while somebody does, and keeps everybody out afterwards.
    case exclusive
  }

  /// The reader's whole name.
  public let name: String
  /// The daemon the reader belongs to.
  public let service: PCSCService

  private struct Connection: ~Copyable {
    let context: PCSCContext
    /// The card's handle; nil while it has no power from us.
    var card: SCARDHANDLE?
    /// T=0 or T=1, as the card and the reader agreed.
    var activeProtocol = DWORD(SCARD_PROTOCOL_T1)
    var received: [UInt8]
  }

  private let sharing: Sharing
  private let connection: Mutex<Connection>
  /// The longest response of an extended command, SW1-SW2 included, in bytes.
  private static let longestResponse = 65_538

  /// Connects to the card in a reader, by T=1 or T=0, whichever it offers.
  ///
  /// - Parameter name: The reader's name, or a part only one reader's name has.
  /// - Throws: `noCard` where the reader is empty, `busy` where somebody keeps others out, `wire`
  ///   where there is no such reader or no daemon.
  public static func connect(
    to name: String, sharing: Sharing = .shared, service: PCSCService = .system
  ) throws(ChannelError) -> PCSCReader {
    let reader = PCSCReader(
      try service.reader(named: name), sharing, service, try PCSCContext(service))
    _ = try reader.powerOn()
    return reader
  }

  private init(
    _ name: String, _ sharing: Sharing, _ service: PCSCService, _ context: consuming PCSCContext
  ) {
    self.name = name
    self.sharing = sharing
    self.service = service
    connection = Mutex(
      Connection(
        context: context, card: nil,
        received: [UInt8](repeating: 0, count: Self.longestResponse)))
  }

  deinit {
    connection.withLock { connection in
      if let card = connection.card { SCardDisconnect(card, DWORD(SCARD_LEAVE_CARD)) }
    }
  }

  /// Applies power; answers the ATR. A card that is powered already loses it first.
  public func powerOn() throws(ChannelError) -> ATR {
    try connection.withLock { connection throws(ChannelError) in
      guard connection.card == nil else {
        return try reconnect(&connection, SCARD_UNPOWER_CARD, "power the card in \(name)")
      }
      var card = SCARDHANDLE()
      try check(
        SCardConnect(
          connection.context.handle, name, mode,
          DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1), &card, &connection.activeProtocol),
        "connect to the card in \(name)")
      connection.card = card
      return try atr(of: card)
    }
  }

  /// Takes the card's power and lets go of it; `powerOn()` connects again.
  public func powerOff() throws(ChannelError) {
    try connection.withLock { connection throws(ChannelError) in
      guard let card = connection.card else { return }
      connection.card = nil
      try check(
        SCardDisconnect(card, DWORD(SCARD_UNPOWER_CARD)), "take the power of the card in \(name)")
    }
  }

  /// Warm reset; answers the ATR.
  public func reset() throws(ChannelError) -> ATR {
    try connection.withLock { connection throws(ChannelError) in
      try reconnect(&connection, SCARD_RESET_CARD, "reset the card in \(name)")
    }
  }

  /// Sends one command APDU and replaces `response` by the response APDU.
  ///
  /// Where another program has reset the card, the connection is made again and the command sent
  /// to the card as it is now: what it forgot, its status word says.
  public func transmit(
    _ command: Span<UInt8>, into response: inout [UInt8]
  ) throws(ChannelError) {
    try connection.withLock { connection throws(ChannelError) in
      var length = DWORD(Self.longestResponse)
      var result = try exchange(command, &connection, &length)
      if Int(result) == Int(SCARD_W_RESET_CARD) {
        _ = try reconnect(&connection, SCARD_LEAVE_CARD, "connect again to the card in \(name)")
        length = DWORD(Self.longestResponse)
        result = try exchange(command, &connection, &length)
      }
      let attempt = "send a command to the card in \(name)"
      try check(result, attempt)
      // vpcd reports success, and nothing more, when the card leaves before it has answered.
      guard length > 0 else {
        throw ChannelError(.noCard, attempt: attempt, reason: "it left without an answer")
      }
      response.removeAll(keepingCapacity: true)
      response.append(contentsOf: connection.received[..<Int(length)])
    }
  }

  /// Keeps everybody else's commands out until `endTransaction()`; waits while somebody else does.
  public func beginTransaction() throws(ChannelError) {
    try connection.withLock { connection throws(ChannelError) in
      var result = SCardBeginTransaction(try powered(connection))
      if Int(result) == Int(SCARD_W_RESET_CARD) {
        _ = try reconnect(&connection, SCARD_LEAVE_CARD, "connect again to the card in \(name)")
        result = SCardBeginTransaction(try powered(connection))
      }
      try check(result, "begin a transaction with the card in \(name)")
    }
  }

  /// Lets everybody else's commands in again; the card keeps its state.
  public func endTransaction() throws(ChannelError) {
    try connection.withLock { connection throws(ChannelError) in
      try check(
        SCardEndTransaction(try powered(connection), DWORD(SCARD_LEAVE_CARD)),
        "end the transaction with the card in \(name)")
    }
  }

  /// Blocks until the card is in the reader, or out of it.
  ///
  /// - Returns: Whether it is; false once `timeout` has passed.
  /// - Throws: where the daemon fails or does not know the reader any more.
  public func wait(
    for presence: PCSCService.CardPresence, timeout: Duration
  ) throws(ChannelError) -> Bool {
    // In a context of its own: a context does one thing at a time.
    try service.wait(for: presence, in: name, timeout: timeout)
  }

  private var mode: DWORD {
    DWORD(sharing == .shared ? SCARD_SHARE_SHARED : SCARD_SHARE_EXCLUSIVE)
  }

  private func powered(_ connection: borrowing Connection) throws(ChannelError) -> SCARDHANDLE {
    guard let card = connection.card else {
      throw ChannelError(
        .noCard, attempt: "use the card in \(name)", reason: "it has no power; power it on first")
    }
    return card
  }

  private func reconnect(
    _ connection: inout Connection, _ before: Int32, _ attempt: String
  ) throws(ChannelError) -> ATR {
    let card = try powered(connection)
    try check(
      SCardReconnect(
        card, mode, DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1), DWORD(before),
        &connection.activeProtocol), attempt)
    return try atr(of: card)
  }

  private func atr(of card: SCARDHANDLE) throws(ChannelError) -> ATR {
    var bytes = [UInt8](repeating: 0, count: Int(MAX_ATR_SIZE))
    var length = DWORD(bytes.count)
    try check(
      SCardStatus(card, nil, nil, nil, nil, &bytes, &length), "read the ATR in \(name)")
    return ATR(Array(bytes.prefix(Int(length))))
  }

  private func exchange(
    _ command: Span<UInt8>, _ connection: inout Connection, _ length: inout DWORD
  ) throws(ChannelError) -> LONG {
    let card = try powered(connection)
    var header = SCARD_IO_REQUEST(
      dwProtocol: connection.activeProtocol,
      cbPciLength: DWORD(MemoryLayout<SCARD_IO_REQUEST>.size))
    return command.withUnsafeBufferPointer { bytes in
      SCardTransmit(
        card, &header, bytes.baseAddress, DWORD(bytes.count), nil, &connection.received, &length)
    }
  }
}
