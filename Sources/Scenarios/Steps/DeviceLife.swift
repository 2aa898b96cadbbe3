import Authority
import Issuance

/// Who asks the authority, and which provider is asked.
struct Request {
  static let keys: [Key] = [
    .optional("by", .choice(of: By.self), "holder, with the user code (default), or registrar"),
    .optional("user-code", .text, "the user code; the one of the scratch card"),
    .optional("at", .choice(of: Provider.self), "the provider that is asked; the responsible one"),
    Refusal.key,
  ]

  /// Who asks.
  enum By: String, CaseIterable {
    case holder
    case registrar
  }

  let by: By
  let userCode: String?
  let desk: Provider?
  let refusal: Refusal?

  init(_ fields: Fields) {
    by = fields.choice("by") ?? .holder
    userCode = fields.text("user-code")
    desk = fields.choice("at")
    refusal = fields.choice("refused")
  }

  func requester(in world: World) throws(StepFailure) -> Requester {
    if by == .registrar { return .registrar("TEST official") }
    guard let code = userCode ?? world.scratchCard?.userCode else { throw World.noToken }
    return .holder(userCode: code)
  }
}

/// A step that asks the authority for something about the device.
protocol RequestStep: Step {
  var request: Request { get }
  /// What is asked for.
  var operation: DeviceOperation { get }
  /// In words: "suspend the device".
  var wish: String { get }
}

extension RequestStep {
  var title: String { wish + request.refusal.words }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let requester = try request.requester(in: world)
    _ = try Refusal.expect(request.refusal) {
      try world.counter.authority.perform(
        operation, on: device, by: requester, at: request.desk)
    }
  }
}

/// Suspension: reversible.
struct Suspend: RequestStep {
  static let keyword = "suspend"
  static let summary = "suspend the certificates, online with the user code or at the counter"
  static let keys = Request.keys
  let request: Request
  let operation = DeviceOperation.suspension
  let wish = "suspend the device"

  init(_ fields: Fields) { request = Request(fields) }
}

/// Reactivation undoes a suspension.
struct Reactivate: RequestStep {
  static let keyword = "reactivate"
  static let summary = "undo a suspension"
  static let keys = Request.keys
  let request: Request
  let operation = DeviceOperation.reactivation
  let wish = "reactivate the device"

  init(_ fields: Fields) { request = Request(fields) }
}

/// Revocation: final.
struct Revoke: RequestStep {
  static let keyword = "revoke"
  static let summary = "revoke the certificates for good"
  static let keys: [Key] =
    [.required("because", .choice(of: RevocationCause.self), "the cause")] + Request.keys
  let request: Request
  let operation: DeviceOperation
  let wish: String

  init(_ fields: Fields) {
    request = Request(fields)
    let cause: RevocationCause = fields.choice("because") ?? .loss
    operation = .revocation(because: cause)
    wish = "revoke the device (\(cause.rawValue))"
  }
}

/// Another address for notices.
struct ChangeEMail: RequestStep {
  static let keyword = "change-email"
  static let summary = "change the address that notices go to"
  static let keys: [Key] = [.required("to", .text, "the new address")] + Request.keys
  let request: Request
  let operation: DeviceOperation
  let wish = "change the e-mail address"

  init(_ fields: Fields) {
    request = Request(fields)
    operation = .eMailChange(to: fields.requiredText("to"))
  }
}

/// A new device in place of another.
struct Replace: Step {
  static let keyword = "replace"
  static let summary = "revoke the device and issue a new one in its place"
  static let keys: [Key] = [
    .required(
      "because", .choice(of: ReplacementCause.self), "the cause, which decides what it costs"),
    Refusal.key,
  ]
  let cause: ReplacementCause
  let refusal: Refusal?

  init(_ fields: Fields) {
    cause = fields.choice("because") ?? .defect
    refusal = fields.choice("refused")
  }

  var title: String { "replace the device (\(cause.rawValue))" + refusal.words }

  func run(in world: World) throws(StepFailure) {
    let old = try world.issuedDevice()
    let order = try Refusal.expect(refusal) {
      try world.counter.replace(old, because: cause, by: "TEST official")
    }
    if let order { try world.personalise(order) }
  }
}
