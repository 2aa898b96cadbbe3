import Foundation

/// A page of documentation, for what can be run of it.
///
/// Fenced blocks say by their language what they are: `sh` is a script, `console` a session with
/// prompts and what is answered, `yaml file=NAME` and its like a file the reader saves. A script
/// or session whose first line is a comment beginning with `notRun` is for the reader only.
struct DocumentPage {
  /// A fenced block.
  struct Block {
    let language: String
    /// The file the reader is told to save it as.
    let fileName: String?
    /// The number of its first line in the page.
    let line: Int
    let lines: [String]

    /// Why no test runs it; nil where one does.
    var notRunReason: String? {
      guard let first = lines.first, first.hasPrefix(DocumentPage.notRun) else { return nil }
      return first.dropFirst(DocumentPage.notRun.count).trimmingCharacters(in: .whitespaces)
    }

    var isCommands: Bool { ["sh", "console"].contains(language) }
  }

  static let notRun = "# not run by the tests:"

  /// Its path in the repository.
  let path: String
  let blocks: [Block]

  /// The pages whose commands are tested: what a user reads.
  static func all() throws -> [DocumentPage] {
    let user = try FileManager.default.contentsOfDirectory(
      atPath: Softdna.repository + "/docs/user")
    let paths =
      ["README.md", "vsmartcard/README.md"]
      + user.filter { $0.hasSuffix(".md") }.sorted().map { "docs/user/" + $0 }
    return try paths.map(DocumentPage.init)
  }

  init(path: String) throws {
    self.path = path
    let text = try String(contentsOfFile: Softdna.repository + "/" + path, encoding: .utf8)
    var blocks: [Block] = []
    var open: (indent: Int, info: [String], line: Int)?
    var content: [String] = []
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      let indent = line.prefix { $0 == " " }.count
      if line.dropFirst(indent).hasPrefix("```") {
        if let (_, info, first) = open {
          blocks.append(
            Block(
              language: info.first ?? "",
              fileName: info.first { $0.hasPrefix("file=") }.map { String($0.dropFirst(5)) },
              line: first, lines: content))
          open = nil
        } else {
          let info = line.dropFirst(indent + 3).split(separator: " ").map(String.init)
          (open, content) = ((indent, info, index + 2), [])
        }
      } else if let (outer, _, _) = open {
        content.append(String(line.dropFirst(min(outer, indent))))
      }
    }
    self.blocks = blocks
  }
}

/// A session with a shell as a page shows it.
struct ConsoleSession {
  /// One command and the lines that are to follow.
  struct Exchange {
    var command: String
    var output: [String] = []

    /// Whether a program's answer is what the page shows. `…` stands for any number of lines where
    /// it is alone on its own, and for any characters in a line.
    func matches(_ text: String) -> Bool {
      var lines = text.components(separatedBy: "\n")
      while lines.last?.isEmpty == true { lines.removeLast() }
      var shown = output
      while shown.last?.isEmpty == true { shown.removeLast() }
      return Self.match(shown[...], lines[...])
    }

    private static func match(_ shown: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
      guard let first = shown.first else { return lines.isEmpty }
      if first.trimmingCharacters(in: .whitespaces) == "…" {
        return match(shown.dropFirst(), lines)
          || (!lines.isEmpty && match(shown, lines.dropFirst()))
      }
      guard let line = lines.first, isLike(first, line) else { return false }
      return match(shown.dropFirst(), lines.dropFirst())
    }

    private static func isLike(_ shown: String, _ line: String) -> Bool {
      let pattern = shown.components(separatedBy: "…")
        .map(NSRegularExpression.escapedPattern(for:)).joined(separator: ".*")
      return line.range(of: "^\(pattern)\\s*$", options: .regularExpression) != nil
    }
  }

  private(set) var exchanges: [Exchange] = []

  /// - Parameter lines: `$ ` begins a command, `> ` goes on with it, everything else is output.
  init(_ lines: [String]) {
    for line in lines {
      if line.hasPrefix("$ ") {
        exchanges.append(Exchange(command: String(line.dropFirst(2))))
      } else if exchanges.isEmpty {
        continue
      } else if line.hasPrefix("> "), exchanges[exchanges.count - 1].output.isEmpty {
        exchanges[exchanges.count - 1].command += "\n" + line.dropFirst(2)
      } else {
        exchanges[exchanges.count - 1].output.append(line)
      }
    }
  }
}
