internal import Terminal

/// The card behind a link, from the link's beginning to its end: requests, signs of life, and what
/// the token says by itself.
final class Session: EventSource {
  /// What a request comes to.
  typealias Reply = (Result<[UInt8], ChannelError>) -> Void

  private let link: any TokenLink
  private var exchange = Exchange(at: .now)
  private var reply: Reply?
  private var hasEnded = false

  /// The token works at the request, or waits for its owner.
  var waiting: (Wait) -> Void = { _ in }
  /// The card has come or gone.
  var state: (CardState) -> Void = { _ in }
  /// Called once: the link is of no use any more, and why.
  var ended: (String) -> Void = { _ in }

  init(over link: any TokenLink) {
    self.link = link
    link.heard = { [unowned self] in exchange.heard(at: .now) }
    link.received = { [unowned self] in take(exchange.receive($0, at: .now)) }
    link.ended = { [unowned self] in end($0) }
  }

  /// How messages travel, in words.
  var summary: String { link.summary }

  /// Asks the card; one request at a time.
  func request(_ request: Exchange.Request, reply: @escaping Reply) {
    guard !hasEnded, !exchange.isBusy else {
      return reply(
        .failure(
          ChannelError(
            hasEnded ? .noCard : .busy, attempt: request.attempt,
            reason: hasEnded ? "the token is not connected" : "a request is unanswered")))
    }
    let message = exchange.begin(request, at: .now)
    self.reply = exchange.isBusy ? reply : nil
    link.send(message) { [weak self] error in
      guard let self, exchange.isOutstanding(message.id) else { return }
      take(exchange.fail(error))
    }
    if !exchange.isBusy, request == .powerOff { reply(.success([])) }
  }

  /// Asks the token to give up the outstanding request.
  func cancel() {
    if let message = exchange.cancellation() { link.send(message) { _ in } }
  }

  /// Ends the session: the outstanding request fails.
  func end(_ reason: String) {
    guard !hasEnded else { return }
    hasEnded = true
    take(exchange.fail(ChannelError(.noCard, attempt: "use the card", reason: reason)))
    ended(reason)
  }

  private func take(_ outcome: Exchange.Outcome?) {
    switch outcome {
    case .answer(let bytes): finish(.success(bytes))
    case .failure(let error): finish(.failure(error))
    case .waiting(let wait): waiting(wait)
    case .state(let state): self.state(state)
    case .send(let message): link.send(message) { [weak self] in self?.end($0.description) }
    case .dead: end("the token has been silent for too long")
    case nil: break
    }
  }

  private func finish(_ result: Result<[UInt8], ChannelError>) {
    let reply = self.reply
    self.reply = nil
    reply?(result)
  }

  var descriptor: Int32 { -1 }
  var events: Int16 { 0 }

  var timeLeft: Duration? {
    hasEnded ? nil : max(.zero, ContinuousClock.Instant.now.duration(to: exchange.deadline))
  }

  func ready(_ events: Int16) { take(exchange.expire(at: .now)) }
}
