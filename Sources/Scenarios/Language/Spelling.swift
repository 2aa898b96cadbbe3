/// Words for a word that is not known.
package enum Spelling {
  /// "unknown X "foo"; did you mean "fob"?", or the list where nothing is near.
  package static func unknown(_ what: String, _ word: String, among known: [String]) -> String {
    let near = known.map { (distance($0, word), $0) }.min { $0.0 < $1.0 }
    if let (distance, candidate) = near, distance <= max(2, word.count / 3) {
      return "unknown \(what) \"\(word)\"; did you mean \"\(candidate)\"?"
    }
    return known.isEmpty
      ? "unknown \(what) \"\(word)\"; it takes none"
      : "unknown \(what) \"\(word)\"; known: \(known.sorted().joined(separator: ", "))"
  }

  /// Fewest insertions, deletions and substitutions between two words.
  static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var previous = row[0]
      row[0] = index + 1
      for position in right.indices {
        let substituted = previous + (character == right[position] ? 0 : 1)
        previous = row[position + 1]
        row[position + 1] = min(substituted, row[position] + 1, row[position + 1] + 1)
      }
    }
    return row[right.count]
  }
}
