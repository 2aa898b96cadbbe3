/// An e-mail address as a header can hold it: a mailbox of RFC 5321, 4.1.2, in ASCII, whose local part
/// needs no quotes and whose domain is a name.
public struct EMailAddress: Equatable, Sendable, CustomStringConvertible {
  /// `local@domain`.
  public let description: String

  /// An address from text.
  ///
  /// - Throws: rule `field` with `eMail`, and what is wrong.
  public init(_ text: String) throws(AuthorityError) {
    guard let defect = Self.defect(of: text) else {
      description = text
      return
    }
    throw AuthorityError(
      "reading an e-mail address", .field("eMail"),
      "\"\(String(text.prefix(80)).printable)\" is not an e-mail address: \(defect)")
  }

  /// Why this is no address, or nil.
  private static func defect(of text: String) -> String? {
    // 4.5.3.1.3: 254 characters fit into a path with its brackets.
    guard text.utf8.count <= 254 else { return "it has \(text.utf8.count) bytes, 254 are the most" }
    guard let at = text.utf8.firstIndex(of: UInt8(ascii: "@")) else { return "there is no @" }
    let local = text[..<at]
    let domain = text[text.utf8.index(after: at)...]
    // 4.5.3.1.1
    guard (1...64).contains(local.utf8.count) else { return "1 to 64 characters come before the @" }
    guard isDotted(local, isAtom) else {
      return "before the @ come letters, digits, !#$%&'*+-/=?^_`{|}~ and single dots between them"
    }
    guard isDotted(domain, isLabel) else {
      return "after the @ comes a domain: names of 1 to 63 letters, digits and inner hyphens, with "
        + "single dots between them"
    }
    return nil
  }

  private static func isDotted(_ text: Substring, _ isPart: (Substring.UTF8View) -> Bool) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { isPart(Substring($0).utf8) }
  }

  /// atext (RFC 5322, 3.2.3), once or more.
  private static func isAtom(_ text: Substring.UTF8View) -> Bool {
    !text.isEmpty
      && text.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
  }

  /// sub-domain (RFC 5321, 4.1.2), as long as RFC 1035 allows.
  private static func isLabel(_ text: Substring.UTF8View) -> Bool {
    (1...63).contains(text.count) && text.allSatisfy { isLetterOrDigit($0) || $0 == hyphen }
      && text.first != hyphen && text.last != hyphen
  }

  private static let hyphen = UInt8(ascii: "-")

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
