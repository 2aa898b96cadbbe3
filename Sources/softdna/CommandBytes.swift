import Foundation
import ISO7816

/// Command APDUs as people write them: an argument or a line each, in hexadecimal.
enum CommandBytes {
  /// The bytes of each argument, or of each line of standard input where there are no arguments.
  ///
  /// - Throws: where an argument is no APDU: none has been sent then. A line is judged when it comes.
  static func sequence(of arguments: [String]) throws -> AnySequence<Result<[UInt8], Failure>> {
    let lines: AnySequence<String> =
      arguments.isEmpty ? AnySequence { AnyIterator { readLine() } } : AnySequence(arguments)
    let commands = lines.lazy.filter { !$0.trimmingCharacters(in: .whitespaces).isEmpty }
      .map { bytes(of: $0) }
    if !arguments.isEmpty { for command in commands { _ = try command.get() } }
    return AnySequence(commands)
  }

  private static func bytes(of text: String) -> Result<[UInt8], Failure> {
    guard let bytes = Hex.bytes(text), !bytes.isEmpty else {
      return .failure(
        Failure("\"\(text)\" is no APDU: write pairs of hexadecimal digits, as in 00A4000C023F00"))
    }
    return .success(bytes)
  }
}
