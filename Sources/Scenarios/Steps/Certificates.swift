import Authority
import Cryptography
import Foundation
import ISO7816
import Issuance
import Terminal

/// VERIFY, MANAGE SECURITY ENVIRONMENT, PSO: a signature that fits the certificate on the card.
struct Sign: Step {
  static let keyword = "sign"
  static let summary = "sign a text and check the signature against the certificate on the card"
  let key: KeyName
  let text: String
  let pin: String?
  let verifiesFirst: Bool
  let expect: StatusPattern

  init(_ fields: Fields) throws(ScenarioError) {
    key = try fields.choice("key") ?? .signature
    text = try fields.text("text") ?? "softdna"
    pin = try fields.text("pin")
    verifiesFirst = try fields.choice("verify", YesNo.self) != .no
    expect = try fields.status()
  }

  /// Written as YAML writes truth.
  enum YesNo: String, CaseIterable {
    case yes
    case no
  }

  var title: String { "sign with the \(key.rawValue) key → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let code = try world.code(.pin(key), or: pin)
    let message = Array(text.utf8)
    let signature: [UInt8]
    let der: [UInt8]?
    do throws(CardError) {
      try session.select(key.slot.keyDirectory)
      if verifiesFirst { try session.verify(key.slot.pin, code) }
      signature = try session.signBlock(Digest.sha256Info(message), key: key.slot.key)
      der = try CardIssuer(session).readCertificate(of: key.slot)
    } catch {
      guard let status = error.status, expect != .success else { throw StepFailure("\(error)") }
      return try expect.check(status)
    }
    try expect.check(.success)
    guard let der else { throw StepFailure("there is no certificate on the card") }
    let fits: Bool
    do throws(CryptoError) {
      fits = try X509Certificate(der: der).verifies(signature, over: message)
    } catch {
      throw StepFailure("\(error)")
    }
    guard fits else {
      throw StepFailure("the signature does not fit the certificate on the card")
    }
  }
}

/// What the certificate on the card says, and that the authority has the same one in its books.
struct ExpectCertificate: Step {
  static let keyword = "expect-certificate"
  static let summary = "check the certificate on the card: valid today or not, when it expires"
  let key: KeyName
  let validity: Validity?
  let expires: Day?
  let books: Books?

  /// Whether the day is inside the certificate's validity.
  enum Validity: String, CaseIterable {
    case valid
    case expired
  }

  /// What the authority says of the certificates of this key it made before the one on the card.
  enum Books: String, CaseIterable {
    case superseded
    case none
  }

  init(_ fields: Fields) throws(ScenarioError) {
    key = try fields.choice("key") ?? .cns
    validity = try fields.choice("today")
    books = try fields.choice("earlier")
    let written = try fields.text("expires")
    expires = written.flatMap { Day($0) }
    guard written == nil || expires != nil else {
      throw fields.wrong("expires", "\"\(written ?? "")\" is no day: write YYYY-MM-DD")
    }
  }

  var title: String {
    "the \(key.rawValue) certificate on the card is \(validity?.rawValue ?? "the authority's")"
      + (expires.map { ", expires \($0)" } ?? "")
      + (books == .superseded ? ", the one before it is revoked" : "")
  }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let device = try world.issuedDevice()
    let der: [UInt8]?
    do throws(CardError) {
      der = try CardIssuer(session).readCertificate(of: key.slot)
    } catch {
      throw StepFailure("\(error)")
    }
    guard let der else { throw StepFailure("there is no certificate on the card") }
    let issued: [IssuedCertificate]
    do throws(AuthorityError) {
      issued = try world.counter.authority.certificates(of: device)
        .filter { $0.purpose == key.purpose }
    } catch {
      throw StepFailure("\(error)")
    }
    guard let onCard = issued.last, onCard.der == der, onCard.revocation == nil else {
      throw StepFailure("the certificate on the card is not the one that counts in the books")
    }
    try checkDates(onCard, world.clock.now)
    let earlier = issued.dropLast()
    switch books {
    case .superseded:
      guard !earlier.isEmpty, earlier.allSatisfy({ $0.revocation?.reason == .superseded }) else {
        throw StepFailure("the books have no superseded certificate before the one on the card")
      }
    case .some(.none):
      guard earlier.isEmpty else { throw StepFailure("the books have an earlier certificate") }
    case nil: break
    }
  }

  private func checkDates(_ certificate: IssuedCertificate, _ now: Date) throws(StepFailure) {
    let isValid = certificate.notBefore <= now && now <= certificate.notAfter
    if let validity, (validity == .valid) != isValid {
      throw StepFailure(
        "expected a certificate that is \(validity.rawValue) on \(Day(now)); it is valid from"
          + " \(Day(certificate.notBefore)) to \(Day(certificate.notAfter))")
    }
    // It ends with the last second before the expiry day.
    let last = Day(certificate.notAfter.addingTimeInterval(1))
    if let expires, expires != last {
      throw StepFailure("expected expiry on \(expires), the certificate says \(last)")
    }
  }
}
