public import Foundation

/// The chip of a device.
public enum Chip: String, Codable, CaseIterable, Sendable {
  /// The chip issued today.
  case current
  /// Cosmo V9, in tokens.
  case cosmoV9 = "cosmo-v9"
  /// JSign3, in smart cards.
  case jsign3
}

/// The form of a device.
public enum DeviceKind: String, Codable, CaseIterable, Sendable {
  /// A wireless token with USB and Bluetooth.
  case token
  /// A smart card.
  case smartCard = "smart-card"
}

/// A device the authority knows.
public struct Device: Equatable, Sendable, Identifiable {
  /// The database's number for it.
  public let id: Int64
  /// EF_IDCarta.
  public let cardNumber: CardNumber
  /// Whose it is.
  public let holderID: Int64
  /// The chip in it.
  public let chip: Chip
  /// Its form.
  public let kind: DeviceKind
  /// The chip's serial number.
  public let chipSerial: [UInt8]
  /// Who issued it.
  public let administration: IssuingAdministration
  /// EF_DatiPersonali without padding, as written at issue; a renewal leaves it alone.
  public let personalData: [UInt8]
  /// The day it was ordered.
  public let issueDay: Day
  /// The day its certificates are no longer valid, UTC: the last day they can be
  /// used is the day before.
  public let expiryDay: Day
  /// The chamber that issued it.
  public let chamber: String
  /// The provider whose CAs certify it.
  public let provider: Provider
  /// The device it was issued in place of.
  public let replaces: Int64?
  /// How often it was renewed: 0 or 1.
  public let renewals: Int
  /// How far its first certificates got: `active` once they are in the device.
  public let state: Enrolment.State
}

/// One pass of a device through the CA: its first certificates, or a renewal.
public struct Enrolment: Equatable, Sendable, Identifiable {
  /// What it is for.
  public enum Kind: String, Codable, Sendable {
    /// The first certificates.
    case issuance
    /// New keys and certificates in place of the old.
    case renewal
  }

  /// How far it got. `ordered` and `certified` are under way: found at the start of a command,
  /// they tell of an interruption.
  public enum State: String, Codable, Sendable {
    /// The authority waits for certification requests.
    case ordered
    /// Both certificates are made; the authority waits to hear that the device holds them.
    case certified
    /// The device holds its certificates.
    case active
    /// Given up before it was active; its certificates are revoked.
    case abandoned
  }

  /// The database's number for it.
  public let id: Int64
  /// The device.
  public let deviceID: Int64
  /// First certificates or renewal.
  public let kind: Kind
  /// How far it got.
  public let state: State
  /// dnQualifier of the qualified certificate, unique in this authority.
  public let dnQualifier: String
  /// The first day, UTC, the certificates are no longer valid.
  public let expiryDay: Day
  /// When it was ordered.
  public let orderedAt: Date
  /// What its activation costs; nil where the chamber states nothing.
  public let fee: Fee?

  /// Whether it is neither finished nor given up.
  public var isUnderWay: Bool { state == .ordered || state == .certified }
}

/// Why a certificate is no longer good (CRLReason, RFC 5280, 5.3.1).
public enum RevocationReason: Int, Codable, CaseIterable, Sendable {
  /// No reason is told.
  case unspecified = 0
  /// The key may be known to others.
  case keyCompromise = 1
  /// The data in the certificate changed.
  case affiliationChanged = 3
  /// Another certificate took its place.
  case superseded = 4
  /// It is not needed any more.
  case cessationOfOperation = 5
  /// Suspended: the only reason that can be undone.
  case certificateHold = 6
  /// The holder lost a right.
  case privilegeWithdrawn = 9
}

/// When and why a certificate stopped being good.
public struct Revocation: Equatable, Sendable {
  /// The instant.
  public let at: Date
  /// The reason.
  public let reason: RevocationReason
}

/// A certificate of a device.
public struct IssuedCertificate: Equatable, Sendable, Identifiable {
  /// The database's number for it.
  public let id: Int64
  /// The enrolment it was made in.
  public let enrolmentID: Int64
  /// The device.
  public let deviceID: Int64
  /// The name of the CA that signed it, as in its URLs: `a-cns`.
  public let issuer: String
  /// What it is for.
  public let purpose: CertificatePurpose
  /// Upper-case hex of the serial number's octets.
  public let serialNumber: String
  /// The certificate.
  public let der: [UInt8]
  /// The first instant it is valid.
  public let notBefore: Date
  /// The last instant it is valid.
  public let notAfter: Date
  /// Set once it is revoked or suspended.
  public let revocation: Revocation?
}

/// A registered holder.
public struct RegisteredHolder: Equatable, Sendable, Identifiable {
  /// The database's number for the holder.
  public let id: Int64
  /// Who it is.
  public let holder: Holder
  /// When the holder was registered.
  public let registeredAt: Date
}

/// One line of the append-only event log.
public struct Event: Equatable, Sendable, Identifiable {
  /// What can happen; the log keeps the raw value.
  public enum Kind: String, Codable, Sendable {
    /// A holder was registered.
    case holderRegistered = "holder-registered"
    /// A device was ordered.
    case deviceOrdered = "device-ordered"
    /// A certificate was made.
    case certificateIssued = "certificate-issued"
    /// A certificate was revoked.
    case certificateRevoked = "certificate-revoked"
    /// A certificate was suspended.
    case certificateSuspended = "certificate-suspended"
    /// A suspended certificate is good again.
    case certificateReactivated = "certificate-reactivated"
    /// A chamber's policy was adopted.
    case policyAdopted = "policy-adopted"
    /// A holder's identity was checked.
    case identityChecked = "identity-checked"
    /// A request was accepted.
    case applicationAccepted = "application-accepted"
    /// A request waits for documents.
    case applicationDeposited = "application-deposited"
    /// A wrong user code was given.
    case userCodeWrong = "user-code-wrong"
    /// The holder's e-mail address was changed.
    case eMailChanged = "e-mail-changed"
    /// A device was ordered in place of this one.
    case replacementOrdered = "replacement-ordered"
    /// A message went to the holder.
    case messageSent = "message-sent"
    /// A remote signature was offered to the holder and taken up.
    case remoteCredentialIssued = "remote-credential-issued"
    /// A wrong one-time password was given.
    case oneTimePasswordWrong = "one-time-password-wrong"
    /// Too many wrong one-time passwords: no remote signature for the rest of the day.
    case remoteSignatureLocked = "remote-signature-locked"
    /// A remote signature was made.
    case remotelySigned = "remotely-signed"
    /// The device holds its first certificates.
    case deviceActivated = "device-activated"
    /// A renewal was ordered.
    case renewalOrdered = "renewal-ordered"
    /// The device holds its renewed certificates.
    case deviceRenewed = "device-renewed"
    /// An enrolment was given up.
    case enrolmentAbandoned = "enrolment-abandoned"
  }

  /// Its place in the log.
  public let id: Int64
  /// When it happened.
  public let at: Date
  /// The device it happened to, if one.
  public let deviceID: Int64?
  /// The holder it happened to, if one.
  public let holderID: Int64?
  /// What happened; the raw value of a `Kind`.
  public let kind: String
  /// Further facts by name.
  public let detail: [String: String]
}
