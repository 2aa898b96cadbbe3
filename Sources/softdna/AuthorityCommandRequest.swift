import ArgumentParser
import Authority
import Foundation
import Issuance

/// A request as it is printed.
private struct PrintedRequest: Encodable {
  let request: Int64
  let state: RegisteredApplication.State
  let missing: [String]
  let chamber: String
  let channel: Channel
  let device: DeviceKind
  let holder: String

  init(_ registered: RegisteredApplication) {
    let application = registered.application
    request = registered.id
    state = registered.state
    missing = registered.missing
    chamber = application.chamber
    channel = application.channel
    device = application.device
    holder = application.holder.codiceFiscale
  }

  var line: String {
    (["request \(request) of \(holder) at \(chamber), \(device.rawValue): \(state.rawValue)"]
      + missing.map { "  missing: \($0)" }).joined(separator: "\n")
  }
}

/// `softdna authority register`.
struct AuthorityRegisterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "register",
    abstract: "Register a holder's request for a device, from a YAML file.",
    discussion: """
      Creates the authority where there is none. A request that lacks documents of residence is \
      deposited: nothing is issued on it before `complete`. What is issued on an accepted one: \
      softdna issue --request NUMBER.
      """)

  @OptionGroup var options: AuthorityOptions
  @Argument(
    help: "Chamber, channel, device, delivery, holder and identity; docs/user/authority.md.")
  var file: String

  func run() throws {
    let application = try failing { try AuthorityFile.application(file) }
    let request = try options.state.directory.making {
      let authority = try options.make()
      return PrintedRequest(try failing(status: 1) { try authority.register(application) })
    }
    try options.print(request, or: request.line)
  }
}

/// `softdna authority complete`.
struct AuthorityCompleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete",
    abstract: "Take up a deposited request with the documents of residence shown since.")

  @OptionGroup var options: AuthorityOptions
  @Argument(help: "The request's number.") var request: Int64
  @Option(help: "The last day of the residence permit, YYYY-MM-DD.") var permitExpires: Day
  @Flag(help: "The documents of its renewal request were shown.") var renewalRequest = false
  @Option(help: "in-corso-di-trattazione or convocation.") var proof: ResidencePermit.Proof?

  func run() throws {
    let authority = try options.open()
    let permit = ResidencePermit(
      expires: permitExpires, renewalRequestShown: renewalRequest, proof: proof)
    let completed = PrintedRequest(
      try failing(status: 1) {
        try authority.complete(try authority.application(request), with: permit)
      })
    try options.print(completed, or: completed.line)
  }
}

/// `softdna authority requests`.
struct AuthorityRequestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "requests", abstract: "List the requests that were registered.")

  @OptionGroup var options: AuthorityOptions

  func run() throws {
    let requests = try failing(status: 1) {
      try options.open().applications().map { PrintedRequest($0) }
    }
    try options.print(
      requests,
      or: requests.isEmpty ? "no requests" : requests.map(\.line).joined(separator: "\n"))
  }
}
