internal import ISO7816
internal import Terminal

/// The host's side of requests and answers: one request outstanding, what is kept alive and what
/// is dead. Pure: messages and moments go in, messages and outcomes come out.
struct Exchange {
  /// What the card is asked.
  enum Request: Equatable {
    case command([UInt8])
    /// Apply power, or reset; answered by the ATR's bytes.
    case powerOn
    /// Not answered: done when it is sent.
    case powerOff
  }

  /// What a message, or the time, has brought.
  enum Outcome: Equatable {
    /// The outstanding request is answered.
    case answer([UInt8])
    /// The outstanding request is over without an answer.
    case failure(ChannelError)
    /// The token works at the request, or waits for its owner.
    case waiting(Wait)
    /// The card has come or gone.
    case state(CardState)
    /// Ask whether the token is there.
    case send(Message)
    /// The token has been silent for too long; the link is of no use any more.
    case dead
  }

  private struct Outstanding {
    let request: Request
    let message: Message
  }

  private let silence: Duration
  /// A link without requests is asked for a sign of life so long after the last one.
  private let idle: Duration

  private var lastID: UInt8 = 0
  private var outstanding: Outstanding?
  /// A sign of life is awaited.
  private var isPinging = false
  private var lastHeard: ContinuousClock.Instant
  private var isDead = false

  init(
    at now: ContinuousClock.Instant, silence: Duration = Profile.silence,
    idle: Duration = .seconds(1)
  ) {
    self.silence = silence
    self.idle = idle
    lastHeard = now
  }

  /// A request waits for its answer.
  var isBusy: Bool { outstanding != nil }

  /// Whether the request with this id waits for its answer.
  func isOutstanding(_ id: UInt8) -> Bool { outstanding?.message.id == id }

  /// When `expire` has something to say.
  var deadline: ContinuousClock.Instant {
    lastHeard + (isBusy || isPinging ? silence : idle)
  }

  /// Begins a request; the one before it is over.
  ///
  /// - Returns: The message to send.
  mutating func begin(_ request: Request, at now: ContinuousClock.Instant) -> Message {
    lastID &+= 1
    let message =
      switch request {
      case .command(let bytes): Message(.command, id: lastID, payload: bytes)
      case .powerOn: Message(.powerOn, id: lastID)
      case .powerOff: Message(.powerOff, id: lastID)
      }
    if request != .powerOff {
      outstanding = Outstanding(request: request, message: message)
      isPinging = false
      // The token cannot have owed anything before it was asked.
      lastHeard = now
    }
    return message
  }

  /// The message that gives up the outstanding request; nil where there is none.
  func cancellation() -> Message? {
    outstanding.map { Message(.cancel, id: $0.message.id) }
  }

  /// Something came from the token: a fragment of an answer, say.
  mutating func heard(at now: ContinuousClock.Instant) {
    lastHeard = now
    isPinging = false
  }

  /// A message came from the token. What belongs to another request than the outstanding one is
  /// late, and dropped.
  mutating func receive(_ message: Message, at now: ContinuousClock.Instant) -> Outcome? {
    heard(at: now)
    if message.opcode == .state {
      return message.payload.first.flatMap(CardState.init).map { .state($0) }
    }
    guard let outstanding, message.id == outstanding.message.id else { return nil }
    switch (message.opcode, outstanding.request) {
    case (.response, .command), (.atr, .powerOn):
      self.outstanding = nil
      return .answer(message.payload)
    case (.error, _):
      self.outstanding = nil
      return .failure(
        ChannelError(message.payload.first, attempt: outstanding.request.attempt))
    case (.wait, _): return Wait(message.payload).map { .waiting($0) }
    default: return nil
    }
  }

  /// The outstanding request could not be sent, or its answer cannot be read.
  mutating func fail(_ error: ChannelError) -> Outcome? {
    guard outstanding != nil else { return nil }
    outstanding = nil
    return .failure(error)
  }

  /// Looks at the clock.
  mutating func expire(at now: ContinuousClock.Instant) -> Outcome? {
    guard deadline <= now, !isDead else { return nil }
    if isBusy || isPinging {
      isDead = true
      return .dead
    }
    lastID &+= 1
    isPinging = true
    lastHeard = now
    return .send(Message(.ping, id: lastID))
  }
}

extension Exchange.Request {
  /// In words, for errors.
  var attempt: String {
    switch self {
    case .command: "send a command over Bluetooth"
    case .powerOn: "power the card on over Bluetooth"
    case .powerOff: "power the card off over Bluetooth"
    }
  }
}

extension ChannelError {
  /// What an ERROR frame says, as the error of a channel.
  init(_ code: UInt8?, attempt: String) {
    let known = code.flatMap(ErrorCode.init) ?? .other
    let kind: Kind =
      switch known {
      case .cardRemoved: .noCard
      case .busy: .busy
      case .unknownOpcode, .badFrame, .timeout, .cancelled, .other: .wire
      }
    let reason =
      switch known {
      case .unknownOpcode: "the token does not know this operation"
      case .badFrame: "the token could not read what was sent"
      case .timeout: "only a part of it reached the token in time"
      case .busy: "somebody else uses the card"
      case .cancelled: "it was cancelled"
      case .cardRemoved: "there is no card"
      case .other: "the token failed"
      }
    self.init(kind, attempt: attempt, code: Int(code ?? 0), reason: reason)
  }

  /// What refusing a write request means, as the error of a channel.
  init(_ refusal: ATTError, attempt: String) {
    let kind: Kind =
      switch refusal {
      case .busy: .busy
      case .notReady: .noCard
      case .badFrame, .tooLong, .overlap, .notSubscribed, .notInThisState: .wire
      }
    let reason =
      switch refusal {
      case .busy: "another host uses the token"
      case .badFrame, .overlap: "the token could not read what was sent"
      case .tooLong: "it is longer than the token takes"
      case .notSubscribed: "the token does not know where to send its answer"
      case .notReady: "the token is not ready"
      case .notInThisState: "the token does not allow it now"
      }
    self.init(kind, attempt: attempt, code: Int(refusal.rawValue), reason: reason)
  }
}
