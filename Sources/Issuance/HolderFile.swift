public import Authority
import Yams

/// A holder's data in a YAML file: the properties of `Holder` as keys.
public enum HolderFile {
  /// Reads a holder and judges every field.
  ///
  /// - Throws: where the file cannot be read, a key is unknown or missing, or a value is wrong.
  public static func read(_ path: String) throws -> Holder {
    let text = try TextFile.read(path)
    do {
      let places = try places(in: text, path)
      func place(_ key: String?) -> String { key.flatMap { places[$0] } ?? "" }
      do {
        let holder = try YAMLDecoder().decode(Holder.self, from: text)
        try holder.validate()
        return holder
      } catch let error as DecodingError {
        let place = place(error.keys.first?.stringValue)
        throw FileError(description: "\(path)\(place): \(error.sentence)")
      } catch let error as AuthorityError {
        guard case .field(let key) = error.rule else {
          throw FileError(description: "\(path): \(error)")
        }
        throw FileError(description: "\(path)\(place(key)): \(key): \(error.reason)")
      }
    } catch let error as YamlError {
      throw FileError(description: "\(path): not YAML: \(error)")
    }
  }

  /// Where each key is, as `:LINE:COLUMN`. A misspelt key must not pass for an absent one; the
  /// decoder alone would let it.
  private static func places(in text: String, _ path: String) throws -> [String: String] {
    var example = Holder.fictitious
    example.companyRole = CompanyRole(company: "", role: "")
    guard
      let known = try Yams.compose(yaml: YAMLEncoder().encode(example))?.mapping?.keys
        .compactMap(\.string),
      let written = try Yams.compose(yaml: text)?.mapping
    else { throw FileError(description: "\(path): a holder is a list of key: value lines") }
    var places: [String: String] = [:]
    for key in written.keys {
      let (name, place) = (key.string ?? "", key.mark.map { ":\($0.line):\($0.column)" } ?? "")
      guard known.contains(name) else {
        throw FileError(
          description: "\(path)\(place): unknown key \"\(name)\"; known: "
            + known.joined(separator: ", "))
      }
      places[name] = place
    }
    return places
  }
}
