import Authority
import Cryptography
import Foundation
import ISO7816
import Issuance
import Terminal

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

  static let keys: [Key] = [
    .key, .optional("today", .choice(of: Validity.self), "whether today is inside its validity"),
    .optional("expires", .day, "the first day it is not valid any more"),
    .optional("earlier", .choice(of: Books.self), "what became of the ones before it"),
  ]

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .cns
    validity = fields.choice("today")
    books = fields.choice("earlier")
    expires = fields.day("expires")
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
