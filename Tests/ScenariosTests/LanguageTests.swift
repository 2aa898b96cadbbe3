import Authority
import Foundation
import Scenarios
import Testing

@Suite struct LanguageTests {
  private func read(_ text: String) throws -> [Scenario] {
    try Scenario.parse(text, file: Files.broken + "/text.yaml")
  }

  @Test func `a matrix makes one named scenario for each combination`() throws {
    let scenarios = try read(
      """
      name: All
      for-each: { chip: [current, jsign3], key: [cns, signature] }
      chip: "${chip}"
      steps:
        - sign: { key: "${key}" }
      """)
    #expect(
      scenarios.map(\.name) == [
        "All [chip=current, key=cns]", "All [chip=current, key=signature]",
        "All [chip=jsign3, key=cns]", "All [chip=jsign3, key=signature]",
      ])
    #expect(scenarios.map(\.chip) == [.current, .current, .jsign3, .jsign3])
  }

  @Test func `a variable may use one that is defined before it`() throws {
    let scenario = try #require(
      try read("name: V\nlet: { a: '20', b: '${a}27' }\ndate: \"${b}-01-31\"\nsteps: [issue]")
        .first)
    #expect(scenario.date.description == "2027-01-31")
  }

  @Test func `the shell's own variables are written with two dollars`() throws {
    #expect(throws: ScenarioError.self) {
      try read("name: V\nsteps: [{ host: { run: 'echo ${HOME}' } }]")
    }
    _ = try read("name: V\nsteps: [{ host: { run: 'echo $${HOME} $HOME' } }]")
  }

  @Test func `a holder differs from the fictitious one where the file says so`() throws {
    let scenario = try #require(
      try read("name: H\nholder: { citizenship: FRA, name: ALTRA }\nsteps: [issue]").first)
    #expect(scenario.holder.citizenship == "FRA")
    #expect(scenario.holder.surname == Holder.fictitious.surname)
    // The code follows from the name.
    #expect(scenario.holder.codiceFiscale.hasPrefix("PRVLTR"))
    try scenario.holder.validate()
  }

  @Test(arguments: ["9000", "63Cx", "6[A-F]xx", "XXXX", "6[3A]00"])
  func `a status pattern is four digits`(text: String) {
    #expect(StatusPattern(text) != nil)
  }

  @Test(arguments: ["900", "90000", "63G2", "6[F-A]00", "6[]00", "6[A00", ""])
  func `anything else is none`(text: String) { #expect(StatusPattern(text) == nil) }

  @Test func `every step says what it does and which keys it takes`() {
    for step in Vocabulary.steps {
      #expect(!step.summary.isEmpty)
      #expect(Set(step.keys.map(\.name)).count == step.keys.count)
    }
    #expect(Set(Vocabulary.steps.map { $0.keyword }).count == Vocabulary.steps.count)
  }
}
