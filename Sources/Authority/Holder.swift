import Foundation

/// Sex as registers and the codice fiscale know it.
public enum Sex: String, Codable, Sendable {
  /// Female.
  case female = "F"
  /// Male.
  case male = "M"
}

/// What a holder is in a company, where that was registered.
public struct CompanyRole: Codable, Equatable, Sendable {
  /// The company's name.
  public var company: String
  /// The holder's role in it, for example "legale rappresentante".
  public var role: String

  /// A role in a company.
  public init(company: String, role: String) {
    self.company = company
    self.role = role
  }
}

/// The person (*titolare*) a device is issued to. Plain `Codable`: a file's keys are the property
/// names, days are `YYYY-MM-DD`.
public struct Holder: Codable, Equatable, Sendable {
  /// Family name.
  public var surname: String
  /// Given name or names.
  public var name: String
  /// 16 characters with a right check letter, agreeing with name, sex, birth date and birthplace.
  public var codiceFiscale: String
  /// `F` or `M`.
  public var sex: Sex
  /// The day of birth.
  public var birthDate: Day
  /// Cadastral code (*codice catastale*) of the township or country of birth: a letter, 3 digits.
  public var birthTownshipCode: String
  /// Name of the place of birth.
  public var birthPlace: String
  /// Citizenship, three letters (ISO 3166-1), for example `ITA`.
  public var citizenship: String
  /// Cadastral code of the township of residence.
  public var residenceTownshipCode: String
  /// Street, number and place of residence.
  public var residenceAddress: String
  /// Where expiry notices go.
  public var eMail: String
  /// Mobile phone: digits, spaces, a leading `+`.
  public var phone: String
  /// The holder's role in a company, if one was registered; no certificate shows it.
  public var companyRole: CompanyRole?

  /// A holder from every field; `validate()` judges them.
  public init(
    surname: String, name: String, codiceFiscale: String, sex: Sex, birthDate: Day,
    birthTownshipCode: String, birthPlace: String, citizenship: String,
    residenceTownshipCode: String, residenceAddress: String, eMail: String, phone: String,
    companyRole: CompanyRole? = nil
  ) {
    self.surname = surname
    self.name = name
    self.codiceFiscale = codiceFiscale
    self.sex = sex
    self.birthDate = birthDate
    self.birthTownshipCode = birthTownshipCode
    self.birthPlace = birthPlace
    self.citizenship = citizenship
    self.residenceTownshipCode = residenceTownshipCode
    self.residenceAddress = residenceAddress
    self.eMail = eMail
    self.phone = phone
    self.companyRole = companyRole
  }

  /// A holder nobody can be: no Italian township or country has a code that begins with X.
  public static let fictitious = Holder(
    surname: "PROVA TEST", name: "NESSUNA", codiceFiscale: "PRVNSN80A41X999K", sex: .female,
    birthDate: Day(number: 3652), birthTownshipCode: "X999", birthPlace: "CITTA DI PROVA (TEST)",
    citizenship: "ITA", residenceTownshipCode: "X999",
    residenceAddress: "VIA DELLE PROVE 0, CITTA DI PROVA (TEST)",
    eMail: "nessuna.prova@softdna.invalid", phone: "+39 000 0000000")

  /// Judges every field, and whether the codice fiscale says what the other fields say.
  ///
  /// - Throws: rule `field` with the name of the first property that is wrong.
  public func validate() throws(AuthorityError) {
    for (field, value) in [
      ("surname", surname), ("name", name), ("birthPlace", birthPlace),
      ("residenceAddress", residenceAddress),
    ] {
      if let defect = value.defectAsName { throw refused(field, defect) }
      guard value.contains(where: \.isLetter) else { throw refused(field, "has no letter") }
    }
    for (field, value) in [
      ("companyRole.company", companyRole?.company), ("companyRole.role", companyRole?.role),
    ] {
      if let defect = value?.defectAsName { throw refused(field, defect) }
    }
    // CN "SURNAME NAME" is bounded by ub-common-name (RFC 5280, appendix A).
    guard surname.count + 1 + name.count <= 64 else {
      throw refused("surname", "surname and name together exceed 63 characters")
    }
    for (field, value) in [
      ("birthTownshipCode", birthTownshipCode), ("residenceTownshipCode", residenceTownshipCode),
    ] where !CodiceFiscale.isTownshipCode(value) {
      throw refused(field, "\"\(value.printable)\" is not a letter and three digits")
    }
    guard citizenship.utf8.count == 3,
      citizenship.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
    else {
      throw refused("citizenship", "\"\(citizenship.printable)\" is not three capital letters")
    }
    _ = try EMailAddress(eMail)
    guard phone.filter(\.isNumber).count >= 6,
      phone.enumerated().allSatisfy({
        ("0"..."9").contains($1) || $1 == " " || ($1 == "+" && $0 == 0)
      })
    else { throw refused("phone", "\"\(phone.printable)\" is not a phone number") }
    try validateCodiceFiscale()
  }

  private func validateCodiceFiscale() throws(AuthorityError) {
    let given = Array(try CodiceFiscale(codiceFiscale).withoutOmocodia)
    let expected = Array(
      try CodiceFiscale(
        surname: surname, name: name, birthDate: birthDate, sex: sex,
        birthTownshipCode: birthTownshipCode
      ).description)
    for (range, field) in [
      (0..<3, "surname"), (3..<6, "name"), (6..<11, "birthDate"), (11..<15, "birthTownshipCode"),
    ] where given[range] != expected[range] {
      throw refused(
        "codiceFiscale",
        "\(codiceFiscale) says \(String(given[range])) where \(field)"
          + (field == "birthDate" ? " and sex" : "") + " give \(String(expected[range]))")
    }
  }

  private func refused(_ field: String, _ reason: String) -> AuthorityError {
    AuthorityError("validating a holder", .field(field), reason)
  }
}
