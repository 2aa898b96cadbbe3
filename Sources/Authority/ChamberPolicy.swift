/// How a holder and a registration authority meet.
public enum Channel: String, Codable, CaseIterable, Sendable {
  /// Walk-in at the counter.
  case counter
  /// At the counter, by appointment.
  case bookedCounter = "booked-counter"
  /// Recognition by webcam, then pick-up or home delivery.
  case webcam
  /// Recognition with SPID, then pick-up or home delivery.
  case spid
  /// An office that the chamber has an agreement with.
  case conventionedOffice = "conventioned-office"
  /// Online, without new recognition: renewals, and what the user code allows.
  case online

  /// Whether a device can be issued this way.
  public var issues: Bool { self != .online }
  /// Whether the holder is not there in person, so that the device is picked up or delivered.
  public var isRemote: Bool { self == .webcam || self == .spid || self == .online }
}

/// What a chamber of commerce decides: data, read from a file, never a constant in code. Plain
/// `Codable`: the file's keys are the property names.
public struct ChamberPolicy: Codable, Equatable, Sendable {
  /// From this day on, this provider certifies what the chamber issues.
  public struct ProviderPeriod: Codable, Equatable, Sendable {
    /// The first day, UTC.
    public var from: Day
    /// Who certifies.
    public var provider: Provider

    /// A period from its parts.
    public init(from: Day, provider: Provider) {
      self.from = from
      self.provider = provider
    }
  }

  /// The chamber's price list. What it does not state is nil: it is done, and the receipt says that
  /// no fee is stated.
  public struct Fees: Codable, Equatable, Sendable {
    /// A new smart card.
    public var smartCard: Fee?
    /// The first smart card of a company's legal representative, where the company is seated in the
    /// chamber's district and has paid the annual fee.
    public var smartCardOfLegalRepresentative: Fee?
    /// A new token.
    public var token: Fee?
    /// A renewal online.
    public var renewalOnline: Fee?
    /// A renewal at the counter.
    public var renewalAtCounter: Fee?
    /// A new device for one with a non-compliant chip, which is handed back.
    public var chipReplacement: Fee?

    /// A price list from its entries.
    public init(
      smartCard: Fee? = nil, smartCardOfLegalRepresentative: Fee? = nil, token: Fee? = nil,
      renewalOnline: Fee? = nil, renewalAtCounter: Fee? = nil, chipReplacement: Fee? = nil
    ) {
      self.smartCard = smartCard
      self.smartCardOfLegalRepresentative = smartCardOfLegalRepresentative
      self.token = token
      self.renewalOnline = renewalOnline
      self.renewalAtCounter = renewalAtCounter
      self.chipReplacement = chipReplacement
    }
  }

  /// What becomes of devices with a chip that does not comply with EU Regulation 910/2014,
  /// annex II.
  public struct ChipRule: Codable, Equatable, Sendable {
    /// The chip.
    public var chip: Chip
    /// The first day, UTC, on which no renewal is ordered any more.
    public var renewalBlockedFrom: Day
    /// The day, UTC, whose first second revokes the subscription certificates.
    public var signatureRevokedOn: Day
    /// The day first announced, before it was extended; only told.
    public var signatureRevocationFirstAnnounced: Day?

    /// A rule from its parts.
    public init(
      chip: Chip, renewalBlockedFrom: Day, signatureRevokedOn: Day,
      signatureRevocationFirstAnnounced: Day? = nil
    ) {
      self.chip = chip
      self.renewalBlockedFrom = renewalBlockedFrom
      self.signatureRevokedOn = signatureRevokedOn
      self.signatureRevocationFirstAnnounced = signatureRevocationFirstAnnounced
    }
  }

  /// The chamber's name, lower-case, for example `lecce`.
  public var chamber: String
  /// What its certificates and cards name as issuing administration.
  public var administration: IssuingAdministration
  /// Who certified when, oldest first.
  public var providers: [ProviderPeriod]
  /// The devices it issues.
  public var devices: [DeviceKind]
  /// How holders reach it.
  public var channels: [Channel]
  /// What remote channels may have delivered home instead of picked up.
  public var homeDelivery: [DeviceKind]
  /// What it charges.
  public var fees: Fees
  /// What becomes of which chip; others are compliant.
  public var chips: [ChipRule]
  /// The e-mail address of a device issued from this day on can be changed online; nil: of all.
  public var eMailChangeForDevicesFrom: Day?
  /// The first day, UTC, on which the remote one-shot signature is offered; nil: never.
  public var remoteSignatureFrom: Day?
  /// Years from issue in which a defective device is replaced free of charge.
  public var defectReplacementYears: Int

  /// A policy from its parts; `validate()` judges it.
  public init(
    chamber: String, administration: IssuingAdministration, providers: [ProviderPeriod],
    devices: [DeviceKind] = DeviceKind.allCases, channels: [Channel] = Channel.allCases,
    homeDelivery: [DeviceKind] = DeviceKind.allCases, fees: Fees = Fees(),
    chips: [ChipRule] = [], eMailChangeForDevicesFrom: Day? = nil,
    remoteSignatureFrom: Day? = nil, defectReplacementYears: Int = 2
  ) {
    self.chamber = chamber
    self.administration = administration
    self.providers = providers
    self.devices = devices
    self.channels = channels
    self.homeDelivery = homeDelivery
    self.fees = fees
    self.chips = chips
    self.eMailChangeForDevicesFrom = eMailChangeForDevicesFrom
    self.remoteSignatureFrom = remoteSignatureFrom
    self.defectReplacementYears = defectReplacementYears
  }

  /// A chamber that allows everything and states no dates and no fees: the one a device belongs to
  /// where none is named.
  public static let test = ChamberPolicy(
    chamber: "test", administration: .test,
    providers: [ProviderPeriod(from: Day(number: 0), provider: .infoCamereLike)])
}

extension ChamberPolicy {
  /// Who certifies what is issued on `day`; nil before the chamber began.
  public func provider(on day: Day) -> Provider? {
    providers.last { $0.from <= day }?.provider
  }

  /// The rule for a chip, where there is one.
  public func rule(for chip: Chip) -> ChipRule? { chips.first { $0.chip == chip } }

  /// What a new device costs; nil where the chamber states nothing.
  public func fee(for kind: DeviceKind) -> Fee? {
    switch kind {
    case .smartCard: fees.smartCard
    case .token: fees.token
    }
  }

  /// Judges what decoding cannot.
  ///
  /// - Throws: rule `field` with the name of the first property that is wrong.
  public func validate() throws(AuthorityError) {
    func refused(_ field: String, _ reason: String) -> AuthorityError {
      AuthorityError("validating a chamber's policy", .field(field), reason)
    }
    guard !chamber.isEmpty, chamber.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x2D })
    else { throw refused("chamber", "\"\(chamber)\" is not lower-case letters and hyphens") }
    try administration.validate()
    guard !providers.isEmpty else { throw refused("providers", "there is none") }
    for (earlier, later) in zip(providers, providers.dropFirst()) {
      guard earlier.from < later.from else {
        throw refused("providers", "\(later.from) does not come after \(earlier.from)")
      }
    }
    guard !devices.isEmpty else { throw refused("devices", "there is none") }
    guard channels.contains(where: \.issues) else {
      throw refused("channels", "no channel issues a device")
    }
    guard Set(chips.map(\.chip)).count == chips.count else {
      throw refused("chips", "a chip has two rules")
    }
    for rule in chips {
      guard rule.renewalBlockedFrom <= rule.signatureRevokedOn else {
        throw refused(
          "chips", "\(rule.chip.rawValue): revocation comes before renewal is blocked")
      }
    }
    guard (0...10).contains(defectReplacementYears) else {
      throw refused("defectReplacementYears", "0 to 10 years are allowed")
    }
    let stated = [
      fees.smartCard, fees.smartCardOfLegalRepresentative, fees.token, fees.renewalOnline,
      fees.renewalAtCounter, fees.chipReplacement,
    ].compactMap { $0 }
    guard stated.flatMap(\.parts).allSatisfy({ (0...100).contains($0.vat ?? 0) }) else {
      throw refused("fees", "value added tax is 0 to 100 percent")
    }
  }
}
