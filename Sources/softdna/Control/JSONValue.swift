import Foundation

/// A value in a line of the control socket.
enum JSONValue: Equatable, Sendable {
  case null
  case flag(Bool)
  case number(Int)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])
}

extension JSONValue: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Int.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .flag(let flag): try container.encode(flag)
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral text: String) { self = .text(text) }
  init(integerLiteral number: Int) { self = .number(number) }
  init(booleanLiteral flag: Bool) { self = .flag(flag) }
  init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
  init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements) { $1 })
  }
}

extension JSONValue {
  /// One line of JSON.
  var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Numbers and texts always have an encoding.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  /// What people read: a line for each value, deeper ones indented.
  func text(indent: String = "") -> String {
    switch self {
    case .null: "-"
    case .flag(let flag): flag ? "yes" : "no"
    case .number(let number): String(number)
    case .text(let text): text
    case .list(let list) where list.isEmpty: "none"
    case .list(let list):
      list.map { "\n" + indent + "- " + $0.text(indent: indent + "  ").trimmingStart }.joined()
    case .object(let object):
      object.sorted { $0.key < $1.key }.map { key, value in
        let text = value.text(indent: indent + "  ")
        return "\n" + indent + key + ":" + (text.hasPrefix("\n") ? text : " " + text)
      }.joined()
    }
  }
}

extension String {
  /// Without blanks and line ends in front.
  fileprivate var trimmingStart: String { String(drop { $0.isWhitespace }) }
}
