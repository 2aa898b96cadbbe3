import Foundation
import Testing

@testable import Authority

@Suite("Holders and what is written about them")
struct HolderTests {
  @Test("the built-in holder is valid and says that it is a test")
  func fictitious() throws {
    try Holder.fictitious.validate()
    #expect(Holder.fictitious.birthDate.description == "1980-01-01")
    #expect(Holder.fictitious.surname.contains("TEST"))
    let copy = try JSONDecoder().decode(
      Holder.self, from: JSONEncoder().encode(Holder.fictitious))
    #expect(copy == Holder.fictitious)
  }

  @Test(
    "a codice fiscale is computed as published",
    arguments: [
      // The example of the Agenzia delle Entrate's own pages, and edge cases of the name rules.
      ("Rossi", "Mario", "1980-01-01", Sex.male, "H501", "RSSMRA80A01H501U"),
      ("Bianchi", "Gianfranco", "1980-01-01", .male, "H501", "BNCGFR80A01H501"),
      ("Fo", "Al", "1995-12-31", .female, "F205", "FOXLAX95T71F205"),
      ("D'Àvila", "Niccolò", "2004-02-29", .male, "L219", "DVLNCL04B29L219"),
    ])
  func computed(
    surname: String, name: String, birth: String, sex: Sex, place: String, expected: String
  ) throws {
    let day = try #require(Day(birth))
    let code = try CodiceFiscale(
      surname: surname, name: name, birthDate: day, sex: sex, birthTownshipCode: place)
    #expect(code.description.hasPrefix(expected))
    _ = try CodiceFiscale(code.description)
  }

  @Test("omocodia letters are digits, with their own check letter")
  func omocodia() throws {
    let plain = try CodiceFiscale("RSSMRA80A01H501U")
    // The last digit of the township code, 1, becomes M.
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map { "RSSMRA80A01H50M\($0)" }
    let valid = letters.filter { (try? CodiceFiscale($0)) != nil }
    #expect(valid.count == 1)
    let code = try CodiceFiscale(try #require(valid.first))
    #expect(code.withoutOmocodia == plain.withoutOmocodia)
  }

  @Test(
    "a bad codice fiscale is refused and named",
    arguments: [
      "PRVNSN80A41X999A", "PRVNSN80A41X999", "PRVNSN80A41X9990", "prvnsn80a41x999k", "",
      "PRVNSN8AA41X999K", "RSSMRA80A01H501U",
    ])
  func bad(code: String) {
    var holder = Holder.fictitious
    holder.codiceFiscale = code
    #expect(rule { try holder.validate() } == .field("codiceFiscale"))
  }

  @Test("every other field is checked under its own name")
  func fields() {
    func broken(_ change: (inout Holder) -> Void) -> AuthorityError.Rule? {
      var holder = Holder.fictitious
      change(&holder)
      return rule { try holder.validate() }
    }
    #expect(broken { $0.surname = " " } == .field("surname"))
    #expect(broken { $0.name = "" } == .field("name"))
    #expect(broken { $0.name = "A\u{0}B" } == .field("name"))
    #expect(broken { $0.surname = String(repeating: "A", count: 64) } == .field("surname"))
    #expect(broken { $0.birthPlace = "" } == .field("birthPlace"))
    #expect(broken { $0.birthTownshipCode = "12" } == .field("birthTownshipCode"))
    #expect(broken { $0.residenceTownshipCode = "a123" } == .field("residenceTownshipCode"))
    #expect(broken { $0.citizenship = "IT" } == .field("citizenship"))
    #expect(broken { $0.eMail = "nobody" } == .field("eMail"))
    #expect(broken { $0.eMail = String(repeating: "a", count: 250) + "@b.it" } == .field("eMail"))
    #expect(
      broken { $0.companyRole = CompanyRole(company: " ", role: "TEST") }
        == .field("companyRole.company"))
    #expect(broken { $0.phone = "call me" } == .field("phone"))
    #expect(broken { $0.sex = .male } == .field("codiceFiscale"))
    #expect(broken { $0.name = "MARIA" } == .field("codiceFiscale"))
  }

  @Test("personal data have the card's form")
  func personalData() throws {
    let issue = try #require(Day("2026-02-16"))
    let bytes = try PersonalData.encode(
      .fictitious, issuerCode: "TEST", issueDate: issue, expiryDate: issue.adding(years: 3))
    let text = String(decoding: bytes, as: UTF8.self)
    let total = try #require(Int(text.prefix(6), radix: 16))
    #expect(total == bytes.count - 6)
    var rest = text.dropFirst(6)
    var fields: [String] = []
    while !rest.isEmpty {
      let count = try #require(Int(rest.prefix(2), radix: 16))
      fields.append(String(rest.dropFirst(2).prefix(count)))
      rest = rest.dropFirst(2 + count)
    }
    #expect(
      fields == [
        "TEST", "16022026", "16022029", "PROVA TEST", "NESSUNA", "01011980", "F", "",
        "PRVNSN80A41X999K", "ITA", "X999", "", "", "X999",
        "VIA DELLE PROVE 0, CITTA DI PROVA (TEST)", "",
      ])
    var long = Holder.fictitious
    long.surname = String(repeating: "A", count: 56)
    long.residenceAddress = String(repeating: "A", count: 255)
    #expect(
      rule {
        _ = try PersonalData.encode(
          long, issuerCode: "TEST", issueDate: issue, expiryDate: issue)
      } == .field("residenceAddress"))
  }

  @Test("card numbers carry a check digit; scratch cards digits of the right length")
  func numbers() throws {
    let number = try CardNumber.random(.seeded(3), label: "x")
    #expect(number.description.hasPrefix("6099999"))
    #expect(rule { _ = try CardNumber("4111111111111111") } == nil)  // Luhn's usual example
    #expect(rule { _ = try CardNumber("4111111111111112") } == .field("cardNumber"))
    #expect(rule { _ = try CardNumber("609999900000000") } == .field("cardNumber"))
    let card = ScratchCard.random(.seeded(3), for: number)
    #expect(
      [card.pinCNS, card.pinSignature, card.pukCNS, card.pukSignature].allSatisfy {
        $0.count == 8 && $0.allSatisfy(\.isNumber)
      })
    #expect(card.userCode.count == 10)
    #expect(try JSONDecoder().decode(ScratchCard.self, from: JSONEncoder().encode(card)) == card)
    let hash = try UserCodeHash(code: card.userCode, salt: [1, 2, 3])
    #expect(try hash.matches(card.userCode))
    #expect(try !hash.matches("0000000000"))
  }

  @Test(
    "days count as the calendar does",
    arguments: [
      ("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-02-16", 20_500), ("1900-03-01", -25_508),
    ])
  func days(text: String, number: Int) throws {
    let day = try #require(Day(text))
    #expect(day.number == number)
    #expect(day.description == text)
    #expect(Day(day.start) == day)
    #expect(Day(day.start.addingTimeInterval(86_399)) == day)
  }

  @Test(
    "there is no such day", arguments: ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-01", "x"])
  func noDay(text: String) { #expect(Day(text) == nil) }

  @Test("29 February ends on 28 February in a common year")
  func leapDay() throws {
    #expect(try #require(Day("2024-02-29")).adding(years: 3).description == "2027-02-28")
  }
}
