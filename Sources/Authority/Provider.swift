/// A trust service provider whose CAs certify devices. Which one a device belongs to follows from
/// its chamber and its day of issue, and it alone suspends, reactivates and revokes the device.
public enum Provider: String, Codable, CaseIterable, Sendable, CustomStringConvertible {
  /// In the place of InfoCamere, today's provider of the chambers.
  case infoCamereLike = "infocamere-like"
  /// In the place of Aruba, an earlier provider.
  case arubaLike = "aruba-like"
  /// In the place of InfoCert, an earlier provider.
  case infoCertLike = "infocert-like"

  /// A, B or C: what certificate names and files call it, so that no real name is an issuer.
  var letter: String {
    switch self {
    case .infoCamereLike: "A"
    case .arubaLike: "B"
    case .infoCertLike: "C"
    }
  }

  /// `softdna TEST Provider A`: O in the provider's certificates. What it imitates stays out of it.
  public var description: String { "softdna TEST Provider \(letter)" }
}
