import Authority
import Foundation
import Issuance

/// Who a scenario's token is issued to.
enum HolderReader {
  /// The properties of a holder that a scenario may set.
  static let keys = [
    "surname", "name", "codiceFiscale", "sex", "birthDate", "birthTownshipCode", "birthPlace",
    "citizenship", "residenceTownshipCode", "residenceAddress", "eMail", "phone",
  ]

  /// The holder of a scenario: a file's, the fictitious one, or the fictitious one with other
  /// properties. Without `codiceFiscale` the code follows from the others.
  static func holder(_ fields: Fields) throws(ScenarioError) -> Holder {
    let holder: Holder
    switch fields.value("holder") {
    case nil: return .fictitious
    case .text(let text):
      do {
        return try HolderFile.read(StepReader.path(text.string, from: text.place.file))
      } catch {
        throw fields.wrong("holder", "\(error)")
      }
    case .list: throw fields.wrong("holder", "holder is a file or named values")
    case .mapping(let entries, _): holder = try changed(.fictitious, entries)
    }
    do throws(AuthorityError) { try holder.validate() } catch {
      guard case .field(let name) = error.rule,
        let entry = fields.entries("holder").first(where: { $0.key == name })
      else { throw fields.wrong("holder", "\(error)") }
      throw ScenarioError(entry.value.place, "\(name): \(error.reason)")
    }
    return holder
  }

  private static func changed(_ holder: Holder, _ entries: [Value.Entry])
    throws(ScenarioError) -> Holder
  {
    var holder = holder
    for entry in entries {
      guard case .text(let text) = entry.value else { continue }
      switch entry.key {
      case "surname": holder.surname = text.string
      case "name": holder.name = text.string
      case "sex":
        guard let sex = Sex(rawValue: text.string) else {
          throw ScenarioError(text.place, "sex is F or M, not \"\(text.string)\"")
        }
        holder.sex = sex
      case "birthDate":
        guard let day = Day(text.string) else {
          throw ScenarioError(text.place, "birthDate is a day, YYYY-MM-DD, not \"\(text.string)\"")
        }
        holder.birthDate = day
      case "birthTownshipCode": holder.birthTownshipCode = text.string
      case "birthPlace": holder.birthPlace = text.string
      case "citizenship": holder.citizenship = text.string
      case "residenceTownshipCode": holder.residenceTownshipCode = text.string
      case "residenceAddress": holder.residenceAddress = text.string
      case "eMail": holder.eMail = text.string
      case "phone": holder.phone = text.string
      default: break
      }
    }
    if let given = entries.first(where: { $0.key == "codiceFiscale" }) {
      if case .text(let text) = given.value { holder.codiceFiscale = text.string }
    } else if let code = try? CodiceFiscale(
      surname: holder.surname, name: holder.name, birthDate: holder.birthDate, sex: holder.sex,
      birthTownshipCode: holder.birthTownshipCode)
    {
      holder.codiceFiscale = code.description
    }
    return holder
  }
}
