import ArgumentParser
import Authority
import Cryptography
import Foundation
import Issuance
import Terminal

/// `softdna issue`.
struct IssueCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "issue",
    abstract: "Issue a token: personalise an empty chip, certify its keys, print the scratch card.",
    discussion: """
      Keys are generated in the token; structure, contents and certificates are written with \
      command APDUs. Without --holder a fictitious holder is used. With --seed everything but the \
      clock is reproducible, private keys included: such a token is no secret.
      """)

  @OptionGroup var state: StateOption
  @Option(help: "The holder's data, a YAML file.") var holder: String?
  @Option(help: "The chip: \(Chip.allNames).") var chip: Chip = .current
  @Option(help: "The device's form: \(DeviceKind.allNames).") var device: DeviceKind = .token
  @Option(help: "Make everything but the clock reproducible.") var seed: UInt64?
  @Option(help: "The chamber's policy, a YAML file as in scenarios/policies/.") var chamber: String?
  @Option(help: "The day of issue, YYYY-MM-DD; today by default.") var date: Day?
  @OptionGroup(title: "Policy") var policy: PolicyOptions
  @Flag(help: "Print the result as JSON.") var json = false

  func run() throws {
    let holder: Holder = try failing {
      guard let file = self.holder else { return .fictitious }
      return try HolderFile.read(file)
    }
    let issue = TokenIssue(
      directory: state.directory, holder: holder, chip: chip, kind: device, seed: seed,
      clock: date.map { .fixed($0.start) } ?? state.directory.clock.authorityClock,
      chamber: try chamber.map { path in try failing { try AuthorityFile.policy(path) } },
      policy: policy.policy)
    let issued = try issue.run { if !json { Console.note("  " + $0) } }
    json ? try printJSON(issued) : printScratchCard(issued)
  }

  private func printScratchCard(_ issued: IssuedToken) {
    let card = issued.scratchCard
    let rows = [
      ("Holder", "\(issued.holder.name) \(issued.holder.surname)"),
      ("Codice fiscale", issued.holder.codiceFiscale),
      ("Card number", issued.device.cardNumber.description),
      ("Valid until", issued.device.expiryDay.adding(days: -1).description),
      ("PIN (CNS)", card.pinCNS), ("PUK (CNS)", card.pukCNS),
      ("PIN (signature)", card.pinSignature), ("PUK (signature)", card.pukSignature),
      ("User code", card.userCode),
    ]
    Console.print("")
    Console.print(Console.paint("  Scratch card", .bold) + " — TEST, not a real token")
    for (name, value) in rows {
      Console.print("  " + name.padding(toLength: 17, withPad: " ", startingAt: 0) + value)
    }
    Console.print("")
    Console.print("  Token in \(state.path); try:")
    Console.print("    softdna exec --state \(state.path) -- pkcs15-tool -D")
  }

  private func printJSON(_ issued: IssuedToken) throws {
    struct Output: Encodable {
      let cardNumber: String
      let chip: String
      let device: String
      let issued: String
      let expires: String
      let holder: Holder
      let scratchCard: ScratchCard
      let caFile: String
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let output = Output(
      cardNumber: issued.device.cardNumber.description, chip: issued.device.chip.rawValue,
      device: issued.device.kind.rawValue, issued: issued.device.issueDay.description,
      expires: issued.device.expiryDay.description, holder: issued.holder,
      scratchCard: issued.scratchCard, caFile: issued.chainFile)
    Console.print(String(decoding: try encoder.encode(output), as: UTF8.self))
  }
}
