extension String {
  /// Why this is not how somebody or something is called in the books, or nil.
  var defectAsName: String? {
    guard contains(where: { $0.isLetter || $0.isNumber }) else { return "is missing" }
    guard unicodeScalars.allSatisfy(\.isWritten) else { return "contains a control character" }
    return utf8.count > 255 ? "has \(utf8.count) bytes; 255 are the most" : nil
  }

  /// The text in one line, what cannot be seen in it as escapes: for messages about it.
  var printable: String {
    unicodeScalars.map { $0.isWritten ? String($0) : $0.escaped(asASCII: true) }.joined()
  }
}

extension Unicode.Scalar {
  /// Whether one sees it and nothing else happens: no control, no line end, no mark that turns the
  /// writing round or hides in it.
  fileprivate var isWritten: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}
