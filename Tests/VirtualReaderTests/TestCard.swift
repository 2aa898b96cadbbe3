import Glibc
import ISO7816
import Synchronization
import Terminal

/// A small honest card: eight bytes to GET CHALLENGE, every other command back with 9000 behind.
final class TestCard: CardChannel {
  /// What the reader did to it.
  struct Record: Equatable {
    var powerOns = 0
    var powerOffs = 0
    var resets = 0
    var commands = 0
  }

  static let atr = ATR(withoutTCK: [0x3B, 0x84, 0x80, 0x01, 0x54, 0x45, 0x53, 0x54])

  private let record = Mutex(Record())
  private let isGone = Atomic(false)

  var seen: Record { record.withLock { $0 } }

  /// From now on, whether the card throws `noCard` at everything.
  func fail(_ fails: Bool) { isGone.store(fails, ordering: .sequentiallyConsistent) }

  func powerOn() throws(ChannelError) -> ATR {
    try check()
    record.withLock { $0.powerOns += 1 }
    return Self.atr
  }

  func powerOff() throws(ChannelError) {
    try check()
    record.withLock { $0.powerOffs += 1 }
  }

  func reset() throws(ChannelError) -> ATR {
    try check()
    record.withLock { $0.resets += 1 }
    return Self.atr
  }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    try check()
    record.withLock { $0.commands += 1 }
    response.removeAll(keepingCapacity: true)
    if command.count == 5, command[1] == 0x84 {
      for byte: UInt8 in 1...8 { response.append(byte) }
    } else {
      let kept = min(command.count, 0xFFFF - 2)
      for position in 0..<kept { response.append(command[position]) }
    }
    response.append(0x90)
    response.append(0x00)
  }

  private func check() throws(ChannelError) {
    guard isGone.load(ordering: .sequentiallyConsistent) else { return }
    throw ChannelError(.noCard, attempt: "use the test card", reason: "it was told to be gone")
  }
}

/// Polls until something is so.
func eventually(within timeout: Duration = .seconds(10), _ condition: () -> Bool) -> Bool {
  let deadline = ContinuousClock.now + timeout
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    usleep(2000)
  }
  return true
}
