import Authority
import Cryptography
import Issuance

/// What lists and OCSP answers say of a device's certificate, as anybody would look it up.
struct ExpectStatus: Step {
  static let keyword = "expect-status"
  static let summary = "look a certificate up in the CA's list (CRL) and ask its OCSP responder"
  static let keys: [Key] = [
    .key, .required("is", .choice(of: Wanted.self), "what both must say"),
    .optional("reason", .choice(of: ReasonName.self), "why it is revoked"),
    .optional("of", .choice(of: Which.self), "the device: current (default) or replaced"),
  ]
  let key: KeyName
  let wanted: Wanted
  let reason: ReasonName?
  let which: Which

  /// What can be said of a certificate.
  enum Wanted: String, CaseIterable {
    case good
    case suspended
    case revoked
  }

  /// CRLReason (RFC 5280, 5.3.1).
  enum ReasonName: String, CaseIterable {
    case keyCompromise = "key-compromise"
    case affiliationChanged = "affiliation-changed"
    case superseded
    case cessationOfOperation = "cessation-of-operation"
    case privilegeWithdrawn = "privilege-withdrawn"

    var reason: RevocationReason {
      switch self {
      case .keyCompromise: .keyCompromise
      case .affiliationChanged: .affiliationChanged
      case .superseded: .superseded
      case .cessationOfOperation: .cessationOfOperation
      case .privilegeWithdrawn: .privilegeWithdrawn
      }
    }
  }

  /// Which of the scenario's devices.
  enum Which: String, CaseIterable {
    case current
    case replaced
  }

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .cns
    wanted = fields.choice("is") ?? .good
    reason = fields.choice("reason")
    which = fields.choice("of") ?? .current
  }

  var title: String {
    "list and OCSP say: the \(key.rawValue) certificate is \(wanted.rawValue)"
      + (reason.map { " (\($0.rawValue))" } ?? "")
  }

  func run(in world: World) throws(StepFailure) {
    guard let device = which == .current ? try world.issuedDevice() : world.replacedDevice else {
      throw StepFailure("no device was replaced yet")
    }
    let authority = world.counter.authority
    do {
      let issued = try authority.certificates(of: device).last { $0.purpose == key.purpose }
      guard let issued else { throw StepFailure("the books have no such certificate") }
      let certificate = try X509Certificate(der: issued.der)
      for der in authority.chain.dropFirst() {
        let issuer = try X509Certificate(der: der)
        guard certificate.isIssued(by: issuer) else { continue }
        let list = try authority.revocationList(of: issued.issuer)
        try check(
          try .inList(list.der, of: certificate, issuer: issuer), "the revocation list")
        let answer = try authority.ocspResponse(
          to: try RevocationStatus.request(about: certificate, issuer: issuer))
        try check(
          try .inAnswer(answer, of: certificate, issuer: issuer), "the OCSP responder")
        return
      }
      throw StepFailure("no CA of this authority issued the certificate")
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }

  private func check(_ status: RevocationStatus, _ who: String) throws(StepFailure) {
    let fits: Bool
    switch (status, wanted) {
    case (.good, .good): fits = true
    case (.revoked(let code), .suspended):
      fits = code == RevocationReason.certificateHold.rawValue
    case (.revoked(let code), .revoked):
      fits =
        code != RevocationReason.certificateHold.rawValue
        && reason.map { $0.reason.rawValue == code } ?? true
    default: fits = false
    }
    guard !fits else { return }
    throw StepFailure(
      "expected \(wanted.rawValue)\(reason.map { " (\($0.rawValue))" } ?? ""), \(who) says \(status)"
    )
  }
}

/// What the holder paid.
struct ExpectReceipt: Step {
  static let keyword = "expect-receipt"
  static let summary = "check the last receipt of the device for an operation, and its total"
  static let keys: [Key] = [
    .required("for", .choice(of: Receipt.Operation.self), "the operation"),
    .optional("total", .text, "the amount in euro, 25.00; free; or none where none is stated"),
  ]
  let operation: Receipt.Operation
  let total: String?

  init(_ fields: Fields) throws(ScenarioError) {
    operation = fields.choice("for") ?? .issuance
    total = fields.text("total")
    guard let total, !["free", "none"].contains(total), Money(total) == nil else { return }
    throw fields.wrong("total", "total is an amount like 25.00, free or none, not \"\(total)\"")
  }

  var title: String {
    "there is a receipt for \(operation.rawValue)" + (total.map { ": \($0)" } ?? "")
  }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let receipt: Receipt?
    do throws(AuthorityError) {
      receipt = try world.counter.authority.receipts(of: device)
        .last { $0.operation == operation }
    } catch {
      throw StepFailure("\(error)")
    }
    guard let receipt else { throw StepFailure("there is none") }
    let paid = receipt.total.map { $0 == .zero ? "free" : $0.description } ?? "none"
    guard let total, total != paid else { return }
    throw StepFailure("expected \(total), the receipt \(receipt.number) says \(paid)")
  }
}

/// What the holder was written.
struct ExpectMessage: Step {
  static let keyword = "expect-message"
  static let summary = "have the day's work done, and count the messages to the holder"
  static let keys: [Key] = [
    .required("kind", .choice(["expiry", "chip-revocation", "remote-signature-offer"]), "which"),
    .optional("count", .number(0...100), "how many so far; 1"),
    .optional("to", .text, "the address of the last one"),
  ]
  let kind: Message.Kind
  let count: Int
  let address: String?

  init(_ fields: Fields) {
    kind = fields.choice("kind") ?? .expiry
    count = fields.number("count") ?? 1
    address = fields.text("to")
  }

  var title: String { "the holder got \(count) × \(kind.rawValue)" }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let found: [Message]
    do throws(AuthorityError) {
      try world.counter.authority.runDay()
      found = try world.counter.authority.messages(to: device).filter { $0.kind == kind }
    } catch {
      throw StepFailure("\(error)")
    }
    guard found.count == count else {
      throw StepFailure("expected \(count), the outbox has \(found.count)")
    }
    if let address, found.last?.recipient != address {
      throw StepFailure("expected \(address), it went to \(found.last?.recipient ?? "nobody")")
    }
  }
}
