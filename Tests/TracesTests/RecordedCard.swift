import Authority
import Cryptography
import Firmware
import Foundation
import ISO7816
import Issuance
import Scenarios
import Terminal
import TokenHost
import VirtualReader

@testable import Traces

/// A token made through command APDUs in memory, and what it was told on the way.
struct RecordedCard {
  let slot: Slot
  /// The session so far and what follows, recorded.
  let memory: TraceMemory
  let channel: RecordingChannel

  static let codes = ReferenceCodes(
    pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211")
  static let transportKey = [UInt8](repeating: 0x42, count: 16)

  /// A chip from the factory, with power.
  init(seed: UInt64 = 1, withSecrets: Bool = false) throws {
    slot = Slot(
      volatile: ChipIdentity(
        persona: .current, serial: [1, 2, 3, 4, 5, 6, 7, 8], transportKey: Self.transportKey),
      randomness: .seeded(seed, label: "trace"))
    let memory = TraceMemory(TraceHeader(channel: "direct"))
    self.memory = memory
    channel = RecordingChannel(slot, withSecrets: withSecrets) { memory.append($0) }
    _ = try channel.powerOn()
  }

  /// Issues the token; the second key is left out where nobody signs with it.
  @discardableResult
  func issued() throws -> RecordedCard {
    let issuer = CardIssuer(CardSession(channel))
    try issuer.initialise(transportKey: Self.transportKey, Self.codes)
    _ = try issuer.generateKey(.authentication)
    try issuer.writeCertificate(
      [0x30, 0x82, 0x03, 0x20] + [UInt8](repeating: 7, count: 800), for: .authentication)
    try issuer.writeIdentity(
      cardNumber: "6090010000000001", personalData: [UInt8](repeating: 0x30, count: 100))
    try issuer.enter(.operational)
    _ = try channel.reset()
    return self
  }

  /// Sends a command APDU in hexadecimal; answers its explanation.
  func explained(_ hex: String) throws -> Explanation? {
    _ = try channel.transmit(Hex.bytes(hex) ?? [])
    return Explainer.explain(memory.trace).last
  }
}

/// The scenarios' chips, in-process or behind pcscd, everything recorded at the host's end.
struct RecordingWorkbench: Workbench {
  let overPCSC: Bool
  let memory: TraceMemory

  init(overPCSC: Bool) {
    self.overPCSC = overPCSC
    memory = TraceMemory(TraceHeader(channel: overPCSC ? "pcsc" : "direct"))
  }

  var channelName: String { overPCSC ? "pcsc" : "direct" }

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    let slot = Slot(
      volatile: ChipIdentity(
        persona: .current, serial: order.serial, transportKey: order.transportKey),
      randomness: .seeded(seed, label: "chip"))
    guard overPCSC else { return Plugged(recording(slot), world: nil) }
    let world = try PrivateWorld.start(card: slot)
    let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
    return Plugged(recording(reader), world: world)
  }

  private func recording(_ channel: any CardChannel) -> RecordingChannel {
    RecordingChannel(channel) { [memory] in memory.append($0) }
  }

  private struct Plugged: PluggedToken {
    let channel: any CardChannel
    let world: PrivateWorld?

    init(_ channel: any CardChannel, world: PrivateWorld?) {
      self.channel = channel
      self.world = world
    }

    func remove() throws { try channel.powerOff() }
    func insert() throws { _ = try channel.powerOn() }
    func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
      try body(world?.environment ?? [:])
    }
    func unplug() { world?.stop() }
  }
}

/// A file of this target's samples.
func sample(_ name: String) throws -> String {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  return String(
    decoding: try Data(contentsOf: folder.appendingPathComponent("Samples/\(name)")), as: UTF8.self)
}

/// A folder that is gone with the value.
final class Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "softdna-traces-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// What a program printed and how it ended; its standard error is left out.
func output(of program: String, _ arguments: [String], input: String = "") throws -> (
  text: String, status: Int32
) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let (standardInput, standardOutput) = (Pipe(), Pipe())
  process.standardInput = standardInput
  process.standardOutput = standardOutput
  process.standardError = FileHandle.nullDevice
  try process.run()
  try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
  try standardInput.fileHandleForWriting.close()
  let data = standardOutput.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (String(decoding: data, as: UTF8.self), process.terminationStatus)
}

/// Where a program is, or nil.
func program(_ name: String) -> String? {
  ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map { $0 + "/" + name }
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}
/// In CI a missing program is a failure and not an excuse.
let isCI = ProcessInfo.processInfo.environment["CI"] != nil
/// The tests over PC/SC run where it is installed, and always in CI.
let canUsePCSC = isCI || program("pcscd") != nil
