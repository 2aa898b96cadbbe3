public import ISO7816
import Terminal

/// Which status words a step is content with: `9000`, `63C2`, `63Cx`, `6[A-F]xx`.
public struct StatusPattern: Equatable, Sendable, CustomStringConvertible {
  /// As it is written.
  public let description: String
  /// For each of the four digits, the values it may have.
  private let digits: [Set<UInt8>]

  /// `9000`.
  public static let success = StatusPattern(literal: "9000", [[9], [0], [0], [0]])

  private init(literal: String, _ digits: [Set<UInt8>]) {
    description = literal
    self.digits = digits
  }

  /// A pattern from its text, or nil where it is none.
  public init?(_ text: String) {
    var digits: [Set<UInt8>] = []
    var rest = Substring(text.uppercased())
    while let character = rest.popFirst() {
      if character == "X" {
        digits.append(Set(0...15))
      } else if character == "[" {
        guard let end = rest.firstIndex(of: "]"), let set = Self.set(rest[..<end]) else {
          return nil
        }
        digits.append(set)
        rest = rest[rest.index(after: end)...]
      } else {
        guard let value = character.hexDigitValue else { return nil }
        digits.append([UInt8(value)])
      }
    }
    guard digits.count == 4 else { return nil }
    self.init(literal: text, digits)
  }

  private static func set(_ text: Substring) -> Set<UInt8>? {
    var set: Set<UInt8> = []
    var rest = text
    while let first = rest.popFirst() {
      guard let low = first.hexDigitValue else { return nil }
      guard rest.first == "-" else {
        set.insert(UInt8(low))
        continue
      }
      rest.removeFirst()
      guard let last = rest.popFirst()?.hexDigitValue, low <= last else { return nil }
      set.formUnion(UInt8(low)...UInt8(last))
    }
    return set.isEmpty ? nil : set
  }

  /// The status word is one of them.
  public func matches(_ status: StatusWord) -> Bool {
    let nibbles = [status.sw1 >> 4, status.sw1 & 15, status.sw2 >> 4, status.sw2 & 15]
    return zip(digits, nibbles).allSatisfy { $0.contains($1) }
  }

  /// Throws unless the status word is one of them.
  public func check(_ status: StatusWord) throws(StepFailure) {
    guard !matches(status) else { return }
    throw StepFailure(
      "expected \(description), the card answered \(status.text): \(status.meaning)")
  }
}
