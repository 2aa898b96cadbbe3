/// An Answer to Reset: what a card says first (ISO/IEC 7816-3, 8.2).
public struct ATR: Equatable, Sendable {
  /// TS, T0, the interface bytes, the historical bytes and, where T=1 is offered, TCK.
  public let bytes: [UInt8]

  /// An ATR that offers another protocol than T=0, from the bytes TS up to the last historical
  /// byte: TCK is computed and added (8.2.5).
  public init(withoutTCK bytes: [UInt8]) {
    var exclusiveOr: UInt8 = 0
    for byte in bytes.dropFirst() { exclusiveOr ^= byte }
    self.bytes = bytes + [exclusiveOr]
  }

  /// An ATR as a reader reports it.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The exclusive-or of T0 up to TCK is zero (8.2.5).
  public var hasCorrectTCK: Bool {
    var exclusiveOr: UInt8 = 0
    for byte in bytes.dropFirst() { exclusiveOr ^= byte }
    return exclusiveOr == 0
  }

  /// The historical bytes, or empty where T0 promises more than there are (8.2.4).
  public var historicalBytes: [UInt8] {
    guard bytes.count >= 2 else { return [] }
    let count = Int(bytes[1] & 0x0F)
    var position = 2
    var indicator = bytes[1]
    while true {
      for bit: UInt8 in [0x10, 0x20, 0x40] where indicator & bit != 0 { position += 1 }
      guard indicator & 0x80 != 0 else { break }
      guard position < bytes.count else { return [] }
      indicator = bytes[position]
      position += 1
    }
    guard position + count <= bytes.count else { return [] }
    return Array(bytes[position..<position + count])
  }
}
