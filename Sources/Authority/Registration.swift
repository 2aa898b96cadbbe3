import CCrypto
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
  /// Who issues it.
  public var administration: IssuingAdministration
  /// EF_IDCarta; nil has one allocated.
  public var cardNumber: CardNumber?
  /// The chip's serial number, 4 to 16 bytes; nil has one of 8 bytes made up.
  public var chipSerial: [UInt8]?
  /// The key of the issuer's EXTERNAL AUTHENTICATE, AES-128; nil has one drawn.
  public var transportKey: [UInt8]?

  /// An order; what is nil the authority chooses.
  public init(
    holderID: Int64, chip: Chip = .current, kind: DeviceKind = .token,
    administration: IssuingAdministration = .test, cardNumber: CardNumber? = nil,
    chipSerial: [UInt8]? = nil, transportKey: [UInt8]? = nil
  ) {
    self.holderID = holderID
    self.chip = chip
    self.kind = kind
    self.administration = administration
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
  /// Years that certificates, and a renewal, last.
  public static let validityYears = 3

  /// Registers a holder.
  ///
  /// - Throws: rule `field` where a field is wrong; nothing is written then.
  public func register(_ holder: Holder) throws(AuthorityError) -> RegisteredHolder {
    let attempted = "registering a holder"
    try holder.validate()
    let now = clock.now
    guard holder.birthDate < Day(now) else {
      throw AuthorityError(attempted, .field("birthDate"), "\(holder.birthDate) is not past")
    }
    return try store.write(attempted) { database in
      try database.execute(
        sql: "INSERT INTO holder (codiceFiscale, data, registeredAt) VALUES (?, ?, ?)",
        arguments: [holder.codiceFiscale, try JSON.encode(holder), now.seconds])
      let id = database.lastInsertedRowID
      try EventLog(database: database, now: now).append(.holderRegistered, holder: id)
      return RegisteredHolder(id: id, holder: holder, registeredAt: now)
    }
  }

  /// A card number of the test range that no device has. It is taken once a device is ordered
  /// with it; seeded, it is the same again until then.
  ///
  /// - Throws: rules `database`, `libcrypto`.
  public func allocateCardNumber() throws(AuthorityError) -> CardNumber {
    try store.read("allocating a card number") { try freeCardNumber($0) }
  }

  /// Orders a device: its number, keys and codes exist from here on, and its first enrolment.
  ///
  /// - Throws: rule `unknown` for an unknown holder, `field` for values that do not fit.
  public func order(_ order: DeviceOrder) throws(AuthorityError) -> Personalisation {
    let attempted = "ordering a device"
    try order.administration.validate()
    guard (4...16).contains(order.chipSerial?.count ?? 8) else {
      throw AuthorityError(attempted, .field("chipSerial"), "4 to 16 bytes are allowed")
    }
    guard (order.transportKey?.count ?? 16) == 16 else {
      throw AuthorityError(attempted, .field("transportKey"), "16 bytes are needed")
    }
    let now = clock.now
    return try store.write(attempted) { database in
      guard let holder = try fetchHolder(order.holderID, database) else {
        throw AuthorityError(attempted, .unknown, "no holder \(order.holderID)")
      }
      let number = try order.cardNumber ?? freeCardNumber(database)
      guard try fetchDevice(number, database) == nil else {
        throw AuthorityError(attempted, .field("cardNumber"), "\(number) is taken")
      }
      let scratchCard = try ScratchCard.random(random, for: number)
      let transportKey =
        try order.transportKey ?? random.bytes(16, label: "transport key \(number)")
      let id = try insertDevice(
        order, holder.holder, number, scratchCard, transportKey, today: Day(now), database)
      let expiryDay = Day(now).adding(years: Self.validityYears)
      let enrolment = try insertEnrolment(
        .issuance, deviceID: id, expiryDay: expiryDay, now: now, database)
      try EventLog(database: database, now: now).append(
        .deviceOrdered, device: id, holder: holder.id,
        [
          "cardNumber": number.description, "chip": order.chip.rawValue,
          "kind": order.kind.rawValue, "expiryDay": expiryDay.description,
        ])
      return Personalisation(
        device: try existing(id, database), enrolment: enrolment, transportKey: transportKey,
        scratchCard: scratchCard)
    }
  }

  private func insertDevice(
    _ order: DeviceOrder, _ holder: Holder, _ number: CardNumber, _ scratchCard: ScratchCard,
    _ transportKey: [UInt8], today: Day, _ database: Database
  ) throws -> Int64 {
    let expiryDay = today.adding(years: Self.validityYears)
    let userCode = try UserCodeHash(
      code: scratchCard.userCode, salt: random.bytes(16, label: "user code salt \(number)"))
    let personalData = try PersonalData.encode(
      holder, issuerCode: order.administration.code, issueDate: today, expiryDate: expiryDay)
    let chipSerial = try order.chipSerial ?? random.bytes(8, label: "chip serial \(number)")
    try database.execute(
      sql: """
        INSERT INTO device (cardNumber, holderId, chip, kind, chipSerial, transportKey,
          userCodeSalt, userCodeHash, administration, personalData, issueDay, expiryDay)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        number.description, order.holderID, order.chip.rawValue, order.kind.rawValue,
        Data(chipSerial), Data(transportKey), Data(userCode.salt), Data(userCode.hash),
        try JSON.encode(order.administration), Data(personalData), today.description,
        expiryDay.description,
      ])
    return database.lastInsertedRowID
  }

  /// Tries numbers until one is free; seeded, the tries are always the same ones.
  private func freeCardNumber(_ database: Database) throws -> CardNumber {
    let devices = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM device") ?? 0
    var attempt = 0
    while true {
      let number = try CardNumber.random(random, label: "card number \(devices) \(attempt)")
      if try fetchDevice(number, database) == nil { return number }
      attempt += 1
    }
  }
}
