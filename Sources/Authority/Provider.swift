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

  /// For example `softdna TEST Provider A (InfoCamere-like)`; O in the provider's certificates.
  public var description: String {
    let model =
      switch self {
      case .infoCamereLike: "InfoCamere"
      case .arubaLike: "Aruba"
      case .infoCertLike: "InfoCert"
      }
    return "softdna TEST Provider \(letter) (\(model)-like)"
  }
}
