/// The administration that issues a device: what the CNS certificate names as O and OU, and the
/// card's personal data as issuer.
public struct IssuingAdministration: Codable, Equatable, Sendable {
  /// The issuer code of EF_DatiPersonali, at most 8 characters.
  public var code: String
  /// O of the CNS certificate, at most 64 characters.
  public var organization: String
  /// OU of the CNS certificate, at most 64 characters.
  public var unit: String

  /// An administration; `validate()` judges it.
  public init(code: String, organization: String, unit: String) {
    self.code = code
    self.organization = organization
    self.unit = unit
  }

  /// The one used where none is given.
  public static let test = IssuingAdministration(
    code: "TEST", organization: "TEST - CAMERA DI COMMERCIO DI PROVA",
    unit: "TEST - NOT A REAL ISSUING ADMINISTRATION")

  /// Every certificate says that it is a test: one of the two names must.
  ///
  /// - Throws: rule `field`.
  public func validate() throws(AuthorityError) {
    let attempted = "validating an issuing administration"
    guard (1...8).contains(code.utf8.count), code.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw AuthorityError(attempted, .field("code"), "1 to 8 ASCII characters are allowed") }
    for (field, value) in [("organization", organization), ("unit", unit)] {
      guard (1...64).contains(value.count) else {
        throw AuthorityError(attempted, .field(field), "1 to 64 characters are allowed")
      }
      if let defect = value.defectAsName { throw AuthorityError(attempted, .field(field), defect) }
    }
    guard organization.contains("TEST") || unit.contains("TEST") else {
      throw AuthorityError(
        attempted, .field("unit"), "neither organization nor unit says TEST")
    }
  }
}
