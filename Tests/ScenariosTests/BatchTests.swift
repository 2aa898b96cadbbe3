import Foundation
import Scenarios
import Testing

/// Many scenarios in one run, and one run on many machines.
@Suite struct BatchTests {
  /// Writes scenarios that need no token, in the order of their names.
  private func folder(_ scenarios: [String: String]) throws -> String {
    let folder = try Files.scratch()
    for (name, steps) in scenarios {
      try "name: \(name)\nsteps: \(steps)\n"
        .write(toFile: folder + "/\(name).yaml", atomically: true, encoding: .utf8)
    }
    return folder
  }

  private func run(_ folder: String, _ arguments: [String] = [], environment: [String] = [])
    throws -> (status: Int32, output: String, names: [String])
  {
    let file = folder + "/results.json"
    try? FileManager.default.removeItem(atPath: file)
    let run = try Tool.softdna(
      ["run", folder, "--json", file] + arguments, environment: environment)
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return (run.status, run.output, try JSONReport.read(text, file: file).map(\.scenario))
  }

  private static let five = Dictionary(
    uniqueKeysWithValues: ["a", "b", "c", "d", "e"].map {
      ($0, "[{ advance-clock: { days: 1 } }]")
    })

  /// A scheduler's variables, and which scenarios they choose.
  struct Scheduler: CustomTestStringConvertible, Sendable {
    let name: String
    let variables: [String]
    let chosen: [String]
    var testDescription: String { name }
  }

  @Test(arguments: [
    Scheduler(
      name: "Kubernetes Indexed Job", variables: ["JOB_COMPLETION_INDEX=1", "JOB_COMPLETIONS=2"],
      chosen: ["b", "d"]),
    Scheduler(
      name: "GitLab parallel", variables: ["CI_NODE_INDEX=1", "CI_NODE_TOTAL=2"],
      chosen: ["a", "c", "e"]),
    Scheduler(
      name: "Slurm array",
      variables: [
        "SLURM_ARRAY_TASK_ID=12", "SLURM_ARRAY_TASK_MIN=10", "SLURM_ARRAY_TASK_COUNT=3",
      ], chosen: ["c"]),
  ])
  func `a scheduler's variables choose the part`(scheduler: Scheduler) throws {
    let told = try run(try folder(Self.five), environment: scheduler.variables)
    #expect(told.status == 0, "\(told.output)")
    #expect(told.names == scheduler.chosen)
  }

  @Test(arguments: [
    ["JOB_COMPLETION_INDEX=1"], ["CI_NODE_INDEX=5", "CI_NODE_TOTAL=2"],
    ["JOB_COMPLETION_INDEX=9223372036854775807", "JOB_COMPLETIONS=2"],
  ])
  func `a scheduler's variables that name no part end with 2`(variables: [String]) throws {
    let told = try Tool.softdna(["run", try folder(Self.five)], environment: variables)
    #expect(told.status == 2, "\(told.output)")
    #expect(told.output.contains("which part to run cannot be told"))
  }

  @Test func `scenarios with long names alike leave a trace each`() throws {
    let folder = try folder([:])
    let long = String(repeating: "a name of many words 漢字 ", count: 12)
    try """
    name: "\(long)"
    for-each: { day: [1, 2, 3] }
    steps: [{ advance-clock: { days: "${day}" } }]
    """.write(toFile: folder + "/long.yaml", atomically: true, encoding: .utf8)
    let told = try run(folder, ["--traces", folder + "/traces"])
    #expect(told.status == 0 && !told.output.contains("cannot be written"), "\(told.output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/traces").count == 3)
  }

  @Test func `names alike but for case, punctuation or file leave a trace each, always the same`()
    throws
  {
    let folder = try folder([:])
    for (file, name) in [
      ("1", "A token"), ("2", "a token"), ("3", "a, token!"), ("4", "a token"), ("5", "straße"),
      ("6", "STRASSE"), ("7", "alone"),
    ] {
      try "name: \"\(name)\"\nsteps: [{ advance-clock: { days: 1 } }]\n"
        .write(toFile: folder + "/\(file).yaml", atomically: true, encoding: .utf8)
    }
    func traces(_ arguments: String...) throws -> Set<String> {
      let target = try Files.scratch()
      let told = try run(folder, ["--traces", target] + arguments)
      #expect(told.status == 0, "\(told.output)")
      return Set(try FileManager.default.contentsOfDirectory(atPath: target))
    }
    let all = try traces()
    #expect(Set(all.map { $0.lowercased() }).count == 7 && all.contains("alone-direct.jsonl"))
    #expect(try traces() == all)
    #expect(try traces("--shard", "1/2").union(traces("--shard", "2/2")) == all)
  }

  @Test func `a folder may be named by a link to it`() throws {
    let folder = try folder(Self.five)
    let link = try Files.scratch() + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
    let run = try Tool.softdna("run", "--check", link)
    #expect(run.status == 0 && run.output == "5 scenarios, no errors\n", "\(run.output)")
  }

  @Test func `the option is stronger than the scheduler`() throws {
    let told = try run(
      try folder(Self.five), ["--shard", "5/5"],
      environment: ["CI_NODE_INDEX=1", "CI_NODE_TOTAL=5"])
    #expect(told.names == ["e"])
  }

  @Test func `fail-fast begins nothing after a failure; without it the rest is run`() throws {
    var scenarios = Self.five
    scenarios["b"] = "[{ host: { run: 'false' } }]"
    let folder = try folder(scenarios)
    let fast = try run(folder, ["--jobs", "1", "--fail-fast"])
    #expect(fast.status == 1 && fast.names == ["a", "b"])
    let whole = try run(folder, ["--jobs", "1"])
    #expect(whole.status == 1 && whole.names == ["a", "b", "c", "d", "e"])
  }

  @Test func `repeat runs everything so often, and a transcript that differs fails`() throws {
    let same = try run(
      try folder(["same": "[manufacture, { challenge: {} }]"]), ["--repeat", "3"])
    #expect(same.status == 0 && same.names == ["same", "same", "same"], "\(same.output)")
    // What the card is asked depends on how often it was asked before.
    let folder = try folder([:])
    try """
    name: differs
    steps:
      - manufacture
      - host: { run: 'echo >> \(folder)/n; printf %02d $(wc -l < \(folder)/n)', capture: length }
      - apdu: { send: "00840000${length}" }
    """.write(toFile: folder + "/differs.yaml", atomically: true, encoding: .utf8)
    let other = try run(folder, ["--repeat", "2", "--jobs", "1"])
    #expect(other.status == 1)
    #expect(other.output.contains("differs: its transcripts differ between repetitions"))
  }

  @Test func `the wall time of the run is printed`() throws {
    let told = try run(try folder(Self.five))
    #expect(told.output.contains(/5 passed, 0 failed in \d+\.\d\d s/), "\(told.output)")
  }
}
