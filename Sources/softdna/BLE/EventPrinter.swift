import BLETransport
import Foundation

/// Events of Bluetooth, for people on standard error or for programs on standard output.
enum EventPrinter {
  static func print(_ event: some NamedEvent & CustomStringConvertible, asJSON: Bool) {
    guard asJSON else { return Console.note("softdna: \(event)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts and numbers always have an encoding.
    guard let line = try? encoder.encode(event) else { return }
    Console.print(String(decoding: line, as: UTF8.self))
  }
}
