import Foundation

/// The JSON Schema of the language (draft 2020-12), made from the same declarations that reading
/// checks against, for editors and other people's tools.
public enum Schema {
  /// The whole document.
  public static var text: String {
    let document: [String: Any] = [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "softdna scenario",
      "description": "A token's life, step by step; a fragment is a list of steps to include.",
      "if": ["required": ["fragment"]],
      "then": mapping(StepReader.fragmentKeys),
      "else": mapping(Scenario.keys),
      "$defs": ["step": ["anyOf": steps]],
    ]
    let options: JSONSerialization.WritingOptions = [
      .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
    ]
    // Dictionaries, arrays, strings and numbers always encode.
    let data = (try? JSONSerialization.data(withJSONObject: document, options: options)) ?? Data()
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// A step is its word, or an object with its word as the only key.
  private static var steps: [[String: Any]] {
    let types = Vocabulary.steps.map { ($0.keyword, $0.summary, $0.keys) }
    let words = types.filter { !$0.2.contains(where: \.isRequired) }.map(\.0)
    let include: [String: Any] = [
      "anyOf": [["type": "string"], mapping(StepReader.includeKeys)],
      "description": "the steps of a fragment, in this place",
    ]
    var alternatives: [[String: Any]] = [
      either("^\(variable)$", ["enum": words.sorted()]),
      object(["include": include], required: ["include"]),
    ]
    for (keyword, summary, keys) in types {
      var values: [String: Any] = mapping(keys)
      values["description"] = summary
      if !keys.contains(where: \.isRequired) { values["type"] = ["object", "null"] }
      alternatives.append(object([keyword: values], required: [keyword]))
    }
    return alternatives
  }

  private static func mapping(_ keys: [Key]) -> [String: Any] {
    var properties: [String: Any] = [:]
    for key in keys {
      var value = schema(of: key.kind)
      value["description"] = key.summary
      properties[key.name] = value
    }
    return object(properties, required: keys.filter(\.isRequired).map(\.name))
  }

  private static func object(_ properties: [String: Any], required: [String]) -> [String: Any] {
    var object: [String: Any] = [
      "type": "object", "properties": properties, "additionalProperties": false,
    ]
    if !required.isEmpty { object["required"] = required }
    return object
  }

  /// YAML takes `9000` for a number and `no` for a truth value; here both are text.
  private static var scalar: [String: Any] { ["type": ["string", "number", "boolean"]] }
  private static let variable = "\\$\\{[a-z][a-z0-9-]*\\}"

  private static func schema(of kind: Key.Kind) -> [String: Any] {
    switch kind {
    case .text: scalar
    case .bytes: either("^([0-9A-Fa-fxX: ]|\(variable))*$", ["type": "integer"])
    case .number(let range):
      either(
        "^\(variable)$",
        range.upperBound == Int.max
          ? ["type": "integer", "minimum": range.lowerBound]
          : ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound])
    case .choice(let words):
      either(
        "^\(variable)$",
        ["enum": words as [Any] + (words.contains("yes") ? [true, false] : [])])
    case .status:
      either(
        "^([0-9A-Fa-fXx]|\\[[0-9A-Fa-f-]+\\]|\(variable))+$", ["type": "number"])
    case .day: either("^([0-9]{4}-[0-9]{2}-[0-9]{2}|\(variable))$", nil)
    case .variable: ["type": "string", "pattern": "^[a-z][a-z0-9-]*$"]
    case .texts: ["anyOf": [scalar, ["type": "array", "items": scalar]]]
    case .values: named(scalar)
    case .alternatives: named(["type": "array", "items": scalar, "minItems": 1])
    case .holder(let keys):
      [
        "anyOf": [
          ["type": "string"],
          object(Dictionary(uniqueKeysWithValues: keys.map { ($0, scalar) }), required: []),
        ]
      ]
    case .steps: ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/step"]]
    }
  }

  private static func either(_ pattern: String, _ other: [String: Any]?) -> [String: Any] {
    let text: [String: Any] = ["type": "string", "pattern": pattern]
    return other.map { ["anyOf": [text, $0]] } ?? text
  }

  private static func named(_ value: [String: Any]) -> [String: Any] {
    [
      "type": "object", "additionalProperties": false,
      "patternProperties": ["^[a-z][a-z0-9-]*$": value],
    ]
  }
}
