/// The header and the two lengths of a command APDU, decoded once (ISO/IEC 7816-3, 12.1).
///
/// The data field stays where it arrived: `data` says which bytes of it belong to this command.
public struct CommandAPDU: Equatable, Sendable {
  /// Class byte: chaining, secure messaging and logical channel (ISO/IEC 7816-4, 5.4.1).
  public let cla: UInt8
  /// Instruction byte.
  public let ins: UInt8
  /// First parameter byte.
  public let p1: UInt8
  /// Second parameter byte.
  public let p2: UInt8
  /// Where the Nc bytes of the data field are in the bytes that were parsed; empty in cases 1 and 2.
  public let data: Range<Int>
  /// The most bytes the terminal expects back: 1...65,536, or nil in cases 1 and 3.
  public let ne: Int?
  /// Lc or Le were given in their three-byte form.
  public let isExtended: Bool

  /// Decodes cases 1, 2, 3 and 4, short and extended (ISO/IEC 7816-3, 12.1.3).
  ///
  /// - Throws: `6700` where the lengths contradict each other or the number of bytes.
  public init(parsing bytes: Span<UInt8>) throws(StatusWord) {
    guard bytes.count >= 4 else { throw .wrongLength }
    cla = bytes[0]
    ins = bytes[1]
    p1 = bytes[2]
    p2 = bytes[3]
    let count = bytes.count
    if count == 4 {
      (data, ne, isExtended) = (4..<4, nil, false)
    } else if count == 5 {
      (data, ne, isExtended) = (5..<5, bytes[4] == 0 ? 256 : Int(bytes[4]), false)
    } else if bytes[4] != 0 {
      let end = 5 + Int(bytes[4])
      (data, isExtended) = (5..<end, false)
      switch count {
      case end: ne = nil
      case end + 1: ne = bytes[end] == 0 ? 256 : Int(bytes[end])
      default: throw .wrongLength
      }
    } else {
      // A first length byte of 00 opens the extended form; B0 00 alone with one more byte is neither.
      guard count >= 7 else { throw .wrongLength }
      isExtended = true
      let length = Int(bytes[5]) << 8 | Int(bytes[6])
      if count == 7 {
        (data, ne) = (7..<7, length == 0 ? 65_536 : length)
      } else {
        guard length > 0 else { throw .wrongLength }
        let end = 7 + length
        data = 7..<end
        switch count {
        case end: ne = nil
        case end + 2:
          let le = Int(bytes[end]) << 8 | Int(bytes[end + 1])
          ne = le == 0 ? 65_536 : le
        default: throw .wrongLength
        }
      }
    }
  }

  /// Bit 5 of an interindustry class: this is not the last command of a chain (5.3.3).
  public var isChained: Bool { cla & 0x90 == 0x10 }
}
