import ISO7816

/// Finds the secrets in commands: the data of VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER,
/// and what PUT DATA puts into PINs and transport keys.
///
/// It remembers a chain: the parts of a PUT DATA that comes in several cannot be told apart.
public struct Redactor: Sendable {
  private var chainHeader: [UInt8] = []

  /// What is written where a secret was: no PIN has a zero byte.
  static let marker: UInt8 = 0x00

  /// A redactor that has seen nothing yet.
  public init() {}

  /// The command without its secret, and where that was; nil where there is none.
  public mutating func redact(_ command: [UInt8]) -> (command: [UInt8], redacted: Range<Int>?) {
    guard let range = secret(in: command), !range.isEmpty else { return (command, nil) }
    var harmless = command
    for index in range { harmless[index] = Self.marker }
    return (harmless, range)
  }

  private mutating func secret(in command: [UInt8]) -> Range<Int>? {
    guard command.count > 5 else { return nil }
    let data = Self.dataField(of: command)
    let header = [command[0] & ~0x10, command[1], command[2], command[3]]
    let continues = chainHeader == header
    let goesOn = command[0] & 0x90 == 0x10
    chainHeader = goesOn ? header : []
    switch command[1] & 0xFE {
    case 0x20, 0x24, 0x2C: return data
    // DA and DB.
    case 0xDA where command[2] == 0x01 && command[3] == 0x6E:
      return goesOn || continues ? data : Self.objectBody(command, data)
    default: return nil
    }
  }

  /// The data field; everything behind the header where the lengths contradict each other.
  private static func dataField(of command: [UInt8]) -> Range<Int> {
    do throws(StatusWord) { return try CommandAPDU(parsing: command.span).data } catch {
      return 5..<command.count
    }
  }

  /// The body of a PIN or transport key; of a private key there is only its length. What cannot be
  /// read is taken for a secret whole.
  private static func objectBody(_ command: [UInt8], _ data: Range<Int>) -> Range<Int> {
    let span = command.span
    do throws(StatusWord) {
      guard let name = try TLV.find(0x83, in: span, data), !name.isEmpty,
        let body = try TLV.find(0x8F, in: span, data)
      else { return data }
      return command[name.lowerBound] & 0xE0 == 0x20 ? body.lowerBound..<body.lowerBound : body
    } catch {
      return data
    }
  }
}
