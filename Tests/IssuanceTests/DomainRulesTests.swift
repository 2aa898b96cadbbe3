import Foundation
import Testing

@Suite("docs/domain-rules.md") struct DomainRulesTests {
  @Test("names a test for every rule, and each of them exists under its name")
  func rules() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
    let rows = try text("docs/domain-rules.md").split(separator: "\n")
      .filter { $0.hasPrefix("| ") }.dropFirst()
      .map { row in
        row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
          $0.trimmingCharacters(in: .whitespaces)
        }
      }
    #expect(rows.count > 50)
    var rule = ""
    for row in rows {
      try #require(row.count == 3, "\(row)")
      if row[0].hasPrefix("**") { continue }
      if !row[0].isEmpty { rule = row[0] }
      #expect(!row[1].isEmpty && !row[2].isEmpty, "\(rule) has no test")
      let source = try text(row[1])
      let name = row[1].hasSuffix(".yaml") ? "name: \(row[2])\n" : "\"\(row[2])\""
      #expect(source.contains(name), "\(rule): \(row[2]) is not in \(row[1])")
    }
  }
}
