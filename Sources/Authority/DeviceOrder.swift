import Foundation
import GRDB

/// What a counter asks for when it orders a device.
public struct DeviceOrder: Equatable, Sendable {
  /// The registered holder's number.
  public var holderID: Int64
  /// The chip.
  public var chip: Chip
  /// Its form.
  public var kind: DeviceKind
  /// Who issues it; nil: as the chamber's policy says.
  public var administration: IssuingAdministration?
  /// The chamber; nil: the request's, or `test`.
  public var chamber: String?
  /// The accepted request it is ordered on.
  public var applicationID: Int64?
  /// EF_IDCarta; nil has one allocated.
  public var cardNumber: CardNumber?
  /// The chip's serial number, 4 to 16 bytes; nil has one of 8 bytes made up.
  public var chipSerial: [UInt8]?
  /// The key of the issuer's EXTERNAL AUTHENTICATE, AES-128; nil has one drawn.
  public var transportKey: [UInt8]?

  /// An order; what is nil the authority chooses.
  public init(
    holderID: Int64, chip: Chip = .current, kind: DeviceKind = .token,
    administration: IssuingAdministration? = nil, chamber: String? = nil,
    applicationID: Int64? = nil, cardNumber: CardNumber? = nil, chipSerial: [UInt8]? = nil,
    transportKey: [UInt8]? = nil
  ) {
    self.holderID = holderID
    self.chip = chip
    self.kind = kind
    self.administration = administration
    self.chamber = chamber
    self.applicationID = applicationID
    self.cardNumber = cardNumber
    self.chipSerial = chipSerial
    self.transportKey = transportKey
  }
}

/// What the personalisation of a device needs; the authority tells the scratch card only here.
public struct Personalisation: Sendable {
  /// The device, its state `ordered`.
  public let device: Device
  /// The enrolment that waits for the device's certification requests.
  public let enrolment: Enrolment
  /// The key of the issuer's EXTERNAL AUTHENTICATE, AES-128.
  public let transportKey: [UInt8]
  /// PINs, PUKs and user code.
  public let scratchCard: ScratchCard
}

extension Authority {
  /// Orders a device: its number, keys and codes exist from here on, and its first enrolment. The
  /// chamber's policy says whose CAs certify it and what it costs once it is active.
  ///
  /// - Throws: rule `unknown` for an unknown holder, request or chamber; `field` for values that do
  ///   not fit, and where a holder who needs a residence permit has no accepted request; `state`
  ///   where the request is deposited or served, or the CAs end too early; `policy` where the chamber
  ///   does not issue such a device.
  public func order(_ order: DeviceOrder) throws(AuthorityError) -> Personalisation {
    let attempted = "ordering a device"
    try order.administration?.validate()
    guard (4...16).contains(order.chipSerial?.count ?? 8) else {
      throw AuthorityError(attempted, .field("chipSerial"), "4 to 16 bytes are allowed")
    }
    guard (order.transportKey?.count ?? 16) == 16 else {
      throw AuthorityError(attempted, .field("transportKey"), "16 bytes are needed")
    }
    let now = clock.now
    let provider = try store.read(attempted) { database in
      try judge(order, Day(now), database).provider
    }
    try prepare(provider)
    return try store.write(attempted) { database in
      let judged = try judge(order, Day(now), database)
      return try place(order, judged, EventLog(database, now))
    }
  }

  // MARK: - Inside a transaction

  /// What an order means by the chamber's policy.
  struct JudgedOrder {
    let holder: RegisteredHolder
    let policy: ChamberPolicy
    let provider: Provider
    let fee: Fee?
  }

  func judge(_ order: DeviceOrder, _ today: Day, _ database: Database) throws -> JudgedOrder {
    let attempted = "ordering a device"
    guard let holder = try fetchHolder(order.holderID, database) else {
      throw AuthorityError(attempted, .unknown, "no holder \(order.holderID)")
    }
    let request = try order.applicationID.map { try existingApplication($0, database) }
    if let request {
      try accept(request, for: order, attempted, database)
    } else if holder.holder.needsResidencePermit {
      throw AuthorityError(
        attempted, .field("residencePermit"),
        "is missing; a citizen of \(holder.holder.citizenship) needs an accepted request")
    }
    let policy = try policy(
      of: order.chamber ?? request?.application.chamber ?? ChamberPolicy.test.chamber, database)
    guard policy.devices.contains(order.kind) else {
      throw AuthorityError(
        attempted, .policy("devices"), "\(policy.chamber) issues no \(order.kind.rawValue)")
    }
    guard let provider = policy.provider(on: today) else {
      throw AuthorityError(
        attempted, .policy("providers"), "\(policy.chamber) had no provider on \(today) yet")
    }
    let isFavoured = try isFirstOfLegalRepresentative(order, request, database)
    return JudgedOrder(
      holder: holder, policy: policy, provider: provider,
      fee: isFavoured
        ? policy.fees.smartCardOfLegalRepresentative ?? policy.fee(for: order.kind)
        : policy.fee(for: order.kind))
  }

  private func accept(
    _ request: RegisteredApplication, for order: DeviceOrder, _ attempted: String,
    _ database: Database
  ) throws {
    guard request.state == .accepted else {
      throw AuthorityError(
        attempted, .state,
        "request \(request.id) is deposited; it lacks \(request.missing.joined(separator: "; "))")
    }
    guard request.holderID == order.holderID else {
      throw AuthorityError(attempted, .field("holderID"), "is not who made request \(request.id)")
    }
    guard request.application.device == order.kind else {
      throw AuthorityError(
        attempted, .field("kind"), "request \(request.id) asks for another device")
    }
    let served = try Device.fetch(database, "applicationId = ?", [request.id])
    guard served.allSatisfy({ $0.state == .abandoned }) else {
      throw AuthorityError(attempted, .state, "request \(request.id) was served already")
    }
  }

  /// The condition of a chamber that gives a legal representative the first smart card at a price
  /// of its own.
  private func isFirstOfLegalRepresentative(
    _ order: DeviceOrder, _ request: RegisteredApplication?, _ database: Database
  ) throws -> Bool {
    guard order.kind == .smartCard, let request,
      let representation = request.application.legalRepresentation,
      representation.companySeatedHere, representation.annualFeePaid,
      request.application.holder.companyRole != nil
    else { return false }
    let earlier = try Device.fetch(
      database,
      "kind = ? AND holderId IN (SELECT id FROM holder WHERE codiceFiscale = ?)",
      [DeviceKind.smartCard.rawValue, request.application.holder.codiceFiscale])
    return earlier.allSatisfy { $0.state == .abandoned }
  }

  func place(
    _ order: DeviceOrder, _ judged: JudgedOrder, replacing old: Device? = nil, _ log: EventLog
  ) throws -> Personalisation {
    let database = log.database
    let expiryDay = Day(log.now).adding(years: Self.validityYears)
    try requireCoverage(by: judged.provider, from: log.now, to: expiryDay)
    let number = try order.cardNumber ?? freeCardNumber(database)
    guard try fetchDevice(number, database) == nil else {
      throw AuthorityError("ordering a device", .field("cardNumber"), "\(number) is taken")
    }
    let scratchCard = ScratchCard.random(random, for: number)
    let transportKey = order.transportKey ?? random.bytes(16, label: "transport key \(number)")
    let id = try insertDevice(
      order, judged, number, scratchCard, transportKey, replacing: old, today: Day(log.now),
      database)
    let enrolment = try insertEnrolment(
      .issuance, deviceID: id, expiryDay: expiryDay, fee: judged.fee, now: log.now, database)
    try log.append(
      .deviceOrdered, device: id, holder: judged.holder.id,
      [
        "cardNumber": number.description, "chip": order.chip.rawValue,
        "kind": order.kind.rawValue, "expiryDay": expiryDay.description,
        "chamber": judged.policy.chamber, "provider": judged.provider.rawValue,
      ])
    return Personalisation(
      device: try existing(id, database), enrolment: enrolment, transportKey: transportKey,
      scratchCard: scratchCard)
  }

  private func insertDevice(
    _ order: DeviceOrder, _ judged: JudgedOrder, _ number: CardNumber, _ scratchCard: ScratchCard,
    _ transportKey: [UInt8], replacing old: Device?, today: Day, _ database: Database
  ) throws -> Int64 {
    let expiryDay = today.adding(years: Self.validityYears)
    let administration = order.administration ?? judged.policy.administration
    let userCode = try UserCodeHash(
      code: scratchCard.userCode, salt: random.bytes(16, label: "user code salt \(number)"))
    let personalData = try PersonalData.encode(
      judged.holder.holder, issuerCode: administration.code, issueDate: today,
      expiryDate: expiryDay)
    let chipSerial = order.chipSerial ?? random.bytes(8, label: "chip serial \(number)")
    try database.execute(
      sql: """
        INSERT INTO device (cardNumber, holderId, chip, kind, chipSerial, transportKey,
          userCodeSalt, userCodeHash, administration, personalData, issueDay, expiryDay, chamber,
          provider, applicationId, replaces)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        number.description, order.holderID, order.chip.rawValue, order.kind.rawValue,
        Data(chipSerial), Data(transportKey), Data(userCode.salt), Data(userCode.hash),
        try JSON.encode(administration), Data(personalData), today.description,
        expiryDay.description, judged.policy.chamber, judged.provider.rawValue,
        order.applicationID, old?.id,
      ])
    return database.lastInsertedRowID
  }

  /// Tries numbers until one is free; seeded, the tries are always the same ones.
  func freeCardNumber(_ database: Database) throws -> CardNumber {
    let devices = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM device") ?? 0
    var attempt = 0
    while true {
      let number = try CardNumber.random(random, label: "card number \(devices) \(attempt)")
      if try fetchDevice(number, database) == nil { return number }
      attempt += 1
    }
  }
}
