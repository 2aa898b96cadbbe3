import CCrypto
import Cryptography
import Foundation
import GRDB

/// How fast lists and answers are made: measured on an authority that is made for it.
public struct StatusBenchmark: Equatable, Sendable {
  /// Entries of the full list.
  public let entries: Int
  /// The time to build, sign and store that list and its delta list.
  public let listTime: Duration
  /// The list's size in bytes of DER.
  public let listBytes: Int
  /// OCSP answers in a second, one thread, each signed.
  public let answersPerSecond: Double
  /// The time to suspend one of the devices, user code included.
  public let suspensionTime: Duration

  /// Fills an authority in a new directory with 1,000 devices and as many revoked certificates as
  /// asked, then measures.
  ///
  /// - Parameters:
  ///   - directory: does not exist yet; the caller removes it.
  ///   - entries: 2,000 or more.
  ///   - answers: how many OCSP answers are made.
  /// - Throws: rules `database`, `libcrypto`, `file`.
  public static func run(
    directory: String, entries: Int = 100_000, answers: Int = 2_000
  ) throws(AuthorityError) -> StatusBenchmark {
    let authority = try Authority(
      directory: directory, settings: .init(seed: 1), clock: .fixed(Day(number: 20_500)))
    let (device, userCode, serials) = try authority.fill(devices: 1000, certificates: entries)
    let clock = ContinuousClock()
    var list: RevocationList?
    let listTime = try clock.time { () throws(AuthorityError) in
      list = try authority.revocationList(of: "a-cns")
    }
    let requests = try serials.map { serial throws(AuthorityError) in
      try authority.request(serial)
    }
    _ = try authority.ocspResponse(to: requests[0])  // makes the responder
    let answerTime = try clock.time { () throws(AuthorityError) in
      for index in 0..<answers {
        _ = try authority.ocspResponse(to: requests[index % requests.count])
      }
    }
    let suspensionTime = try clock.time { () throws(AuthorityError) in
      _ = try authority.suspend(device, by: .holder(userCode: userCode))
    }
    return StatusBenchmark(
      entries: entries, listTime: listTime, listBytes: list?.der.count ?? 0,
      answersPerSecond: Double(answers) / (answerTime / .seconds(1)),
      suspensionTime: suspensionTime)
  }
}

extension ContinuousClock {
  fileprivate func time(_ body: () throws(AuthorityError) -> Void) throws(AuthorityError)
    -> Duration
  {
    let start = now
    try body()
    return start.duration(to: now)
  }
}

extension Authority {
  /// Devices as orders make them, and certificates as rows without a certificate in them: lists and
  /// answers look at nothing else.
  fileprivate func fill(devices: Int, certificates: Int) throws(AuthorityError) -> (
    device: Device, userCode: String, serials: [[UInt8]]
  ) {
    let holder = try register(.fictitious)
    let first = try order(DeviceOrder(holderID: holder.id))
    let now = clock.now
    return try store.write("filling an authority") { database in
      for _ in 1..<devices {
        // All of an order but the derivation of its user code's hash, which is made to be slow.
        try database.execute(
          sql: """
            INSERT INTO device (cardNumber, holderId, chip, kind, chipSerial, transportKey,
              userCodeSalt, userCodeHash, administration, personalData, issueDay, expiryDay)
            SELECT ?, holderId, chip, kind,
              chipSerial, transportKey, userCodeSalt, userCodeHash, administration, personalData,
              issueDay, expiryDay FROM device WHERE id = ?
            """, arguments: [try freeCardNumber(database).description, first.device.id])
        _ = try insertEnrolment(
          .issuance, deviceID: database.lastInsertedRowID, expiryDay: first.enrolment.expiryDay,
          fee: nil, now: now, database)
      }
      try database.execute(
        sql: "UPDATE enrolment SET state = 'active'")
      let statement = try database.makeStatement(
        sql: """
          INSERT INTO certificate (enrolmentId, deviceId, issuer, purpose, serialNumber, publicKey,
            der, notBefore, notAfter, revokedAt, revocationReason)
          VALUES (?, ?, 'a-cns', 'cns', ?, ?, x'', ?, ?, ?, ?)
          """)
      var serials: [[UInt8]] = []
      // One more than asked, which is good: it can be suspended.
      for index in 0...certificates {
        let serial = Certificate.serialNumber(.system, label: "benchmark")
        if index % 100 == 0 { serials.append(serial) }
        let isGood = index == certificates
        try statement.execute(arguments: [
          first.enrolment.id, isGood ? first.device.id : first.device.id + 1,
          Certificate.text(ofSerialNumber: serial), Data(serial), now.seconds,
          now.addingTimeInterval(86_400 * 1000).seconds,
          isGood ? nil : now.seconds - Int64(index % 86_400),
          isGood ? nil : [1, 4, 5, 6][index % 4],
        ])
      }
      return (
        try self.existing(first.device.id, database), first.scratchCard.userCode, serials
      )
    }
  }

  /// An OCSPRequest about a number of the CNS CA.
  fileprivate func request(_ serial: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let certificate = try Certificate.parse(
      try issuer(.issuing(.infoCamereLike, .cnsAuthentication)).certificate)
    let sha1 = DER.sequence([OID(1, 3, 14, 3, 2, 26).der, DER.null])
    let identifier = DER.sequence([
      sha1, DER.octetString(Digest.sha1(try Certificate.subject(of: certificate))),
      DER.octetString(Digest.sha1(Certificate.publicKeyBits(of: certificate))),
      DER.integer(serial),
    ])
    return DER.sequence([DER.sequence([DER.sequence([DER.sequence([identifier])])])])
  }
}
