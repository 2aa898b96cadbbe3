/// How a holder was identified.
public struct IdentityCheck: Codable, Equatable, Sendable {
  /// Who stands before the registration authority.
  public enum Presenter: String, Codable, Sendable {
    /// The holder.
    case holder
    /// Somebody else in the holder's name: never accepted.
    case proxy
  }

  /// The document shown, for example `identity card`.
  public var document: String
  /// Its number.
  public var documentNumber: String
  /// Its last day.
  public var documentExpires: Day
  /// Who checked it: the official, or the identity provider of the SPID session.
  public var checkedBy: String
  /// Who came.
  public var presenter: Presenter

  /// A check from what was recorded.
  public init(
    document: String, documentNumber: String, documentExpires: Day, checkedBy: String,
    presenter: Presenter = .holder
  ) {
    self.document = document
    self.documentNumber = documentNumber
    self.documentExpires = documentExpires
    self.checkedBy = checkedBy
    self.presenter = presenter
  }

  /// What the event log keeps of it.
  func recorded(over channel: Channel) -> [String: String] {
    [
      "channel": channel.rawValue, "document": document, "documentNumber": documentNumber,
      "checkedBy": checkedBy,
    ]
  }

  /// Judges the check.
  ///
  /// - Throws: rule `delegation` where a proxy came; `field` where a document is missing or expired.
  func validate(_ attempted: String, on day: Day) throws(AuthorityError) {
    guard presenter == .holder else {
      throw AuthorityError(
        attempted, .delegation, "the device is personal: the holder comes, no proxy")
    }
    for (field, value) in [
      ("identity.document", document), ("identity.documentNumber", documentNumber),
      ("identity.checkedBy", checkedBy),
    ] {
      if let defect = value.defectAsName { throw AuthorityError(attempted, .field(field), defect) }
    }
    guard documentExpires >= day else {
      throw AuthorityError(
        attempted, .field("identity.documentExpires"), "the document expired on \(documentExpires)")
    }
  }
}

/// The residence permit of a holder who is no citizen of the Union, as far as it was shown.
public struct ResidencePermit: Codable, Equatable, Sendable {
  /// What proves that a renewal takes longer than its term.
  public enum Proof: String, Codable, Sendable {
    /// The state of the renewal is "in corso di trattazione".
    case inProgress = "in-corso-di-trattazione"
    /// The letter of convocation.
    case convocation
  }

  /// Days after its expiry in which the renewal documents alone are enough.
  public static let renewalDays = 60

  /// Its last day.
  public var expires: Day
  /// The permit, or a copy of it, was shown.
  public var copyShown: Bool
  /// The documents of the renewal request were shown.
  public var renewalRequestShown: Bool
  /// What was shown of a renewal that takes longer.
  public var proof: Proof?

  /// A permit from what was shown.
  public init(
    expires: Day, copyShown: Bool = true, renewalRequestShown: Bool = false, proof: Proof? = nil
  ) {
    self.expires = expires
    self.copyShown = copyShown
    self.renewalRequestShown = renewalRequestShown
    self.proof = proof
  }

  /// What is missing on `day`; where something is, the request is deposited.
  func missing(on day: Day) -> [String] {
    guard copyShown else { return ["the residence permit, or a copy of it"] }
    guard expires < day else { return [] }
    var missing: [String] = []
    if !renewalRequestShown { missing.append("the documents of the renewal request") }
    if day > expires.adding(days: Self.renewalDays), proof == nil {
      missing.append("proof that the renewal is \"in corso di trattazione\", or the convocation")
    }
    return missing
  }
}

/// What a holder who represents a company legally tells of it.
public struct LegalRepresentation: Codable, Equatable, Sendable {
  /// The company is seated in the chamber's district.
  public var companySeatedHere: Bool
  /// The company has paid the chamber's annual fee.
  public var annualFeePaid: Bool

  /// A representation from what was checked.
  public init(companySeatedHere: Bool, annualFeePaid: Bool) {
    self.companySeatedHere = companySeatedHere
    self.annualFeePaid = annualFeePaid
  }
}

/// How the device comes to its holder.
public enum Delivery: String, Codable, Sendable {
  /// Handed over where the holder was identified.
  case immediate
  /// Picked up at the chamber.
  case pickUp = "pick-up"
  /// Sent home.
  case home
}

/// A holder's request for a device at a chamber. Plain `Codable`: a file's keys are the property
/// names.
public struct Application: Codable, Equatable, Sendable {
  /// The chamber.
  public var chamber: String
  /// The channel.
  public var channel: Channel
  /// The device asked for.
  public var device: DeviceKind
  /// How it comes to its holder.
  public var delivery: Delivery
  /// Who asks.
  public var holder: Holder
  /// How the holder was identified.
  public var identity: IdentityCheck
  /// The residence permit; needed of holders who are no citizens of the Union.
  public var residencePermit: ResidencePermit?
  /// Where the holder asks as a company's legal representative.
  public var legalRepresentation: LegalRepresentation?

  /// A request from its parts.
  public init(
    chamber: String, channel: Channel = .counter, device: DeviceKind = .token,
    delivery: Delivery = .immediate, holder: Holder, identity: IdentityCheck,
    residencePermit: ResidencePermit? = nil, legalRepresentation: LegalRepresentation? = nil
  ) {
    self.chamber = chamber
    self.channel = channel
    self.device = device
    self.delivery = delivery
    self.holder = holder
    self.identity = identity
    self.residencePermit = residencePermit
    self.legalRepresentation = legalRepresentation
  }

  /// Judges the request by the chamber's policy, field by field.
  ///
  /// - Throws: rule `delegation` where a proxy came; `policy` where the chamber does not offer what
  ///   is asked; `field` where a document is missing or wrong.
  func validate(_ policy: ChamberPolicy, on day: Day) throws(AuthorityError) {
    let attempted = "registering a request"
    try holder.validate()
    try identity.validate(attempted, on: day)
    guard channel.issues, policy.channels.contains(channel) else {
      throw AuthorityError(
        attempted, .policy("channels"), "\(chamber) issues nothing over \(channel.rawValue)")
    }
    guard policy.devices.contains(device) else {
      throw AuthorityError(
        attempted, .policy("devices"), "\(chamber) issues no \(device.rawValue)")
    }
    guard channel.isRemote == (delivery != .immediate) else {
      throw AuthorityError(
        attempted, .field("delivery"),
        "\(delivery.rawValue) does not go with \(channel.rawValue)")
    }
    guard delivery != .home || policy.homeDelivery.contains(device) else {
      throw AuthorityError(
        attempted, .policy("homeDelivery"), "\(chamber) delivers no \(device.rawValue) home")
    }
    guard !holder.needsResidencePermit || residencePermit != nil else {
      throw AuthorityError(
        attempted, .field("residencePermit"),
        "is missing; a citizen of \(holder.citizenship) shows one")
    }
  }
}

extension Holder {
  /// The member states of the Union (ISO 3166-1, three letters).
  private static let union: Set<String> = [
    "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV",
    "HUN", "IRL", "ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN",
    "SWE",
  ]

  /// Whether the holder is no citizen of the Union.
  public var needsResidencePermit: Bool { !Self.union.contains(citizenship) }
}
