import Foundation
import GRDB

/// Who asks for something to be done to a device.
public enum Requester: Equatable, Sendable {
  /// The holder on the web, with the user code of the scratch card.
  case holder(userCode: String)
  /// An official who identified the holder; the name is recorded.
  case registrar(String)

  /// What the event log calls it.
  var name: String {
    switch self {
    case .holder: "holder"
    case .registrar(let name): name
    }
  }

  /// Judges who asks, as far as the log is to name them.
  ///
  /// - Throws: rule `field` for an official without a name.
  func validate(_ attempted: String) throws(AuthorityError) {
    guard case .registrar(let name) = self, let defect = name.defectAsName else { return }
    throw AuthorityError(attempted, .field("registrar"), "the official's name \(defect)")
  }
}

/// Why a holder has a device revoked.
public enum RevocationCause: String, Codable, CaseIterable, Sendable {
  /// It was lost.
  case loss
  /// It was stolen.
  case theft
  /// It is broken.
  case breakage
  /// PIN and PUK are blocked for good (*blocco involontario*).
  case involuntaryBlock = "involuntary-block"
  /// The data in the certificates changed.
  case dataChange = "data-change"

  /// What the lists say (RFC 5280, 5.3.1): a device in unknown hands counts as a compromised key.
  public var reason: RevocationReason {
    switch self {
    case .loss, .theft: .keyCompromise
    case .breakage, .involuntaryBlock: .cessationOfOperation
    case .dataChange: .affiliationChanged
    }
  }
}

extension Authority {
  /// How many wrong user codes in a row lock the code.
  public static let userCodeTries = 5

  /// Suspends a device: its certificates go on hold, and can be reactivated.
  ///
  /// - Parameter desk: the provider that is asked; nil: the responsible one.
  /// - Throws: rule `unknown`; `provider` with the responsible one; `userCode`; `state` where there
  ///   is no good certificate to suspend.
  @discardableResult
  public func suspend(
    _ device: Device, by requester: Requester, at desk: Provider? = nil
  ) throws(AuthorityError) -> Receipt {
    try act("suspending device \(device.cardNumber)", device, requester, desk) {
      attempted, device, log in
      let good = try self.current(
        device, "revokedAt IS NULL", log, orRefuse: attempted, "it has no good certificate")
      for certificate in good { try self.revoke(certificate, .certificateHold, log) }
      try self.suspendRemote(of: device, log)
      return try self.write(.suspension, .free, for: device, log)
    }
  }

  /// Undoes a suspension.
  ///
  /// - Parameter desk: the provider that is asked; nil: the responsible one.
  /// - Throws: as `suspend`; rule `state` where nothing is suspended.
  @discardableResult
  public func reactivate(
    _ device: Device, by requester: Requester, at desk: Provider? = nil
  ) throws(AuthorityError) -> Receipt {
    try act("reactivating device \(device.cardNumber)", device, requester, desk) {
      attempted, device, log in
      let held = try self.current(
        device, "revocationReason = \(RevocationReason.certificateHold.rawValue)", log,
        orRefuse: attempted, "it is not suspended")
      for certificate in held { try self.reactivate(certificate, log) }
      try self.reactivateRemote(of: device, log)
      return try self.write(.reactivation, .free, for: device, log)
    }
  }

  /// Revokes a device for good, suspended or not; a renewal under way is given up.
  ///
  /// - Parameter desk: the provider that is asked; nil: the responsible one.
  /// - Throws: as `suspend`; rule `state` where nothing is left to revoke.
  @discardableResult
  public func revoke(
    _ device: Device, because cause: RevocationCause, by requester: Requester,
    at desk: Provider? = nil
  ) throws(AuthorityError) -> Receipt {
    try act("revoking device \(device.cardNumber)", device, requester, desk) {
      attempted, device, log in
      let open = try self.current(
        device, IssuedCertificate.isNotFinallyRevoked, log, orRefuse: attempted,
        "its certificates are revoked or expired")
      for certificate in open { try self.revoke(certificate, cause.reason, log) }
      try self.revokeRemote(of: device, cause.remoteReason, log)
      try self.giveUpRenewal(of: device, log)
      return try self.write(.revocation, .free, for: device, log)
    }
  }

  // MARK: - Who may

  /// Refuses the wrong desk, spends a try of the user code, then acts in one transaction.
  func act<Outcome>(
    _ attempted: String, _ device: Device, _ requester: Requester, _ desk: Provider?,
    _ body: (String, Device, EventLog) throws -> Outcome
  ) throws(AuthorityError) -> Outcome {
    try requester.validate(attempted)
    try applyDue()
    let now = clock.now
    let known = try store.read(attempted) { database in
      // Nobody spends a try of the user code on a day that is over.
      _ = try EventLog(database, now)
      return try existing(device.id, database)
    }
    guard desk == nil || desk == known.provider else {
      throw AuthorityError(
        attempted, .provider(known.provider),
        "it belongs to \(known.provider), which alone may do this")
    }
    if case .holder(let userCode) = requester { try check(userCode, of: known, attempted) }
    return try store.write(attempted) { database in
      let current = try existing(device.id, database)
      guard current.state == .active else {
        throw AuthorityError(attempted, .state, "its issuance is \(current.state.rawValue)")
      }
      return try body(attempted, current, EventLog(database, now))
    }
  }

  /// The try is spent before the code is compared: who kills the process buys no free guess.
  private func check(
    _ userCode: String, of device: Device, _ attempted: String
  ) throws(AuthorityError) {
    let (hash, left) = try store.write(attempted) { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT * FROM device WHERE id = ?", arguments: [device.id])
      guard let row else { throw AuthorityError(attempted, .unknown, "no such device") }
      let wrong: Int = row["wrongUserCodes"]
      guard wrong < Self.userCodeTries else {
        throw AuthorityError(
          attempted, .userCode(triesLeft: 0),
          "the user code is locked after \(Self.userCodeTries) wrong ones; go to the counter")
      }
      try database.execute(
        sql: "UPDATE device SET wrongUserCodes = wrongUserCodes + 1 WHERE id = ?",
        arguments: [device.id])
      return (
        UserCodeHash(salt: row.bytes("userCodeSalt"), hash: row.bytes("userCodeHash")),
        Self.userCodeTries - wrong - 1
      )
    }
    let isRight = try hash.matches(userCode)
    let now = clock.now
    try store.write(attempted) { database in
      if isRight {
        try database.execute(
          sql: "UPDATE device SET wrongUserCodes = 0 WHERE id = ?", arguments: [device.id])
      } else {
        try EventLog(database, now).append(
          .userCodeWrong, device: device.id, ["triesLeft": String(left)])
      }
    }
    guard isRight else {
      throw AuthorityError(
        attempted, .userCode(triesLeft: left),
        left == 0 ? "wrong user code; it is locked now" : "wrong user code; \(left) tries are left")
    }
  }

  // MARK: - Inside a transaction

  /// The device's certificates that have not ended and meet a condition.
  func current(
    _ device: Device, _ condition: String, _ log: EventLog, orRefuse attempted: String,
    _ reason: String
  ) throws -> [IssuedCertificate] {
    let found = try IssuedCertificate.fetch(
      log.database, "deviceId = ? AND notAfter >= ? AND \(condition)",
      [device.id, log.now.seconds])
    guard !found.isEmpty else { throw AuthorityError(attempted, .state, reason) }
    return found
  }

  func giveUpRenewal(of device: Device, _ log: EventLog) throws {
    let underWay = try Enrolment.fetch(
      log.database, "deviceId = ? AND state IN ('ordered', 'certified')", [device.id])
    for enrolment in underWay { try giveUp(enrolment, log) }
  }
}
