public import Authority
import Yams

/// The authority's data in YAML files: keys are property names, unknown ones are refused at every
/// depth.
public enum AuthorityFile {
  /// Reads a chamber's policy and judges it.
  ///
  /// - Throws: where the file cannot be read, a key is unknown or missing, or a value is wrong.
  public static func policy(_ path: String) throws(FileError) -> ChamberPolicy {
    let policy: ChamberPolicy = try read(path)
    do throws(AuthorityError) { try policy.validate() } catch {
      throw FileError(description: "\(path): \(error)")
    }
    return policy
  }

  /// Reads a holder's request; the authority judges it when it is registered.
  ///
  /// - Throws: where the file cannot be read, a key is unknown or missing, or a value is wrong.
  public static func application(_ path: String) throws(FileError) -> Application {
    try read(path)
  }

  /// Reads how a holder was identified; the authority judges it when it is told.
  ///
  /// - Throws: where the file cannot be read, a key is unknown or missing, or a value is wrong.
  public static func identity(_ path: String) throws(FileError) -> IdentityCheck {
    try read(path)
  }

  private static func read<Value: Codable>(_ path: String) throws(FileError) -> Value {
    let text = try TextFile.read(path)
    do {
      let value = try YAMLDecoder().decode(Value.self, from: text)
      // What is known is what the value writes: a misspelt optional key would pass for an absent one.
      if let written = try Yams.compose(yaml: text),
        let known = try Yams.compose(yaml: YAMLEncoder().encode(value))
      {
        try refuse(written, unknownTo: known, path)
      }
      return value
    } catch let error as FileError {
      throw error
    } catch let error as DecodingError {
      throw FileError(description: "\(path): \(error.sentence)")
    } catch {
      throw FileError(description: "\(path): not YAML: \(error)")
    }
  }

  private static func refuse(_ written: Node, unknownTo known: Node, _ path: String)
    throws(FileError)
  {
    if let written = written.mapping, let known = known.mapping {
      for (key, value) in written {
        guard let counterpart = known[key] else {
          let place = key.mark.map { ":\($0.line):\($0.column)" } ?? ""
          throw FileError(
            description: "\(path)\(place): unknown key \"\(key.string ?? "")\", or a key without "
              + "a value")
        }
        try refuse(value, unknownTo: counterpart, path)
      }
    } else if let written = written.sequence, let known = known.sequence {
      for (value, counterpart) in zip(written, known) {
        try refuse(value, unknownTo: counterpart, path)
      }
    }
  }
}
