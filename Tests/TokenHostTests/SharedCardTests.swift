import Foundation
import ISO7816
import Synchronization
import Terminal
import TokenHost
import Testing

@Suite("A card with two interfaces", .timeLimit(.minutes(1))) struct SharedCardTests {
  /// VERIFY without data: has the PIN been verified?
  private static let status: [UInt8] = [0x00, 0x20, 0x00, 0x10]
  private static let verify: [UInt8] =
    [0x00, 0x20, 0x00, 0x10, 0x08] + Array("12345678".utf8)

  @Test func `A PIN verified over one interface does not count over the other`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    #expect(try first.transmit(Self.verify) == [0x90, 0x00])
    #expect(try first.transmit(Self.status) == [0x90, 0x00])
    try first.powerOff()
    _ = try second.powerOn()
    #expect(try second.transmit(Self.status) == [0x63, 0xC3])
  }

  @Test func `The second interface gets the card when the first gives it away`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot), patience: .seconds(30))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    #expect(try first.transmit(Self.verify) == [0x90, 0x00])
    let answer = Mutex<Result<[UInt8], ChannelError>?>(nil)
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let result = Result { () throws(ChannelError) in
        _ = try second.powerOn()
        return try second.transmit(Self.status)
      }
      answer.withLock { $0 = result }
      done.signal()
    }
    #expect(done.wait(timeout: .now() + 0.2) == .timedOut)
    #expect(try first.transmit(Self.status) == [0x90, 0x00])
    try first.powerOff()
    #expect(done.wait(timeout: .now() + 20) == .success)
    #expect(answer.withLock { $0 } == .success([0x63, 0xC3]))
  }

  @Test func `Who waits too long hears that the card is busy, and can try again`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot), patience: .milliseconds(50))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    let error = #expect(throws: ChannelError.self) { try second.powerOn() }
    #expect(error?.kind == .busy)
    #expect(try first.transmit(Self.status) == [0x63, 0xC3])
    try first.powerOff()
    _ = try second.powerOn()
    #expect(try second.transmit(Self.status) == [0x63, 0xC3])
  }

  @Test func `Who has waited in vain is answered at once until it takes power away`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot), patience: .seconds(1))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    let clock = ContinuousClock()
    func ask() -> Duration {
      clock.measure { #expect(throws: ChannelError.self) { try second.powerOn() } }
    }
    #expect(ask() >= .seconds(1))
    #expect((0..<20).map { _ in ask() }.reduce(.zero, +) < .seconds(1))
    try second.powerOff()
    #expect(ask() >= .seconds(1))
  }

  @Test func `An interface without power neither sends commands nor takes power away`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    #expect(throws: ChannelError.self) { try second.transmit(Self.status) }
    try second.powerOff()
    #expect(try first.transmit(Self.status) == [0x63, 0xC3])
  }

  @Test func `A reset over the owning interface keeps the card there`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot), patience: .milliseconds(50))
    let (first, second) = (shared.interface(), shared.interface())
    _ = try first.powerOn()
    #expect(try first.transmit(Self.verify) == [0x90, 0x00])
    _ = try first.reset()
    #expect(try first.transmit(Self.status) == [0x63, 0xC3])
    #expect(throws: ChannelError.self) { try second.powerOn() }
  }

  @Test func `An interface that nobody holds any more has given the card away`() throws {
    let token = try IssuedCard()
    let shared = SharedCard(try #require(token.slot), patience: .milliseconds(50))
    var first: CardInterface? = shared.interface()
    _ = try first?.powerOn()
    first = nil
    _ = try shared.interface().powerOn()
  }
}
