import Foundation
import Synchronization
import Terminal
import TokenHost
import VirtualReader

/// What programs find in a reader.
enum CardInReader: String {
  case token
  case none = "no card"
  case other = "another card"
  case unknown
}

/// A reader, as far as a token in it can be acted on from outside.
protocol TokenReader: Sendable {
  /// What programs find in it.
  var holds: CardInReader { get }
  /// Puts it in.
  func insert()
  /// Takes it out.
  func remove()
  /// Returns when the programs that use the reader have noticed, or false after some seconds.
  func waitUntilNoticed() -> Bool
}

extension PrivateWorld: TokenReader {
  /// Anybody who finds the reader's port may have put a card there while the token was out.
  var holds: CardInReader {
    if isSeen { return .token }
    guard let isPresent = try? service.wait(for: .present, in: readerName, timeout: .zero) else {
      return .unknown
    }
    return isPresent ? .other : .none
  }

  func waitUntilNoticed() -> Bool { waitUntilNoticed(timeout: .seconds(5)) }
}

extension VPCDCardEnd: TokenReader {
  /// Which of the machine's readers is at this end of the wire, nobody says.
  var holds: CardInReader { isSeen ? .token : .unknown }

  /// pcscd is not ours to ask: it looks every 0.4 s.
  func waitUntilNoticed() -> Bool {
    guard isInserted else {
      usleep(450_000)
      return true
    }
    for _ in 0..<500 where !isSeen { usleep(10_000) }
    return isSeen
  }
}

/// A token that is plugged in somewhere: what the control socket acts on.
final class ControlledToken: Sendable {
  let directory: StateDirectory
  let slot: Slot
  /// What the reader talks to.
  let channel: FaultyChannel
  /// The image file is left as it is.
  let isVolatile: Bool
  /// What `advance-clock` moves.
  let clock: WorldClock
  /// Who sees that: the authority, the command.
  let clockIsSeenBy: [String]
  private let place = Mutex<(any TokenReader)?>(nil)
  /// Only one snapshot is taken or restored at a time.
  private let memory = Mutex(())

  /// The token in `directory`, not plugged in yet.
  init(
    _ directory: StateDirectory, isVolatile: Bool, clock: WorldClock, clockIsSeenBy: [String]
  ) throws {
    self.directory = directory
    self.isVolatile = isVolatile
    self.clock = clock
    self.clockIsSeenBy = clockIsSeenBy
    slot = try directory.openToken(isVolatile: isVolatile)
    channel = FaultyChannel(slot)
    channel.onDrop { [weak self] in self?.reader?.remove() }
  }

  /// Where it is plugged in.
  var reader: (any TokenReader)? { place.withLock { $0 } }

  /// Tells where its channel was plugged in.
  func plug(into reader: any TokenReader) { place.withLock { $0 = reader } }

  /// Puts it into the reader, or takes it out; returns when programs have noticed.
  func move(in isIn: Bool) throws {
    guard let reader else { throw ControlError(refused: "the token is not in a reader yet") }
    isIn ? reader.insert() : reader.remove()
    guard reader.waitUntilNoticed() else {
      throw ControlError(refused: "the reader has not noticed within 5 s; is pcscd at work?")
    }
  }

  /// Keeps its memory as it is between two commands.
  func keep(as name: String) throws {
    try memory.withLock { _ in try directory.snapshots.write(slot.memoryImage, name) }
  }

  /// Puts a snapshot's contents into its memory.
  ///
  /// - Parameter isInPlace: the reader is not to notice; otherwise the token is taken out before
  ///   and put in afterwards.
  func restore(_ name: String, isInPlace: Bool) throws {
    try memory.withLock { _ in
      let contents = try directory.snapshots.read(name)
      if !isInPlace { try move(in: false) }
      let outcome = Result {
        try slot.replaceMemory(with: contents, file: isVolatile ? nil : directory.image)
      }
      // What it is by now, it is in the reader again.
      if !isInPlace { try move(in: true) }
      try outcome.get()
    }
  }
}
