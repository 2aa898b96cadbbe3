/// A D-Bus signature taken apart: complete types, one after the other.
enum BusSignature {
  /// The complete types of a signature: "oa{sv}" has two. Nil where it is none.
  static func types(of signature: Substring) -> [Substring]? {
    var types: [Substring] = []
    var rest = signature
    while !rest.isEmpty {
      guard let end = endOfType(in: rest) else { return nil }
      types.append(rest[..<end])
      rest = rest[end...]
    }
    return types
  }

  /// Where the first complete type ends.
  private static func endOfType(in signature: Substring) -> Substring.Index? {
    guard let first = signature.first else { return nil }
    let next = signature.index(after: signature.startIndex)
    switch first {
    case "a": return endOfType(in: signature[next...])
    case "(": return end(of: ")", in: signature[next...])
    case "{": return end(of: "}", in: signature[next...])
    case "y", "b", "n", "q", "i", "u", "x", "t", "d", "s", "o", "g", "h", "v": return next
    default: return nil
    }
  }

  private static func end(of closing: Character, in signature: Substring) -> Substring.Index? {
    var rest = signature
    while let first = rest.first, first != closing {
      guard let end = endOfType(in: rest) else { return nil }
      rest = rest[end...]
    }
    return rest.isEmpty ? nil : rest.index(after: rest.startIndex)
  }
}
