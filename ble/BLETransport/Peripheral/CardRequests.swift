internal import Dispatch
internal import ISO7816
internal import Terminal

/// Why a message is not taken, in the two languages there are: an answer to a write request, and an
/// ERROR message on a channel, which has no such answers.
struct RequestRefusal: Error, Equatable {
  let attError: ATTError
  let code: ErrorCode

  /// A request while another one is unanswered.
  static let outstanding = RequestRefusal(attError: .notInThisState, code: .busy)
  /// A command to a card without power.
  static let withoutPower = RequestRefusal(attError: .notInThisState, code: .other)
  /// Something a host does not say.
  static let notARequest = RequestRefusal(attError: .badFrame, code: .unknownOpcode)
}

/// What the owner asks of the card: one request at a time, worked at by a thread of its own, while
/// the event loop goes on and says WAIT.
final class CardRequests {
  /// Where an answer goes.
  typealias Answer = (Message) -> Void

  private struct Request {
    let number: Int
    let message: Message
    let began: ContinuousClock.Instant
    let answer: Answer
  }

  /// What came of a request.
  fileprivate enum Outcome: Sendable {
    case answered(Opcode, [UInt8])
    case failed(ErrorCode)
  }

  private let card: any CardChannel
  private let loop: EventLoop
  private let waitReason: @Sendable () -> Wait.Reason
  private let thread = DispatchQueue(label: "softdna card")
  /// What the thread has been given and not brought back.
  private var jobs = 0
  private let results = Mailbox<CardRequests>()
  private var number = 0
  private var current: Request?
  private var nextWait: Alarm?
  /// The host has been given an ATR since it came, or since it took power away.
  private(set) var isPowered = false
  /// Whether there is a card.
  private(set) var isPresent = true

  /// Serves `card`; `waitReason` tells why it takes its time, and is asked on the loop's thread.
  init(
    _ card: any CardChannel, on loop: EventLoop, waitReason: @escaping @Sendable () -> Wait.Reason
  ) {
    self.card = card
    self.loop = loop
    self.waitReason = waitReason
    loop.add(results.source(for: self))
  }

  /// Takes a message; what there is to say about it goes to `answer`, now or later.
  func accept(_ message: Message, answer: @escaping Answer) throws(RequestRefusal) {
    switch message.opcode {
    case .ping: answer(Message(.pong, id: message.id))
    case .cancel: cancel(message.id)
    case .powerOff: powerOff()
    case .powerOn: try begin(message, answer)
    case .command:
      guard isPowered else { throw .withoutPower }
      try begin(message, answer)
    case .response, .atr, .wait, .state, .pong, .error: throw .notARequest
    }
  }

  /// The host is gone: nothing is said any more, and the card loses power.
  func powerOff() {
    isPowered = false
    forget()
    handOver { card in
      try? card.powerOff()
      return { _ in }
    }
  }

  /// Takes power away for good; waits for the command that the card works at.
  func end() {
    powerOff()
    thread.sync {}
  }

  /// The card is taken away, or is there again.
  func setPresent(_ present: Bool) {
    guard present != isPresent else { return }
    isPresent = present
    if !present {
      fail(.cardRemoved)
      powerOff()
    }
  }

  private func begin(_ message: Message, _ answer: @escaping Answer) throws(RequestRefusal) {
    guard current == nil else { throw .outstanding }
    guard isPresent else {
      answer(Message(.error, id: message.id, payload: [ErrorCode.cardRemoved.rawValue]))
      return
    }
    number += 1
    let request = Request(number: number, message: message, began: .now, answer: answer)
    // The way to the thread and back costs more than most commands.
    if jobs == 0, message.opcode == .command, card.answersAtOnce(message.payload.span) {
      return settle(request, Self.carryOut(message, on: card))
    }
    current = request
    nextWait = loop.after(Profile.firstWait) { [unowned self] in sayWait() }
    handOver { [number] card in
      let outcome = Self.carryOut(message, on: card)
      return { $0.finish(number, outcome) }
    }
  }

  /// Has the thread do something, after all it was given before, and the loop what comes of it.
  private func handOver(
    _ job: @escaping @Sendable (any CardChannel) -> @Sendable (CardRequests) -> Void
  ) {
    jobs += 1
    thread.async { [card, results] in
      let end = job(card)
      results.post { requests in
        requests.jobs -= 1
        end(requests)
      }
    }
  }

  private static func carryOut(_ message: Message, on card: any CardChannel) -> Outcome {
    do throws(ChannelError) {
      guard message.opcode == .command else {
        return .answered(.atr, try card.powerOn().bytes)
      }
      let response = try card.transmit(message.payload)
      guard response.count <= Peripheral.maximumMessage else {
        // As over vpcd: the answer is lost, the connection stays in step.
        return .answered(.response, [StatusWord.wrongLength.sw1, StatusWord.wrongLength.sw2])
      }
      return .answered(.response, response)
    } catch {
      switch error.kind {
      case .busy:
        // The host has been told; when it asks again, it waits again.
        try? card.powerOff()
        return .failed(.busy)
      case .noCard: return .failed(.cardRemoved)
      case .wire, .malformedResponse: return .failed(.other)
      }
    }
  }

  private func finish(_ number: Int, _ outcome: Outcome) {
    guard let request = current, request.number == number else {
      // Nobody waits for it any more. A host that gave up its power-on does not own the card.
      if case .answered(.atr, _) = outcome, current == nil, !isPowered { powerOff() }
      return
    }
    forget()
    settle(request, outcome)
  }

  /// Tells the host what came of its request.
  private func settle(_ request: Request, _ outcome: Outcome) {
    switch outcome {
    case .answered(let opcode, let payload):
      if opcode == .atr { isPowered = true }
      request.answer(Message(opcode, id: request.message.id, payload: payload))
    case .failed(let code):
      if request.message.opcode == .powerOn || code != .busy { isPowered = false }
      request.answer(Message(.error, id: request.message.id, payload: [code.rawValue]))
    }
  }

  private func cancel(_ id: UInt8) {
    guard let current, current.message.id == id else { return }
    fail(.cancelled)
  }

  /// Answers the request with an error, whatever becomes of it.
  private func fail(_ code: ErrorCode) {
    guard let request = current else { return }
    forget()
    request.answer(Message(.error, id: request.message.id, payload: [code.rawValue]))
  }

  private func forget() {
    current = nil
    loop.cancel(&nextWait)
  }

  private func sayWait() {
    guard let current else { return }
    let elapsed = current.began.duration(to: .now)
    let wait = Wait(waitReason(), elapsed: UInt32(clamping: elapsed.milliseconds))
    current.answer(Message(.wait, id: current.message.id, payload: wait.payload))
    nextWait = loop.after(Profile.waitInterval) { [unowned self] in sayWait() }
  }
}
