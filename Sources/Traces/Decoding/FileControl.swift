import ISO7816

/// What control parameters (`62`) or control information (`6F`) say of a file (ISO/IEC 7816-4,
/// 7.4).
struct FileControl: Equatable, Sendable {
  /// Every data object: its tag, its value, and what it says.
  var objects: [(tag: String, words: String)] = []
  var identifier: UInt16?
  var size: Int?
  var recordLength: Int?
  /// File descriptor byte.
  var descriptor: UInt8?
  /// The nine access bytes, as many as there are.
  var access: [UInt8] = []
  /// Tag `85`, where it is one byte: the state of this project's tokens.
  var chipState: UInt8?
  /// Tag `8A`.
  var lifeCycle: UInt8?

  static func == (left: Self, right: Self) -> Bool {
    left.identifier == right.identifier && left.size == right.size
      && left.descriptor == right.descriptor && left.access == right.access
      && left.lifeCycle == right.lifeCycle
  }

  var isDirectory: Bool? { descriptor.map { $0 & 0x38 == 0x38 } }
  var hasRecords: Bool { descriptor.map { (2...7).contains($0 & 0x07) && $0 & 0x38 == 0 } ?? false }

  /// Reads a template; nil where the bytes are none.
  init?(_ bytes: [UInt8]) {
    let span = bytes.span
    do throws(StatusWord) {
      var outer = 0..<bytes.count
      guard let template = try TLV.next(in: span, from: &outer),
        template.tag == 0x62 || template.tag == 0x6F
      else { return nil }
      var rest = template.value
      while let object = try TLV.next(in: span, from: &rest) {
        read(object.tag, Array(bytes[object.value]))
      }
    } catch {
      return nil
    }
    // Which operations the access bytes mean depends on the kind of file, told before or after.
    if let index = objects.firstIndex(where: { $0.tag == "86" }), !access.isEmpty {
      objects[index].words = accessWords
    }
  }

  private mutating func read(_ tag: UInt16, _ value: [UInt8]) {
    let number = value.reduce(0) { ($0 & 0xFF_FFFF) << 8 | Int($1) }
    var words = Hex.text(value, separator: " ")
    switch tag {
    case 0x80:
      size = number
      words = "\(number) bytes"
    case 0x81:
      size = size ?? number
      words = "\(number) bytes with structural information"
    case 0x82:
      descriptor = value.first
      // Two bytes of length, then one of their number.
      if value.count >= 3 {
        recordLength = value.dropFirst(2).prefix(2).reduce(0) { $0 << 8 | Int($1) }
      }
      words = structure
    case 0x83 where value.count == 2:
      identifier = UInt16(number)
      words = "file identifier \(Hex.text(value))"
    case 0x84: words = "name \(Hex.text(value))"
    case 0x85:
      if value.count == 1 {
        chipState = value.first
        words =
          "proprietary: \(words)" + (LifeCycle(rawValue: value[0]).map { " (card \($0))" } ?? "")
      } else {
        words = "proprietary: \(words)"
      }
    case 0x86: access = value
    case 0x88: words = "short identifier \(value.isEmpty ? "none" : "\(value[0] >> 3)")"
    case 0x8A:
      lifeCycle = value.first
      words = Self.stateWords(value.first)
    case 0xCB: words = "secure messaging conditions: \(words)"
    default: words = "not explained: \(words)"
    }
    objects.append((tag < 0x100 ? Hex.text([UInt8(tag)]) : CardNames.identifier(tag), words))
  }

  private var structure: String {
    guard let descriptor else { return "no descriptor" }
    let records = recordLength.map { ", records of up to \($0) bytes" } ?? ""
    if descriptor & 0x38 == 0x38 { return "directory" }
    let kind = descriptor & 0x38 == 0x08 ? "internal file" : "file"
    switch descriptor & 0x07 {
    case 1: return "transparent \(kind)"
    case 2, 3: return "\(kind) of fixed records\(records)"
    case 4, 5: return "\(kind) of variable records\(records)"
    case 6, 7: return "cyclic \(kind)\(records)"
    default: return "\(kind) of no known structure"
    }
  }

  private static func stateWords(_ byte: UInt8?) -> String {
    switch byte {
    case 0x00: "no information on the life cycle"
    case 0x01: "being created"
    case 0x02, 0x03: "being initialised"
    case 0x04, 0x06: "deactivated"
    case 0x05, 0x07: "activated"
    case .some(0x0C...0x0F): "terminated"
    default: "proprietary life cycle"
    }
  }

  // MARK: Access

  /// Operations by their position in the access bytes of the CNS file system.
  static let fileOperations = [
    "read", "update", "append", "deactivate", "activate", "delete", "administer",
  ]

  /// Who may do what: "read always; update never".
  private var accessWords: String {
    let isDirectory = self.isDirectory ?? false
    var parts: [(rule: UInt8, operations: [String])] = []
    for (index, rule) in access.enumerated() {
      var name = Self.fileOperations.indices.contains(index) ? Self.fileOperations[index] : nil
      if isDirectory { name = [3, 4, 5, 6].contains(index) ? name : index == 7 ? "create" : nil }
      guard let name else { continue }
      if let known = parts.firstIndex(where: { $0.rule == rule }) {
        parts[known].operations.append(name)
      } else {
        parts.append((rule, [name]))
      }
    }
    return parts.map { $0.operations.joined(separator: ", ") + " " + Self.ruleWords($0.rule) }
      .joined(separator: "; ")
  }

  /// A rule in words.
  static func ruleWords(_ rule: UInt8) -> String {
    switch rule {
    case 0x00: "always"
    case 0xFF, 0x66: "never"
    default: "after \(CardNames.reference(rule))"
    }
  }
}
