import ArgumentParser
import Authority
import Foundation
import Issuance
import Terminal

/// `softdna authority`.
struct AuthorityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "authority",
    abstract: "The registration and certification authority's side, by hand.",
    discussion: """
      Exit status: 0 done, 1 the authority refused, with the rule that was broken, 2 usage or \
      environment.
      """,
    subcommands: [
      AuthorityShowCommand.self, AuthoritySuspendCommand.self, AuthorityReactivateCommand.self,
      AuthorityRevokeCommand.self, AuthorityRenewCommand.self, AuthorityReplaceCommand.self,
      AuthorityChangeEMailCommand.self, AuthorityCRLCommand.self, AuthorityOCSPCommand.self,
      AuthorityServeCommand.self, AuthorityNoticesCommand.self, AuthorityRunDayCommand.self,
      AuthorityAdoptCommand.self, AuthorityRemoteSignatureCommand.self,
    ])
}

/// What every operation of the authority takes.
struct AuthorityOptions: ParsableArguments {
  @OptionGroup var state: StateOption
  @Option(help: "The day, YYYY-MM-DD; by default today, as softdna ctl advance-clock moved it.")
  var date: Day?
  @Flag(help: "Print the result as JSON.") var json = false

  var clock: AuthorityClock { date.map { .fixed($0) } ?? state.directory.clock.authorityClock }

  func open() throws -> Authority { try state.directory.openAuthority(clock: clock) }

  /// Prints a value as JSON, or what people read.
  func print(_ value: some Encodable, or text: @autoclosure () -> String) throws {
    guard json else {
      Console.print(text())
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    Console.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

/// Which device: the one that holds certificates now, where none is named.
struct DeviceOption: ParsableArguments {
  @Option(help: "The card number; the newest active device by default.") var card: String?

  func device(in authority: Authority) throws -> Device {
    try failing(status: 1) {
      if let card { return try authority.device(try CardNumber(card)) }
      let devices = try authority.devices().filter { $0.state != .abandoned }
      guard let newest = devices.last(where: { $0.state == .active }) ?? devices.last else {
        throw Failure("the authority knows no device", status: 1)
      }
      return newest
    }
  }
}

/// Who asks.
struct RequesterOptions: ParsableArguments {
  @Option(help: "The user code; that of the scratch card by default.") var userCode: String?
  @Option(help: "The official who identified the holder, in place of the user code.")
  var registrar: String?
  @Option(help: "The provider that is asked; the responsible one by default.")
  var provider: Provider?

  func requester(_ directory: StateDirectory) throws -> Requester {
    if let registrar { return .registrar(registrar) }
    return .holder(userCode: try userCode ?? directory.readScratchCard().userCode)
  }
}

extension Receipt {
  /// One line for people.
  var line: String {
    "receipt \(number): \(operation.rawValue), "
      + (total.map { $0 == .zero ? "free" : "EUR \($0)" } ?? "no fee stated")
  }
}

/// `softdna authority adopt`.
struct AuthorityAdoptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Take over a chamber's policy from a YAML file.",
    discussion: "Creates the authority where there is none. Orders name the chamber.")

  @OptionGroup var options: AuthorityOptions
  @Argument(help: "The policy, as in scenarios/policies/.") var file: String

  func run() throws {
    let policy = try failing { try AuthorityFile.policy(file) }
    let authority = try failing {
      try Authority(directory: options.state.path, clock: options.clock)
    }
    try failing(status: 1) { try authority.adopt(policy) }
    try options.print(policy, or: "adopted the policy of \(policy.chamber)")
  }
}
