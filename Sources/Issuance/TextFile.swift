import HostFiles

/// A text file that somebody wrote by hand.
enum TextFile {
  /// All of it.
  ///
  /// - Throws: in words, why there is none or what it is instead.
  static func read(_ path: String) throws(FileError) -> String {
    let bytes: [UInt8]
    do throws(InputFile.Problem) { bytes = try InputFile.read(path, atMost: limit) } catch {
      throw FileError(description: error.description)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(description: "\(path): is no text in UTF-8")
    }
    return text
  }

  /// Far more than a holder or a policy needs, in bytes.
  private static let limit = 1 << 20
}
