import Foundation
import Scenarios
import Testing

@Suite struct SchemaTests {
  private static let file = Files.library + "/scenario.schema.json"

  @Test func `the schema that is checked in is the one the code makes`() throws {
    let written = try String(contentsOfFile: Self.file, encoding: .utf8)
    #expect(written == Schema.text, "softdna run --schema > scenarios/scenario.schema.json")
  }

  @Test func `every shipped file fits the schema, by somebody else's validator`() throws {
    let files = Files.yaml(in: Files.library).filter { !$0.contains("/policies/") }
    let validation = try Tool(
      ["/usr/bin/python3", Files.tests + "/validate.py", Self.file] + files)
    #expect(validation.status == 0, "\(validation.output)")
  }

  @Test func `a file with a misspelt key does not`() throws {
    let validation = try Tool(
      [
        "/usr/bin/python3", Files.tests + "/validate.py", Self.file,
        Files.broken + "/01-misspelt-key.yaml",
      ])
    #expect(validation.status == 1)
    #expect(validation.output.contains("expct"))
  }

  @Test func `every shipped file names the schema for editors, and its source`() throws {
    for file in Files.yaml(in: Files.library) where !file.contains("/policies/") {
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let depth = file.dropFirst(Files.library.count).split(separator: "/").count - 1
      let path = depth == 0 ? "./" : String(repeating: "../", count: depth)
      #expect(
        text.hasPrefix("# yaml-language-server: $schema=\(path)scenario.schema.json\n"), "\(file)")
      if !file.contains("/fragments/") { #expect(text.contains("\nsource: "), "\(file)") }
    }
  }
}
