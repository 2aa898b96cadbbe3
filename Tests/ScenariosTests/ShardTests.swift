import Testing

@testable import softdna

@Suite struct `The part that a scheduler gives` {
  private func part(_ variables: String) throws -> String? {
    let pairs = variables.split(separator: " ").map { $0.split(separator: "=") }
    let environment = Dictionary(
      uniqueKeysWithValues: pairs.map { (String($0[0]), $0.count > 1 ? String($0[1]) : "") })
    return try Shard.scheduled(by: environment).map { "\($0.index)/\($0.count)" }
  }

  @Test(
    arguments: [
      ("", nil), ("CI_NODE_TOTAL=1", nil), ("CI_NODE_INDEX= CI_NODE_TOTAL=", nil),
      ("CI_NODE_INDEX=1 CI_NODE_TOTAL=1", "1/1"), ("CI_NODE_INDEX=2 CI_NODE_TOTAL=4", "2/4"),
      ("JOB_COMPLETION_INDEX=0 JOB_COMPLETIONS=3", "1/3"),
      ("JOB_COMPLETION_INDEX=2 JOB_COMPLETIONS=3", "3/3"),
      ("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=2", "1/2"),
      (
        "SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1"
          + " SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=4", "3/3"
      ),
      (
        "CI_NODE_INDEX=2 CI_NODE_TOTAL=2 JOB_COMPLETION_INDEX=1 JOB_COMPLETIONS=2", "2/2"
      ),
    ] as [(String, String?)])
  func `is what its variables say`(variables: String, expected: String?) throws {
    #expect(try part(variables) == expected)
  }

  @Test(arguments: [
    "CI_NODE_INDEX=5 CI_NODE_TOTAL=2", "CI_NODE_INDEX=0 CI_NODE_TOTAL=2", "CI_NODE_INDEX=1",
    "CI_NODE_TOTAL=2", "CI_NODE_INDEX=-1 CI_NODE_TOTAL=2", "CI_NODE_INDEX=1 CI_NODE_TOTAL=0",
    "CI_NODE_INDEX=1 CI_NODE_TOTAL=-2", "CI_NODE_INDEX=one CI_NODE_TOTAL=2",
    "CI_NODE_INDEX=1.0 CI_NODE_TOTAL=2", "CI_NODE_INDEX=1 CI_NODE_TOTAL=20000",
    "CI_NODE_INDEX=9223372036854775807 CI_NODE_TOTAL=9223372036854775807",
    "CI_NODE_INDEX=-9223372036854775808 CI_NODE_TOTAL=2",
    "CI_NODE_INDEX=99999999999999999999 CI_NODE_TOTAL=2",
    "JOB_COMPLETION_INDEX=9223372036854775807 JOB_COMPLETIONS=2", "JOB_COMPLETION_INDEX=1",
    "JOB_COMPLETION_INDEX=2 JOB_COMPLETIONS=2", "JOB_COMPLETION_INDEX=-1 JOB_COMPLETIONS=2",
    "SLURM_ARRAY_TASK_ID=1", "SLURM_ARRAY_TASK_COUNT=2",
    "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=2",
    "SLURM_ARRAY_TASK_ID=9223372036854775807 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=-1",
    "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_STEP=0",
    "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=2",
    // A list of tasks: 1, 5 and 7.
    "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7",
    "CI_NODE_INDEX=1 CI_NODE_TOTAL=2 JOB_COMPLETION_INDEX=1 JOB_COMPLETIONS=2",
  ])
  func `is refused where a part could be left out or run twice`(variables: String) throws {
    let failure = #expect(throws: Failure.self) { try part(variables) }
    #expect(failure?.status == 2 && failure?.message.contains("--shard") == true)
  }
}
