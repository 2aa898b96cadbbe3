import Foundation
import Scenarios
import Testing

/// Every broken file says in its first line what is wrong with it, and where: LINE:COLUMN MESSAGE,
/// or FILE:LINE:COLUMN MESSAGE where the mistake is in a fragment.
@Suite struct BrokenFileTests {
  static let files = Files.yaml(in: Files.broken).filter { !$0.contains("/fragments/") }

  @Test func `there are twenty at least`() { #expect(Self.files.count >= 20) }

  @Test(arguments: files)
  func `a broken file is refused with line, column and a useful sentence`(file: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let first = try #require(text.split(separator: "\n").first)
    let expected = first.dropFirst(2).replacing("FOLDER", with: Files.broken)
    let words = expected.split(separator: " ", maxSplits: 1)
    let place = words[0].split(separator: ":")
    let error = try #require(throws: ScenarioError.self) { try Scenario.read(file) }
    #expect(error.message == words[1])
    let name = place.count == 3 ? Files.broken + "/" + place[0] : file
    #expect(error.place.description == "\(name):\(place.suffix(2).joined(separator: ":"))")
  }

  @Test func `the command line tells of every broken file and runs nothing`() throws {
    let run = try Tool.softdna("run", Files.broken, Files.library + "/issuance.yaml")
    #expect(run.status == 2)
    for file in Self.files where !file.contains("include-circle") && !file.contains("fragment-key")
    {
      #expect(run.output.contains(file + ":"))
    }
    #expect(!run.output.contains("transcript"))
  }
}
