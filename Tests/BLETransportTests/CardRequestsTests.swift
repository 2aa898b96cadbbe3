import Foundation
import ISO7816
import Synchronization
import Terminal
import Testing

@testable import BLETransport

/// A card that answers a command when it is told to, and remembers what was done to it.
private final class PatientCard: CardChannel {
  static let atr = ATR(withoutTCK: [0x3B, 0x80, 0x80, 0x01])

  private let gate = DispatchSemaphore(value: 0)
  private let isBusy = Mutex(false)
  private let deeds = Mutex<[String]>([])

  var seen: [String] { deeds.withLock { $0 } }

  /// Lets one command end.
  func answer() { gate.signal() }
  func setBusy(_ busy: Bool) { isBusy.withLock { $0 = busy } }

  func powerOn() throws(ChannelError) -> ATR {
    guard !isBusy.withLock({ $0 }) else {
      throw ChannelError(.busy, attempt: "power the card", reason: "it is in use")
    }
    deeds.withLock { $0.append("on") }
    return Self.atr
  }

  func powerOff() { deeds.withLock { $0.append("off") } }
  func reset() throws(ChannelError) -> ATR { try powerOn() }

  /// The first byte of a command that it does not wait to be told for.
  static let quick: UInt8 = 0x77

  func answersAtOnce(_ command: Span<UInt8>) -> Bool { command[0] == Self.quick }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    if !answersAtOnce(command) { gate.wait() }
    deeds.withLock { $0.append("command") }
    response = [command[0], 0x90, 0x00]
  }
}

/// A card, its requests and what was answered, in one event loop on the test's thread.
private final class Bench {
  let card = PatientCard()
  let loop = EventLoop()
  let requests: CardRequests
  private(set) var answers: [Message] = []

  init() { requests = CardRequests(card, on: loop) { .consent } }

  func say(_ opcode: Opcode, _ id: UInt8, _ payload: [UInt8] = []) throws(RequestRefusal) {
    try requests.accept(Message(opcode, id: id, payload: payload)) { [unowned self] in
      answers.append($0)
    }
  }

  /// Turns the loop until there are so many answers besides WAITs, or so many WAITs.
  func wait(answers count: Int = 0, waits: Int = 0) {
    var isLate = false
    var alarm: Alarm? = loop.after(.seconds(20)) { isLate = true }
    loop.run { !isLate && (settled.count < count || answers.count - settled.count < waits) }
    loop.cancel(&alarm)
    #expect(!isLate)
  }

  /// Turns the loop until the card has seen this.
  func wait(until deeds: [String]) {
    for _ in 0..<4000 where card.seen != deeds {
      var isOver = false
      loop.after(.milliseconds(5)) { isOver = true }
      loop.run { !isOver }
    }
    #expect(card.seen == deeds)
  }

  var settled: [Message] { answers.filter { $0.opcode != .wait } }
}

@Suite("Requests to the card", .timeLimit(.minutes(1))) struct CardRequestsTests {
  @Test func `A host gets an ATR, then responses`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    try bench.say(.command, 2, [0xA5])
    bench.card.answer()
    bench.wait(answers: 2)
    #expect(
      bench.settled == [
        Message(.atr, id: 1, payload: PatientCard.atr.bytes),
        Message(.response, id: 2, payload: [0xA5, 0x90, 0x00]),
      ])
  }

  @Test func `A command needs power, and a request needs the one before to be answered`() throws {
    let bench = Bench()
    #expect(throws: RequestRefusal.withoutPower) { try bench.say(.command, 1) }
    try bench.say(.powerOn, 2)
    bench.wait(answers: 1)
    try bench.say(.command, 3, [0])
    #expect(throws: RequestRefusal.outstanding) { try bench.say(.command, 4, [0]) }
    #expect(throws: RequestRefusal.notARequest) { try bench.say(.response, 4) }
    try bench.say(.ping, 9)
    #expect(bench.answers.last == Message(.pong, id: 9))
    bench.card.answer()
    bench.wait(answers: 3)
    try bench.say(.powerOff, 5)
    #expect(throws: RequestRefusal.withoutPower) { try bench.say(.command, 6) }
    bench.wait(until: ["on", "command", "off"])
  }

  @Test func `What the card answers at once is answered before the loop turns again`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    // The thread has brought the ATR back.
    try bench.say(.command, 2, [PatientCard.quick])
    #expect(
      bench.answers.last == Message(.response, id: 2, payload: [PatientCard.quick, 0x90, 0x00]))
  }

  @Test func `What the card answers at once waits for the command that it still works at`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    try bench.say(.command, 2, [0])
    try bench.say(.cancel, 2)
    #expect(bench.answers.last == Message(.error, id: 2, payload: [ErrorCode.cancelled.rawValue]))
    try bench.say(.command, 3, [PatientCard.quick])
    #expect(bench.settled.count == 2)
    bench.card.answer()
    bench.wait(answers: 3)
    #expect(bench.settled.last?.id == 3)
  }

  @Test func `While the card works, the host hears why and for how long`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    let began = ContinuousClock.now
    try bench.say(.command, 2, [0])
    bench.wait(waits: 3)
    let elapsed = bench.answers.suffix(3).compactMap { Wait($0.payload) }
    #expect(elapsed.map(\.reason) == [.consent, .consent, .consent])
    #expect(elapsed[0].elapsed >= 400)
    #expect(elapsed[2].elapsed >= 1400)
    #expect(ContinuousClock.now - began >= .milliseconds(1400))
    bench.card.answer()
    bench.wait(answers: 2)
    #expect(bench.answers.last?.opcode == .response)
  }

  @Test func `A cancelled command is answered at once, and its response never comes`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    try bench.say(.command, 2, [0xAA])
    try bench.say(.cancel, 7)
    #expect(bench.settled.count == 1)
    try bench.say(.cancel, 2)
    #expect(bench.answers.last == Message(.error, id: 2, payload: [5]))
    try bench.say(.command, 3, [0xBB])
    bench.card.answer()
    bench.card.answer()
    bench.wait(answers: 3)
    #expect(bench.answers.last == Message(.response, id: 3, payload: [0xBB, 0x90, 0x00]))
  }

  @Test func `A power-on that was cancelled does not keep the card`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    try bench.say(.cancel, 1)
    bench.wait(until: ["on", "off"])
    #expect(!bench.requests.isPowered)
    #expect(throws: RequestRefusal.withoutPower) { try bench.say(.command, 2) }
  }

  @Test func `A card in use elsewhere is busy, and can be asked again`() throws {
    let bench = Bench()
    bench.card.setBusy(true)
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    #expect(bench.answers.last == Message(.error, id: 1, payload: [4]))
    bench.card.setBusy(false)
    try bench.say(.powerOn, 2)
    bench.wait(answers: 2)
    #expect(bench.answers.last?.opcode == .atr)
  }

  @Test func `A card that is taken away ends its request and wants power again`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    try bench.say(.command, 2, [0])
    bench.requests.setPresent(false)
    #expect(bench.answers.last == Message(.error, id: 2, payload: [6]))
    bench.card.answer()
    try bench.say(.powerOn, 3)
    #expect(bench.answers.last == Message(.error, id: 3, payload: [6]))
    bench.requests.setPresent(true)
    #expect(throws: RequestRefusal.withoutPower) { try bench.say(.command, 4) }
    try bench.say(.powerOn, 5)
    bench.wait(answers: 4)
    #expect(bench.answers.last?.opcode == .atr)
    #expect(bench.card.seen == ["on", "command", "off", "on"])
  }

  @Test func `A host that is gone hears nothing more, and the card has no power`() throws {
    let bench = Bench()
    try bench.say(.powerOn, 1)
    bench.wait(answers: 1)
    try bench.say(.command, 2, [0])
    bench.requests.powerOff()
    bench.card.answer()
    bench.wait(until: ["on", "command", "off"])
    #expect(bench.settled.count == 1)
  }
}
