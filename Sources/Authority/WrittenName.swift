extension String {
  /// Why this is not how somebody or something is called in the books, or nil.
  var defectAsName: String? {
    guard contains(where: { $0.isLetter || $0.isNumber }) else { return "is missing" }
    guard !unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      return "contains a control character"
    }
    return utf8.count > 255 ? "has \(utf8.count) bytes; 255 are the most" : nil
  }
}
