import Terminal
import Testing

@testable import BLETransport

/// Time here is made up: a minute costs nothing.
@Suite("Requests over the air") struct ExchangeTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Int) -> ContinuousClock.Instant {
    start + .milliseconds(milliseconds)
  }

  @Test("are numbered, and answered by the message with their number only")
  func numbers() {
    var exchange = Exchange(at: start)
    let first = exchange.begin(.powerOn, at: start)
    #expect(first == Message(.powerOn, id: 1))
    #expect(exchange.receive(Message(.atr, id: 1, payload: [0x3B]), at: start) == .answer([0x3B]))
    let second = exchange.begin(.command([0x00, 0x84]), at: start)
    #expect(second == Message(.command, id: 2, payload: [0x00, 0x84]))
    let late = Message(.response, id: 1, payload: [0x6F, 0x00])
    #expect(exchange.receive(late, at: start) == nil)
    #expect(exchange.isBusy)
    let answer = Message(.response, id: 2, payload: [0x90, 0x00])
    #expect(exchange.receive(answer, at: start) == .answer([0x90, 0x00]))
    #expect(exchange.receive(answer, at: start) == nil, "nobody waits for it any more")
  }

  @Test("go on for ever with numbers of one byte")
  func wrap() {
    var exchange = Exchange(at: start)
    for number in 1...600 {
      let message = exchange.begin(.command([]), at: start)
      #expect(message.id == UInt8(truncatingIfNeeded: number))
      let answer = Message(.response, id: message.id, payload: [0x90, 0x00])
      #expect(exchange.receive(answer, at: start) == .answer([0x90, 0x00]))
    }
  }

  @Test("to take power away are not waited for")
  func powerOff() {
    var exchange = Exchange(at: start)
    #expect(exchange.begin(.powerOff, at: start) == Message(.powerOff, id: 1))
    #expect(!exchange.isBusy)
  }

  @Test("of another kind than the answer are not answered by it")
  func kinds() {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.command([]), at: start)
    #expect(exchange.receive(Message(.atr, id: 1, payload: [0x3B]), at: start) == nil)
    #expect(exchange.isBusy)
  }

  @Test("live as long as WAIT comes: a minute of key generation")
  func keptAlive() {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.command([0x00, 0x47]), at: start)
    for time in stride(from: 400, to: 60_000, by: 500) {
      #expect(exchange.expire(at: at(time)) == nil)
      let wait = Wait(.processing, elapsed: UInt32(time))
      let message = Message(.wait, id: 1, payload: wait.payload)
      #expect(exchange.receive(message, at: at(time)) == .waiting(wait))
    }
    let answer = Message(.response, id: 1, payload: [0x90, 0x00])
    #expect(exchange.receive(answer, at: at(60_000)) == .answer([0x90, 0x00]))
  }

  @Test("are dead after three seconds of silence, and say so once")
  func silence() {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.command([]), at: at(900))
    #expect(exchange.deadline == at(3900))
    #expect(exchange.expire(at: at(3899)) == nil)
    #expect(exchange.expire(at: at(3900)) == .dead)
    #expect(exchange.expire(at: at(9000)) == nil)
  }

  @Test("are not dead while fragments of an answer come")
  func fragments() {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.command([]), at: start)
    exchange.heard(at: at(2900))
    #expect(exchange.expire(at: at(5899)) == nil)
    #expect(exchange.expire(at: at(5900)) == .dead)
  }

  @Test("that are not made leave the link to be asked for a sign of life")
  func ping() {
    var exchange = Exchange(at: start)
    #expect(exchange.expire(at: at(999)) == nil)
    #expect(exchange.expire(at: at(1000)) == .send(Message(.ping, id: 1)))
    #expect(exchange.receive(Message(.pong, id: 1), at: at(1100)) == nil)
    #expect(exchange.expire(at: at(2100)) == .send(Message(.ping, id: 2)))
    #expect(exchange.expire(at: at(5099)) == nil)
    #expect(exchange.expire(at: at(5100)) == .dead)
  }

  @Test("do not wait for the sign of life")
  func requestDuringPing() {
    var exchange = Exchange(at: start)
    #expect(exchange.expire(at: at(1000)) == .send(Message(.ping, id: 1)))
    #expect(exchange.begin(.command([]), at: at(1001)).id == 2)
    #expect(exchange.receive(Message(.pong, id: 1), at: at(1002)) == nil)
    #expect(exchange.isBusy)
  }

  @Test("that are cancelled end with what the token says, be it the late answer")
  func cancel() {
    var exchange = Exchange(at: start)
    #expect(exchange.cancellation() == nil)
    _ = exchange.begin(.command([]), at: start)
    #expect(exchange.cancellation() == Message(.cancel, id: 1))
    var other = exchange
    let answer = Message(.response, id: 1, payload: [0x90, 0x00])
    #expect(other.receive(answer, at: start) == .answer([0x90, 0x00]))
    let error = Message(.error, id: 1, payload: [0x05])
    guard case .failure(let failure) = exchange.receive(error, at: start) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.kind == .wire && failure.code == 5)
    #expect(exchange.receive(answer, at: start) == nil)
  }

  @Test(
    "fail as the token says",
    arguments: [
      (ErrorCode.cardRemoved, ChannelError.Kind.noCard), (.busy, .busy), (.badFrame, .wire),
      (.timeout, .wire), (.unknownOpcode, .wire), (.other, .wire),
    ])
  func errors(code: ErrorCode, kind: ChannelError.Kind) {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.powerOn, at: start)
    let outcome = exchange.receive(
      Message(.error, id: 1, payload: [code.rawValue]), at: start)
    guard case .failure(let failure) = outcome else {
      Issue.record("no failure")
      return
    }
    #expect(failure.kind == kind)
    #expect(failure.attempt == "power the card on over Bluetooth")
  }

  @Test("and whether there is a card are two things")
  func state() {
    var exchange = Exchange(at: start)
    _ = exchange.begin(.command([]), at: start)
    let removed = Message(.state, id: 0, payload: [0x00])
    #expect(exchange.receive(removed, at: start) == .state(.removed))
    #expect(exchange.isBusy)
    #expect(exchange.receive(Message(.state, id: 0), at: start) == nil)
    #expect(exchange.receive(Message(.state, id: 0, payload: [9]), at: start) == nil)
  }

  @Test("that were refused on the way fail, those that were answered do not")
  func refused() {
    var exchange = Exchange(at: start)
    let error = ChannelError(.busy, attempt: "send a command over Bluetooth")
    #expect(exchange.fail(error) == nil)
    _ = exchange.begin(.command([]), at: start)
    #expect(exchange.fail(error) == .failure(error))
    #expect(!exchange.isBusy)
    #expect(error.kind == .busy)
  }
}
