import Foundation
import ISO7816
import Terminal

/// A trace as a capture file that stock Wireshark and tshark decode with their ISO 7816 dissector.
///
/// The link type is 252, "upper PDU": each packet names the dissector it is for (tag 12) and its
/// direction (tag 35) in front of its bytes.
public enum PcapFormat {
  /// The bytes of a whole capture file.
  public static func bytes(of trace: Trace) -> [UInt8] {
    trace.entries.reduce(into: fileHeader) { $0 += packets(of: $1, started: trace.header.started) }
  }

  /// What every capture file begins with.
  static let fileHeader: [UInt8] =
    word(0xA1B2_C3D4) + half(2) + half(4) + word(0) + word(0) + word(UInt32(longestPacket))
    + word(252)

  /// More than any command or answer has.
  private static let longestPacket = 262_144

  /// The packets of one entry: an ATR, or a command and its answer.
  static func packets(of entry: TraceEntry, started: Date) -> [UInt8] {
    let begin = start(started) + min(max(0, entry.time), TraceLine.latestTime)
    let end = begin + min(max(0, entry.duration ?? 0), TraceLine.latestTime)
    return switch entry.event {
    case .powerOn(let atr?), .reset(let atr?): packet("iso7816.atr", .fromCard, atr.bytes, end)
    case .powerOn(nil), .reset(nil), .powerOff: []
    case .exchange(let exchange, _):
      packet("iso7816", .toCard, exchange.command, begin)
        + packet("iso7816", .fromCard, exchange.response, end)
    case .failure(let command, _, _):
      command.isEmpty ? [] : packet("iso7816", .toCard, command, begin)
    }
  }

  /// A capture has no times before 1970 nor after 2106: a trace that began there has its times
  /// counted from its beginning.
  private static func start(_ date: Date) -> Int {
    let seconds = date.timeIntervalSince1970
    return seconds >= 0 && seconds <= Double(UInt32.max) ? Int(seconds * 1_000_000) : 0
  }

  private enum Direction: UInt32 {
    case toCard = 0
    case fromCard = 1
  }

  private static func packet(
    _ dissector: String, _ direction: Direction, _ payload: [UInt8], _ time: Int
  ) -> [UInt8] {
    let body =
      tag(12, Array(dissector.utf8)) + tag(35, word(direction.rawValue)) + tag(0, []) + payload
    let kept = body.prefix(longestPacket)
    return word(UInt32(clamping: time / 1_000_000)) + word(UInt32(time % 1_000_000))
      + word(UInt32(kept.count)) + word(UInt32(body.count)) + kept
  }

  /// A tag, its length in whole words, and its value filled up with zeros.
  private static func tag(_ number: UInt16, _ value: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    return half(number) + half(UInt16(value.count + padding.count)) + value + padding
  }

  private static func half(_ value: UInt16) -> [UInt8] {
    [UInt8(value >> 8), UInt8(value & 0xFF)]
  }

  private static func word(_ value: UInt32) -> [UInt8] {
    half(UInt16(value >> 16)) + half(UInt16(value & 0xFFFF))
  }
}
