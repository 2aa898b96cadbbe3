import ArgumentParser
import Authority
import Foundation

/// What a command takes that asks for something on a device.
struct DeviceRequestOptions: ParsableArguments {
  @OptionGroup var options: AuthorityOptions
  @OptionGroup var device: DeviceOption
  @OptionGroup var by: RequesterOptions
}

/// A subcommand by which somebody has something done to a device and gets a receipt for it.
protocol DeviceOperationCommand: ParsableCommand {
  var request: DeviceRequestOptions { get }
  /// What is asked for.
  var operation: DeviceOperation { get }
  /// What was done, for people: "suspended 7430…".
  func outcome(_ device: Device) -> String
}

extension DeviceOperationCommand {
  func run() throws {
    let authority = try request.options.open()
    let device = try request.device.device(in: authority)
    let requester = try request.by.requester(request.options.state.directory)
    let receipt = try failing(status: 1) {
      try authority.perform(operation, on: device, by: requester, at: request.by.provider)
    }
    try request.options.print(receipt, or: "\(outcome(device)); \(receipt.line)")
  }
}

/// `softdna authority suspend`.
struct AuthoritySuspendCommand: DeviceOperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend", abstract: "Suspend a device's certificates; reactivate undoes it.")

  @OptionGroup var request: DeviceRequestOptions
  var operation: DeviceOperation { .suspension }
  func outcome(_ device: Device) -> String { "suspended \(device.cardNumber)" }
}

/// `softdna authority reactivate`.
struct AuthorityReactivateCommand: DeviceOperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "reactivate", abstract: "Make a suspended device's certificates good again.")

  @OptionGroup var request: DeviceRequestOptions
  var operation: DeviceOperation { .reactivation }
  func outcome(_ device: Device) -> String { "reactivated \(device.cardNumber)" }
}

/// `softdna authority revoke`.
struct AuthorityRevokeCommand: DeviceOperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revoke a device's certificates for good.")

  @OptionGroup var request: DeviceRequestOptions
  @Option(help: "\(RevocationCause.allCases.map(\.rawValue).joined(separator: ", ")).")
  var reason: RevocationCause
  var operation: DeviceOperation { .revocation(because: reason) }
  func outcome(_ device: Device) -> String { "revoked \(device.cardNumber): \(reason.rawValue)" }
}

/// `softdna authority change-email`.
struct AuthorityChangeEMailCommand: DeviceOperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "change-email", abstract: "Change the address that notices go to.")

  @OptionGroup var request: DeviceRequestOptions
  @Argument(help: "The new address.") var address: String
  var operation: DeviceOperation { .eMailChange(to: address) }
  func outcome(_ device: Device) -> String { "notices go to \(address)" }
}

/// `softdna authority notices`.
struct AuthorityNoticesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notices",
    abstract: "List the outbox; the messages are .eml files in DIR/outbox too.")

  @OptionGroup var options: AuthorityOptions

  func run() throws {
    let messages = try failing(status: 1) { try options.open().messages() }
    let lines = messages.map { "\(Day($0.at))  \($0.recipient)  \($0.subject)  \($0.fileName)" }
    try options.print(
      messages, or: lines.isEmpty ? "the outbox is empty" : lines.joined(separator: "\n"))
  }
}

/// `softdna authority run-day`.
struct AuthorityRunDayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-day",
    abstract: "Do what has fallen due: notices, and revocations because of chips.")

  @OptionGroup var options: AuthorityOptions

  func run() throws {
    struct Output: Encodable {
      let day: Day
      let messages: [Message]
      let revoked: [String]
      let expired: [String]
    }
    let report = try failing(status: 1) { try options.open().runDay() }
    let output = Output(
      day: report.day, messages: report.messages, revoked: report.revoked.map(\.serialNumber),
      expired: report.expired.map(\.cardNumber.description))
    let lines =
      ["\(report.day)"] + output.messages.map { "  sent \($0.fileName) to \($0.recipient)" }
      + output.revoked.map { "  revoked certificate \($0)" }
      + output.expired.map { "  expired device \($0)" }
    try options.print(output, or: lines.joined(separator: "\n"))
  }
}

/// `softdna authority remote-signature`.
struct AuthorityRemoteSignatureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remote-signature",
    abstract: "Take up the offer of free remote signatures; `serve` makes them.",
    discussion: "Prints credentialID and access token for the CSC API at /csc/v2.")

  @OptionGroup var request: DeviceRequestOptions

  func run() throws {
    struct Output: Encodable {
      let credentialID: String
      let accessToken: String
      let url: String
    }
    let authority = try request.options.open()
    let device = try request.device.device(in: authority)
    let requester = try request.by.requester(request.options.state.directory)
    let enrolment = try failing(status: 1) {
      try authority.enrolRemoteSignature(for: device, by: requester, at: request.by.provider)
    }
    let output = Output(
      credentialID: enrolment.credentialID, accessToken: enrolment.accessToken,
      url: authority.baseURL + "/csc/v2")
    try request.options.print(
      output,
      or: "credentialID  \(output.credentialID)\naccess token  \(output.accessToken)\n"
        + "API           \(output.url)")
  }
}
