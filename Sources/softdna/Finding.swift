import Traces

/// One thing that was looked for.
struct Finding {
  let name: String
  let isThere: Bool
  /// Where it is, or what was found in its place.
  let found: String
  let purpose: String
  /// The command that fixes it; empty where it is there.
  let fix: String
  var isOptional = false

  var json: String {
    let texts = [("name", name), ("found", found), ("purpose", purpose), ("fix", fix)]
    return "{" + texts.map { "\"\($0)\":\(JSONText.quoted($1))" }.joined(separator: ",")
      + ",\"there\":\(isThere),\"optional\":\(isOptional)}"
  }
}
