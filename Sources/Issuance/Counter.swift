public import Authority
import ISO7816
public import Terminal

/// Authority and card could not do something together.
public enum IssuanceError: Error, Sendable, CustomStringConvertible {
  /// The authority refused: a rule, a date, a field.
  case authority(AuthorityError)
  /// The card refused, or the wire to it failed.
  case card(CardError)
  /// The card is not the one the authority has in its books.
  case wrongCard(expected: String, found: String)

  /// One sentence with everything in it.
  public var description: String {
    switch self {
    case .authority(let error): "\(error)"
    case .card(let error): "\(error)"
    case .wrongCard(let expected, let found):
      "the card is number \(found), not \(expected) as the authority's books say"
    }
  }
}

/// The counter of a chamber of commerce, where authority and card meet. Whatever it does to a card
/// it does with command APDUs, over any channel.
public struct Counter: Sendable {
  /// The registration and certification authority behind the counter.
  public let authority: Authority

  /// A counter of this authority.
  public init(_ authority: Authority) { self.authority = authority }

  // MARK: Issuance

  /// Registers a holder and orders a device: number, keys and codes exist from here on.
  public func order(
    for holder: Holder, chip: Chip, kind: DeviceKind,
    administration: IssuingAdministration? = nil, chamber: String? = nil
  ) throws(IssuanceError) -> Personalisation {
    try atAuthority { () throws(AuthorityError) in
      let registered = try authority.register(holder)
      return try authority.order(
        DeviceOrder(
          holderID: registered.id, chip: chip, kind: kind, administration: administration,
          chamber: chamber))
    }
  }

  /// Orders the device that an accepted request asks for.
  public func order(for application: RegisteredApplication, chip: Chip = .current)
    throws(IssuanceError) -> Personalisation
  {
    try atAuthority { () throws(AuthorityError) in
      try authority.order(
        DeviceOrder(
          holderID: application.holderID, chip: chip, kind: application.application.device,
          applicationID: application.id))
    }
  }

  /// Orders a new device in place of another, which is revoked; `personalise` and `handOver` follow
  /// as at issue.
  public func replace(_ device: Device, because cause: ReplacementCause, by registrar: String)
    throws(IssuanceError) -> Personalisation
  {
    try atAuthority { () throws(AuthorityError) in
      try authority.replace(device, because: cause, by: registrar)
    }
  }

  /// Builds the card from an empty chip: structure, contents, keys made in the chip, certificates
  /// for them. What is left is `handOver`.
  ///
  /// - Parameter progress: told before each of the longer parts.
  public func personalise(
    _ order: Personalisation, card: CardSession, policy: ReferencePolicy = .standard,
    progress: (String) -> Void = { _ in }
  ) throws(IssuanceError) {
    let issuer = CardIssuer(card)
    let codes = order.scratchCard
    try onCard { () throws(CardError) in
      progress("building the file system")
      try issuer.initialise(
        transportKey: order.transportKey,
        ReferenceCodes(
          pin: codes.pinCNS, puk: codes.pukCNS, signaturePIN: codes.pinSignature,
          signaturePUK: codes.pukSignature), policy)
      try issuer.writeIdentity(
        cardNumber: order.device.cardNumber.description,
        personalData: order.device.personalData)
    }
    try enrol(
      order.enrolment, issuer, pin: codes.pinCNS, signaturePIN: codes.pinSignature, progress)
  }

  /// Puts the card into the holder's hands: nobody is verified any more, from here on its own rules
  /// decide, and its certificates count.
  public func handOver(_ enrolment: Enrolment, card: CardSession) throws(IssuanceError) -> Device {
    try onCard { () throws(CardError) in
      try CardIssuer(card).enter(.operational)
      do throws(ChannelError) { _ = try card.channel.reset() } catch { throw .channel(error) }
    }
    return try activate(enrolment)
  }

  /// Tells the authority that the card holds its certificates.
  public func activate(_ enrolment: Enrolment) throws(IssuanceError) -> Device {
    try atAuthority { () throws(AuthorityError) in try authority.activate(enrolment) }
  }

  // MARK: Renewal

  /// Renews a device: new keys made in the card, new certificates for three more years, the old ones
  /// overwritten and revoked. An interrupted renewal is taken up again.
  ///
  /// - Parameters:
  ///   - channel: `online` or another: what it costs.
  ///   - identity: how the holder was identified; nil where device and PIN do it.
  /// - Throws: where the authority's rules forbid it, before the card is touched.
  public func renew(
    _ device: Device, card: CardSession, pin: String, signaturePIN: String,
    over channel: Channel = .counter, identity: IdentityCheck? = nil,
    progress: (String) -> Void = { _ in }
  ) throws(IssuanceError) -> Device {
    let issuer = CardIssuer(card)
    let transportKey = try atAuthority { () throws(AuthorityError) in
      _ = try authority.renewalOffer(for: device, over: channel, identity: identity)
      return try authority.transportKey(of: device)
    }
    let number = try onCard { () throws(CardError) in try issuer.cardNumber() }
    guard number == device.cardNumber.description else {
      throw .wrongCard(expected: device.cardNumber.description, found: number)
    }
    // A wrong PIN must show before a key is overwritten.
    try onCard { () throws(CardError) in
      try card.verify(KeySlot.authentication.pin, pin)
      try card.verify(KeySlot.signature.pin, signaturePIN)
      try issuer.authenticate(transportKey: transportKey)
    }
    let enrolment = try atAuthority { () throws(AuthorityError) in
      try authority.renew(device, over: channel, identity: identity)
    }
    try enrol(enrolment, issuer, pin: pin, signaturePIN: signaturePIN, progress)
    return try activate(enrolment)
  }

  // MARK: Keys and certificates

  /// For both keys: make it in the card, prove it by a signature, certify it, write the certificate.
  private func enrol(
    _ enrolment: Enrolment, _ issuer: CardIssuer, pin: String, signaturePIN: String,
    _ progress: (String) -> Void
  ) throws(IssuanceError) {
    let slots: [(KeySlot, CertificatePurpose, String)] = [
      (.authentication, .cnsAuthentication, pin), (.signature, .qualifiedSignature, signaturePIN),
    ]
    for (slot, purpose, pin) in slots {
      progress("generating the \(purpose.rawValue) key in the token")
      let (modulus, exponent) = try onCard { () throws(CardError) in try issuer.generateKey(slot) }
      let request = try atAuthority { () throws(AuthorityError) in
        try authority.certificationRequest(
          for: enrolment, purpose: purpose,
          publicKey: .rsa(modulus: modulus, exponent: exponent))
      }
      let signature = try onCard { () throws(CardError) in
        try issuer.sign(request.toBeSigned, with: slot, pin: pin)
      }
      let certificate = try atAuthority { () throws(AuthorityError) in
        try authority.certify(
          enrolment, purpose: purpose, request: request.assemble(signature: signature))
      }
      progress("writing the \(purpose.rawValue) certificate")
      try onCard { () throws(CardError) in try issuer.writeCertificate(certificate.der, for: slot) }
    }
  }

  private func onCard<Value>(_ body: () throws(CardError) -> Value) throws(IssuanceError) -> Value {
    do throws(CardError) { return try body() } catch { throw .card(error) }
  }

  private func atAuthority<Value>(_ body: () throws(AuthorityError) -> Value)
    throws(IssuanceError) -> Value
  {
    do throws(AuthorityError) { return try body() } catch { throw .authority(error) }
  }
}
