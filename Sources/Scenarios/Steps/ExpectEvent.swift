import Authority
import Issuance

/// What the authority wrote into its log.
struct ExpectEvent: Step {
  static let keyword = "expect-event"
  static let summary = "check that the authority's log has such an event of this device"
  static let keys: [Key] = [
    .required("kind", .text, "the event: certificate-issued, certificate-revoked, …"),
    .optional("count", .number(0...1000), "how many of them; at least one"),
    .optional("detail", .text, "text that a value of its details must be"),
  ]
  let kind: String
  let count: Int?
  let detail: String?

  init(_ fields: Fields) throws(ScenarioError) {
    kind = fields.requiredText("kind")
    guard Event.Kind(rawValue: kind) != nil else {
      throw fields.wrong(
        "kind", Spelling.unknown("event", kind, among: Event.Kind.known.map(\.rawValue)))
    }
    count = fields.number("count")
    detail = fields.text("detail")
  }

  var title: String {
    let what = detail.map { "\(kind) (\($0))" } ?? kind
    return "the books have " + (count.map { "\($0) × " } ?? "") + what
  }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let found: Int
    do throws(AuthorityError) {
      found = try world.counter.authority.events(of: device).count { event in
        event.kind == kind && (detail.map { event.detail.values.contains($0) } ?? true)
      }
    } catch {
      throw StepFailure("\(error)")
    }
    guard count.map({ $0 == found }) ?? (found > 0) else {
      throw StepFailure(
        "expected \(count.map { "\($0)" } ?? "one or more"), the log has \(found) of \(kind)")
    }
  }
}

extension Event.Kind {
  /// The events a message may propose.
  static var known: [Event.Kind] {
    [
      .deviceOrdered, .certificateIssued, .certificateRevoked, .certificateSuspended,
      .certificateReactivated, .userCodeWrong, .eMailChanged, .replacementOrdered, .messageSent,
      .remoteCredentialIssued, .remotelySigned, .deviceActivated, .renewalOrdered,
      .deviceRenewed, .enrolmentAbandoned, .identityChecked,
    ]
  }
}
