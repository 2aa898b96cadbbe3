import Foundation
import ISO7816
import Issuance
import Terminal
import TokenHost

/// How many commands a second the token itself answers, without a reader.
struct InProcessBenchmark {
  /// One command.
  struct Result: Encodable {
    let command: String
    let perSecond: Double
    /// Heap allocations a command, after the first few; nil where it was not counted.
    var allocations: Double?
  }

  let results: [Result]

  /// Measures a copy of the token in memory; a VERIFY that reaches the disk is measured on the token
  /// itself.
  ///
  /// - Parameters:
  ///   - counter: the path of `softdna-allocation-count`.
  ///   - pin: the CNS PIN.
  static func run(_ slot: Slot, copy: Slot, pin: String, counter: String) throws
    -> InProcessBenchmark
  {
    for slot in [slot, copy] {
      _ = try slot.powerOn()
      let session = CardSession(slot)
      try session.select([0x1100, 0x1101])
      try session.verify(KeySlot.authentication.pin, pin)
      _ = try session.signBlock([1, 2, 3], key: KeySlot.authentication.key)
    }
    let verify = CommandAPDU.bytes(
      ins: 0x20, p2: KeySlot.authentication.pin, data: CardSession.padded(pin))
    let sign = CommandAPDU.bytes(ins: 0x2A, p1: 0x9E, p2: 0x9A, data: [1, 2, 3], ne: 256)
    let allocations = try count(counter)
    var results: [Result] = []
    for (name, apdu) in [
      ("SELECT", [0x00, 0xA4, 0x08, 0x04, 0x04, 0x11, 0x00, 0x11, 0x01, 0x00]),
      ("READ BINARY", [0x00, 0xB0, 0x00, 0x00, 0xFF]), ("VERIFY", verify),
      ("GET CHALLENGE", [0x00, 0x84, 0x00, 0x00, 0x08]), ("SIGN (RSA-2048)", sign),
    ] {
      results.append(
        Result(
          command: name, perSecond: try measure(copy, apdu), allocations: allocations[name]))
    }
    results.append(Result(command: "VERIFY, on disk", perSecond: try measure(slot, verify)))
    return InProcessBenchmark(results: results)
  }

  private static func measure(_ slot: Slot, _ command: [UInt8]) throws -> Double {
    var response: [UInt8] = []
    for _ in 0..<10 { try slot.transmit(command.span, into: &response) }
    let start = ContinuousClock.now
    var commands = 0
    while start.duration(to: .now) < .milliseconds(500) {
      for _ in 0..<10 { try slot.transmit(command.span, into: &response) }
      commands += 10
    }
    guard response.suffix(2) == [0x90, 0x00] else {
      throw Failure("\(Hex.text(command)) was answered \(Hex.text(response.suffix(2)))", status: 1)
    }
    return Double(commands) / (start.duration(to: .now) / .seconds(1))
  }

  /// What the counting program found, by command: a program of its own, as it stands in front of
  /// the C library's allocator.
  private static func count(_ counter: String) throws -> [String: Double] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: counter)
    let pipe = Pipe()
    process.standardOutput = pipe
    do { try process.run() } catch {
      throw Failure("\(counter) cannot be run; build it: swift build -c release")
    }
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("\(counter) failed") }
    var allocations: [String: Double] = [:]
    for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: "\t")
      guard fields.count == 3, let rounds = Double(fields[1]), let found = Double(fields[2]) else {
        continue
      }
      allocations[String(fields[0])] = found / rounds
    }
    return allocations
  }
}
