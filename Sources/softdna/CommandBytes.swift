import Foundation
import HostFiles
import ISO7816

/// Command APDUs as people write them: an argument or a line each, in hexadecimal.
enum CommandBytes {
  /// The bytes of each argument, or of each line of standard input where there are no arguments.
  ///
  /// - Throws: where an argument is no APDU: none has been sent then. A line is judged when it comes.
  static func sequence(of arguments: [String]) throws -> AnySequence<Result<[UInt8], Failure>> {
    guard arguments.isEmpty else {
      let commands = arguments.filter { !isBlank($0) }.map { bytes(of: $0) }
      for command in commands { _ = try command.get() }
      return AnySequence(commands)
    }
    return AnySequence {
      var lines = InputLines(descriptor: STDIN_FILENO, atMost: longestLine)
      return AnyIterator {
        do throws(InputFile.Problem) {
          while let line = try lines.next() {
            if !isBlank(line) { return bytes(of: line) }
          }
          return nil
        } catch {
          return .failure(Failure(error))
        }
      }
    }
  }

  /// The longest APDU has 65,544 bytes, written here with blanks between them.
  private static let longestLine = 1 << 18

  private static func isBlank(_ line: String) -> Bool {
    line.trimmingCharacters(in: .whitespaces).isEmpty
  }

  private static func bytes(of text: String) -> Result<[UInt8], Failure> {
    guard let bytes = Hex.bytes(text), !bytes.isEmpty else {
      return .failure(
        Failure("\"\(text)\" is no APDU: write pairs of hexadecimal digits, as in 00A4000C023F00"))
    }
    return .success(bytes)
  }
}
