public import Authority
import Foundation
import Yams

/// A holder's data in a YAML file: the properties of `Holder` as keys.
public enum HolderFile {
  /// The file does not say what it should.
  public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// FILE:LINE:COLUMN or FILE, and what is wrong.
    public let description: String
  }

  /// Reads a holder and judges every field.
  ///
  /// - Throws: where the file cannot be read, a key is unknown or missing, or a value is wrong.
  public static func read(_ path: String) throws -> Holder {
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else { throw FileError(description: "\(path): cannot be read as UTF-8 text") }
    let holder: Holder
    do {
      try refuseUnknownKeys(text, path)
      holder = try YAMLDecoder().decode(Holder.self, from: text)
    } catch let error as DecodingError {
      throw FileError(description: "\(path): \(sentence(error))")
    } catch let error as YamlError {
      throw FileError(description: "\(path): not YAML: \(error)")
    }
    do throws(AuthorityError) { try holder.validate() } catch {
      throw FileError(description: "\(path): \(error)")
    }
    return holder
  }

  /// A misspelt key must not pass for an absent one; the decoder alone would let it.
  private static func refuseUnknownKeys(_ text: String, _ path: String) throws {
    var example = Holder.fictitious
    example.companyRole = CompanyRole(company: "", role: "")
    guard
      let known = try Yams.compose(yaml: YAMLEncoder().encode(example))?.mapping?.keys
        .compactMap(\.string),
      let written = try Yams.compose(yaml: text)?.mapping
    else { throw FileError(description: "\(path): a holder is a list of key: value lines") }
    for key in written.keys where !known.contains(key.string ?? "") {
      let place = key.mark.map { ":\($0.line):\($0.column)" } ?? ""
      throw FileError(
        description: "\(path)\(place): unknown key \"\(key.string ?? "")\"; known: "
          + known.joined(separator: ", "))
    }
  }

  private static func sentence(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "the key \(key.stringValue) is missing"
    case .valueNotFound(_, let context), .typeMismatch(_, let context),
      .dataCorrupted(let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }
}
