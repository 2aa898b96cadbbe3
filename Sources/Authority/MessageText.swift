import Foundation

extension Message {
  /// The message as RFC 5322 writes it. Nothing in it can end a header line, and there is one recipient
  /// or, where an earlier version took something for an address that is none, nobody.
  var text: String {
    let date = Day(at)
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let second = Int(at.timeIntervalSince1970) - date.number * 86_400
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    let time = [second / 3600, second / 60 % 60, second % 60].map(two).joined(separator: ":")
    let address = (try? EMailAddress(recipient)).map { "<\($0)>" } ?? "undisclosed-recipients:;"
    let header = [
      "From: softdna TEST authority <no-reply@softdna.invalid>", "To: \(address)",
      "Subject: \(Self.unstructured(subject))",
      "Date: \(date.dayOfMonth) \(months[date.month - 1]) \(date.year) \(time) +0000",
      "Message-ID: <\(id).\(Int(at.timeIntervalSince1970))@softdna.invalid>",
      "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
    ]
    // RFC 5322, 2.3: CR and LF only together.
    let lines = body.split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
    return (header + [""] + lines).joined(separator: "\r\n") + "\r\n"
  }

  /// A header's text: as it is where every mail program reads it so, and else as encoded words (RFC
  /// 2047), each a line, of whole characters.
  private static func unstructured(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    guard !isPlain || text.contains("=?") || text.utf8.count > 900 else { return text }
    var words: [[UInt8]] = [[]]
    for character in text.unicodeScalars {
      let bytes = Array(String(character).utf8)
      // 39 bytes are 52 in base64: with what is around them a line has no more than 76 characters.
      if words[words.count - 1].count + bytes.count > 39 { words.append([]) }
      words[words.count - 1] += bytes
    }
    return words.map { "=?UTF-8?B?\(Data($0).base64EncodedString())?=" }
      .joined(separator: "\r\n ")
  }
}
