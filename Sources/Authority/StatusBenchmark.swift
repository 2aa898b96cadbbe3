import Cryptography
import Foundation
import GRDB

/// How fast the authority issues, suspends, lists and answers: measured on one that is made for
/// it.
public struct StatusBenchmark: Equatable, Sendable {
  /// Devices that were issued, each with both certificates, and suspended.
  public let devices: Int
  /// The time to issue one: registration, order, requests verified, certificates, activation. The
  /// card's part does not count.
  public let issuanceTime: Duration
  /// The time to suspend one, online with the user code.
  public let suspensionTime: Duration
  /// Entries of the full list, the suspended devices among them.
  public let entries: Int
  /// The time to build and sign that list and its delta list.
  public let listTime: Duration
  /// The full list's size in bytes of DER.
  public let listBytes: Int
  /// OCSP answers in a second, one thread, each signed.
  public let answersPerSecond: Double

  /// Fills an authority in a new directory, and measures meanwhile.
  ///
  /// - Parameters:
  ///   - directory: does not exist yet; the caller removes it.
  ///   - devices: how many are issued and suspended, as holders do it.
  ///   - entries: of the full list, `devices` or more; what the devices are too few for are rows of
  ///     certificates that were revoked earlier.
  ///   - answers: how many OCSP answers are made.
  /// - Throws: rules `database`, `libcrypto`, `file`.
  public static func run(
    directory: String, devices: Int = 1000, entries: Int = 100_000, answers: Int = 2_000
  ) throws(AuthorityError) -> StatusBenchmark {
    let authority = try Authority(
      directory: directory, settings: .init(seed: 1), clock: .fixed(Day(number: 20_500)))
    let (issued, issuanceTime) = try authority.issue(devices)
    let earlier = try authority.fill(entries - devices, of: issued.map(\.device))
    let suspensionTime = try ContinuousClock.time { () throws(AuthorityError) in
      for (device, code) in issued { try authority.suspend(device, by: .holder(userCode: code)) }
    }
    var list: RevocationList?
    let listTime = try ContinuousClock.time { () throws(AuthorityError) in
      list = try authority.revocationList(of: Authority.benchmarked.rawValue)
    }
    let requests = try authority.requests(about: earlier)
    _ = try authority.ocspResponse(to: requests[0])  // makes the responder
    let answerTime = try ContinuousClock.time { () throws(AuthorityError) in
      for index in 0..<answers {
        _ = try authority.ocspResponse(to: requests[index % requests.count])
      }
    }
    return StatusBenchmark(
      devices: devices, issuanceTime: issuanceTime / devices,
      suspensionTime: suspensionTime / devices, entries: entries, listTime: listTime,
      listBytes: list?.der.count ?? 0,
      answersPerSecond: Double(answers) / (answerTime / .seconds(1)))
  }
}

extension ContinuousClock {
  fileprivate static func time(_ body: () throws(AuthorityError) -> Void) throws(AuthorityError)
    -> Duration
  {
    let start = now
    try body()
    return start.duration(to: now)
  }
}

extension Authority {
  fileprivate static let benchmarked = CertificationAuthority.Name.issuing(
    .infoCamereLike, .cnsAuthentication)

  /// Issues devices to the fictitious holder; tells their user codes, and the authority's time.
  fileprivate func issue(_ count: Int) throws(AuthorityError) -> (
    [(device: Device, userCode: String)], Duration
  ) {
    var card = try BenchmarkCard()
    var issued: [(device: Device, userCode: String)] = []
    var time = Duration.zero
    func timed<Value>(_ body: () throws(AuthorityError) -> Value) throws(AuthorityError) -> Value {
      let start = ContinuousClock.now
      defer { time += start.duration(to: .now) }
      return try body()
    }
    for _ in 0..<count {
      let order = try timed { () throws(AuthorityError) in
        try self.order(DeviceOrder(holderID: try register(.fictitious).id))
      }
      for purpose in CertificatePurpose.allCases {
        let key = try card.makeKey()
        let request = try timed { () throws(AuthorityError) in
          try certificationRequest(
            for: order.enrolment, purpose: purpose, publicKey: key.publicKey)
        }
        let signed = request.assemble(signature: try card.sign(request, with: key.secret))
        _ = try timed { () throws(AuthorityError) in
          try certify(order.enrolment, purpose: purpose, request: signed)
        }
      }
      let device = try timed { () throws(AuthorityError) in try activate(order.enrolment) }
      issued.append((device, order.scratchCard.userCode))
    }
    return (issued, time)
  }

  /// Certificates that were revoked earlier, as rows without a certificate in them: lists and answers
  /// look at nothing else. Tells every hundredth serial number.
  fileprivate func fill(_ count: Int, of devices: [Device]) throws(AuthorityError) -> [[UInt8]] {
    let now = clock.now
    return try store.write("filling an authority") { database in
      let enrolments = try Enrolment.fetch(database, "1 = 1", [])
      let statement = try database.makeStatement(
        sql: """
          INSERT INTO certificate (enrolmentId, deviceId, issuer, purpose, serialNumber, publicKey,
            der, notBefore, notAfter, revokedAt, revocationReason)
          VALUES (?, ?, ?, 'cns', ?, ?, x'', ?, ?, ?, ?)
          """)
      let change = try database.makeStatement(
        sql: """
          INSERT INTO statusChange (issuer, serialNumber, at, reason, knownFrom)
          VALUES (?, ?, ?, ?, ?)
          """)
      var serials: [[UInt8]] = []
      for index in 0..<count {
        let serial = Certificate.serialNumber(.system, label: "benchmark")
        if index % 100 == 0 { serials.append(serial) }
        let enrolment = enrolments[index % enrolments.count]
        let revokedAt = now.seconds - Int64(index % 86_400)
        let reason = [1, 4, 5, 9][index % 4]
        try change.execute(arguments: [
          Self.benchmarked.rawValue, Certificate.text(ofSerialNumber: serial), revokedAt, reason,
          revokedAt,
        ])
        try statement.execute(arguments: [
          enrolment.id, enrolment.deviceID, Self.benchmarked.rawValue,
          Certificate.text(ofSerialNumber: serial), Data(serial), now.seconds,
          now.addingTimeInterval(86_400 * 1000).seconds, revokedAt, reason,
        ])
      }
      return serials
    }
  }

  /// OCSP requests about the certificates that count: these, which were revoked, and those of the
  /// devices, which are suspended.
  fileprivate func requests(about serials: [[UInt8]]) throws(AuthorityError) -> [[UInt8]] {
    let issuer = try issuer(Self.benchmarked)
    let name = Digest.sha1(issuer.subject)
    let key = Digest.sha1(issuer.publicKeyBits)
    let sha1 = DER.sequence([OID(1, 3, 14, 3, 2, 26).der, DER.null])
    let held = try store.read("listing certificates") { database in
      try String.fetchAll(
        database, sql: "SELECT serialNumber FROM certificate WHERE issuer = ? AND length(der) > 0",
        arguments: [Self.benchmarked.rawValue])
    }.map { Certificate.serialNumber(ofText: $0) }
    return (serials + held).map { serial in
      let identifier = DER.sequence([
        sha1, DER.octetString(name), DER.octetString(key), DER.integer(serial),
      ])
      return DER.sequence([DER.sequence([DER.sequence([DER.sequence([identifier])])])])
    }
  }
}
