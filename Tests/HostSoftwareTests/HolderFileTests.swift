import Foundation
import Testing

@Suite("softdna issue --holder", .runs())
struct HolderFileTests {
  private static let lines = [
    "surname: ROSSI TEST", "name: MARIO", "codiceFiscale: RSSMRA80A01X999W", "sex: M",
    "birthDate: 1980-01-01", "birthTownshipCode: X999", "birthPlace: CITTA DI PROVA (TEST)",
    "citizenship: ITA", "residenceTownshipCode: X999", "residenceAddress: VIA DELLE PROVE 0",
    "eMail: mario.rossi@softdna.invalid", #"phone: "+39 000 0000000""#,
  ]

  private func issue(_ lines: [String], in folder: TemporaryFolder) async throws -> Outcome {
    try folder.write(lines.joined(separator: "\n") + "\n", to: "holder.yaml")
    return try await Softdna.run(
      ["issue", "--state", "state", "--seed", "1", "--holder", "holder.yaml"], in: folder)
  }

  @Test("issues to that holder", .runsInAWorld(.opensc))
  func holder() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await issue(Self.lines, in: folder)
    #expect(outcome.status == 0 && outcome.output.contains("RSSMRA80A01X999W"), "\(outcome)")
    let dump = try await Softdna.run(
      ["exec", "--state", "state", "--", "pkcs15-tool", "-D"], in: folder)
    #expect(dump.output.hasPrefix("PKCS#15 Card [MARIO ROSSI TEST]:\n"), "\(dump)")
  }

  /// One line in place of another, and what must be said of it.
  struct Mistake: CustomTestStringConvertible, Sendable {
    let line: Int
    let text: String
    let field: String
    let reason: String
    var testDescription: String { text }
  }

  @Test(
    "names file, line and field of a mistake, and makes nothing",
    arguments: [
      Mistake(line: 2, text: "nome: MARIO", field: "nome", reason: "unknown key"),
      Mistake(
        line: 3, text: "codiceFiscale: RSSMRA80A01X999A", field: "codiceFiscale",
        reason: "check letter"),
      Mistake(
        line: 3, text: "codiceFiscale: VRDMRA80A01X999S", field: "codiceFiscale",
        reason: "surname"),
      Mistake(line: 4, text: "sex: X", field: "sex", reason: "X"),
      Mistake(line: 5, text: "birthDate: 1980-13-01", field: "birthDate", reason: "1980-13-01"),
      Mistake(
        line: 8, text: "citizenship: italiana", field: "citizenship",
        reason: "three capital letters"),
    ])
  func mistake(mistake: Mistake) async throws {
    let folder = try TemporaryFolder()
    var lines = Self.lines
    lines[mistake.line - 1] = mistake.text
    let outcome = try await issue(lines, in: folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.errors.contains("softdna: holder.yaml:\(mistake.line):"), "\(outcome)")
    #expect(outcome.errors.contains(mistake.field), "\(outcome)")
    #expect(outcome.errors.contains(mistake.reason), "\(outcome)")
    #expect(folder.entries == ["holder.yaml"])
  }

  @Test("names a field that is missing")
  func missing() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await issue(Array(Self.lines.dropLast()), in: folder)
    #expect(outcome.status == 2, "\(outcome)")
    #expect(
      outcome.errors.contains("softdna: holder.yaml: the key phone is missing"), "\(outcome)")
    #expect(folder.entries == ["holder.yaml"])
  }

  @Test(
    "names a file that cannot be read, and says why",
    arguments: [
      ("none.yaml", "No such file or directory"), (".", "is no file that can be read"),
      ("bytes.yaml", "is no text in UTF-8"), ("empty.yaml", "a holder is a list of"),
    ])
  func noFile(file: String, reason: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write(Data([0x73, 0xFF, 0xFE]), to: "bytes.yaml")
    try folder.write("", to: "empty.yaml")
    for command in [["issue", "--holder", file], ["authority", "register", file]] {
      let outcome = try await Softdna.run(command + ["--state", "state"], in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains("softdna: \(file): "), "\(outcome)")
      #expect(command[0] == "authority" || outcome.errors.contains(reason), "\(outcome)")
    }
    #expect(!folder.exists("state"))
  }
}
