/// A file of the authority's data does not say what it should.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// FILE:LINE:COLUMN or FILE, and what is wrong.
  public let description: String
}

extension DecodingError {
  /// Where in the file it is: the keys from the top down. A missing key is not in it.
  var keys: [any CodingKey] {
    switch self {
    case .keyNotFound(_, let context), .valueNotFound(_, let context),
      .typeMismatch(_, let context), .dataCorrupted(let context):
      context.codingPath
    @unknown default: []
    }
  }

  /// What is wrong, with the key: "holder.sex: …".
  var sentence: String {
    func place(_ last: (any CodingKey)? = nil) -> String {
      (keys + [last].compactMap { $0 }).map { key in
        key.intValue.map { "[\($0)]" } ?? key.stringValue
      }.joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, _): return "the key \(place(key)) is missing"
    case .valueNotFound(_, let context), .typeMismatch(_, let context),
      .dataCorrupted(let context):
      return "\(place()): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
