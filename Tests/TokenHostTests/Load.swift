import FlashTesting
import Foundation
import ISO7816
import Terminal

/// Another process that verifies, signs and changes a PIN, until it is killed in the middle of it.
final class Load {
  /// What the card should be, as far as its answers tell.
  struct Expectation {
    var pin: String
    var tries = 3
    /// The command whose answer never came.
    var pending = Pending.nothing

    enum Pending: Equatable {
      case nothing
      case right
      case wrong
      case change(to: String)
      case signature
    }

    /// Tries that may be left: what was known, one less, or all.
    var possibleTries: Set<Int> {
      switch pending {
      case .nothing, .signature: [tries]
      case .wrong: [tries, tries - 1]
      case .right, .change: [tries, tries - 1, 3]
      }
    }
  }

  private(set) var expectation: Expectation
  private(set) var answers = 0
  /// An answer that should not have come.
  private(set) var surprise: String?
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread = Data()
  private var bits: SeededBits

  /// - Parameter arguments: a program that takes APDUs, one a line, and answers with JSON lines.
  init(_ arguments: [String], pin: String, seed: UInt64) throws {
    expectation = Expectation(pin: pin)
    bits = SeededBits(seed)
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    signal(SIGPIPE, SIG_IGN)
    try process.run()
  }

  /// Works until the process is killed, which happens this long after its first answer.
  func work(killedAfter delay: Duration) {
    guard exchange("0022F1B603830101") == "9000" else { return stop() }
    let victim = process.processIdentifier
    Thread.detachNewThread {
      usleep(UInt32(delay / .microseconds(1)))
      kill(victim, SIGKILL)
    }
    while step() {}
    stop()
  }

  private func stop() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? input.fileHandleForWriting.close()
    // Whoever else holds the other end of the pipe has seen it close.
    _ = try? output.fileHandleForReading.readToEnd()
  }

  /// One more command; false where its answer did not come.
  private func step() -> Bool {
    let pin = Hex.text(CardSession.padded(expectation.pin))
    let (pending, command): (Expectation.Pending, String)
    switch bits.next() % 4 {
    case 0 where expectation.tries == 3: (pending, command) = (.wrong, "00200010083030303030303030")
    case 1:
      let new = "\(10_000_000 + bits.next() % 90_000_000)"
      let change = "0024001010" + pin + Hex.text(CardSession.padded(new))
      (pending, command) = (.change(to: new), change)
    case 2 where isVerified: (pending, command) = (.signature, "002A9E9A0401020304" + "00")
    default: (pending, command) = (.right, "0020001008" + pin)
    }
    expectation.pending = pending
    guard let status = exchange(command) else { return false }
    let expected: String
    switch pending {
    case .wrong:
      expected = "63C2"
      expectation.tries = 2
      isVerified = false
    case .change(let new):
      expected = "9000"
      (expectation.pin, expectation.tries, isVerified) = (new, 3, true)
    case .right:
      expected = "9000"
      (expectation.tries, isVerified) = (3, true)
    case .signature, .nothing: expected = "9000"
    }
    if status != expected { surprise = "\(command): \(status), not \(expected)" }
    expectation.pending = .nothing
    answers += 1
    return surprise == nil
  }

  private var isVerified = false

  private func exchange(_ command: String) -> String? {
    guard (try? input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))) != nil
    else { return nil }
    while true {
      if let end = unread.firstIndex(of: 0x0A) {
        let line = String(decoding: unread[unread.startIndex..<end], as: UTF8.self)
        unread = Data(unread[unread.index(after: end)...])
        return line.firstRange(of: "\"status\":\"").map { String(line[$0.upperBound...].prefix(4)) }
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      unread += more
    }
  }
}
