import BLETransport
import Foundation
import Synchronization

/// Who answers what pairing asks: a person at the terminal, or a script. Lines that are no answers
/// are orders to the bridge.
final class PairingTerminal: Sendable {
  private let bridge: Bridge
  private let passkeyFrom: Int32?
  private let confirmsAll: Bool
  private let quit: @Sendable () -> Void
  private let state = Mutex(State())

  private struct State {
    var open: PairingQuestion?
    /// Standard input has ended: nobody is there.
    var isAlone = false
  }

  init(
    _ bridge: Bridge, passkeyFrom: Int32?, confirmsAll: Bool, quit: @escaping @Sendable () -> Void
  ) {
    self.bridge = bridge
    self.passkeyFrom = passkeyFrom
    self.confirmsAll = confirmsAll
    self.quit = quit
  }

  /// Begins to read standard input.
  func start() {
    Thread.detachNewThread { [self] in
      while let line = readLine() { take(line.trimmingCharacters(in: .whitespaces)) }
      state.withLock { $0.isAlone = true }
      refuseIfAlone()
    }
  }

  /// Lets a question be answered on standard input from now on.
  func expect(_ event: BridgeEvent) {
    guard case .question(let question) = event else { return }
    switch question {
    case .display: break
    case .withdrawn: state.withLock { $0.open = nil }
    case .comparison where confirmsAll: break
    case .passkey where passkeyFrom != nil: break
    case .passkey, .comparison: state.withLock { $0.open = question }
    }
  }

  /// Has questions answered that no person is asked.
  func follow(_ event: BridgeEvent) {
    guard case .question(let question) = event else { return }
    switch question {
    case .display, .withdrawn: break
    case .comparison where confirmsAll: bridge.answer(.same)
    case .passkey where passkeyFrom != nil: Thread.detachNewThread { [self] in readPasskey() }
    case .passkey, .comparison: refuseIfAlone()
    }
  }

  private func readPasskey() {
    let handle = FileHandle(fileDescriptor: passkeyFrom ?? 0, closeOnDealloc: false)
    var line: [UInt8] = []
    while let byte = try? handle.read(upToCount: 1)?.first, byte != 0x0A { line.append(byte) }
    let digits = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    guard let passkey = Self.passkey(digits) else {
      Console.error("--passkey-from gave no six digits")
      return bridge.answer(.refused)
    }
    bridge.answer(.passkey(passkey))
  }

  private func take(_ line: String) {
    guard let question = state.withLock({ $0.open }) else { return obey(line) }
    let answer: PairingAnswer?
    switch (question, line.lowercased()) {
    case (.passkey, _): answer = Self.passkey(line).map { .passkey($0) }
    case (_, "yes"), (_, "y"): answer = .same
    case (_, "no"), (_, "n"): answer = .refused
    default: answer = nil
    }
    guard let answer else { return Console.note("softdna: \(question)") }
    state.withLock { $0.open = nil }
    bridge.answer(answer)
  }

  private func obey(_ line: String) {
    switch line {
    case "": break
    case "cancel": bridge.cancel()
    case "quit": quit()
    default: Console.note("softdna: unknown \"\(line)\"; known: cancel, quit")
    }
  }

  private func refuseIfAlone() {
    let isRefused = state.withLock { state in
      guard state.isAlone, state.open != nil else { return false }
      state.open = nil
      return true
    }
    guard isRefused else { return }
    Console.error("nobody can answer: run it in a terminal, or with --passkey-from or --confirm")
    bridge.answer(.refused)
  }

  private static func passkey(_ text: String) -> UInt32? {
    text.utf8.count == 6 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(text) : nil
  }
}
