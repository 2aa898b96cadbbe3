import CCrypto
import Cryptography

/// A name in a certificate (RFC 5280, 4.1.2.4): attributes in order, one to each RDN.
public struct DistinguishedName: Equatable, Sendable, CustomStringConvertible {
  /// The attribute types that the profiles use.
  public enum AttributeType: String, Sendable {
    /// countryName, two letters.
    case country = "C"
    /// organizationName.
    case organization = "O"
    /// organizationalUnitName.
    case organizationalUnit = "OU"
    /// organizationIdentifier (ETSI EN 319 412-1, 5.1.4).
    case organizationIdentifier = "organizationIdentifier"
    /// commonName, at most 64 characters.
    case commonName = "CN"
    /// surname.
    case surname = "SN"
    /// givenName.
    case givenName = "GN"
    /// serialNumber (ETSI EN 319 412-1, 5.1.3).
    case serialNumber = "serialNumber"
    /// dnQualifier.
    case dnQualifier = "dnQualifier"

    var nid: Int32 {
      switch self {
      case .country: NID_countryName
      case .organization: NID_organizationName
      case .organizationalUnit: NID_organizationalUnitName
      case .organizationIdentifier: NID_organizationIdentifier
      case .commonName: NID_commonName
      case .surname: NID_surname
      case .givenName: NID_givenName
      case .serialNumber: NID_serialNumber
      case .dnQualifier: NID_dnQualifier
      }
    }
  }

  /// One attribute.
  public struct Attribute: Equatable, Sendable {
    /// What it says.
    public let type: AttributeType
    /// What it says it is.
    public let value: String

    /// An attribute of `type` with `value`.
    public init(_ type: AttributeType, _ value: String) {
      self.type = type
      self.value = value
    }
  }

  /// The attributes, most general first.
  public let attributes: [Attribute]

  /// A name of these attributes.
  public init(_ attributes: [Attribute]) { self.attributes = attributes }

  /// `C=IT, O=…, CN=…`.
  public var description: String {
    attributes.map { "\($0.type.rawValue)=\($0.value)" }.joined(separator: ", ")
  }

  /// The name as libcrypto's object; strings are UTF8String, or PrintableString where RFC 5280
  /// (appendix A) asks for it, and no longer than its upper bounds.
  func x509Name() throws(AuthorityError) -> Owned {
    let attempted = "writing the name \(self)"
    let name = try Owned(X509_NAME_new(), X509_NAME_free, attempting: attempted)
    for attribute in attributes {
      let value = Array(attribute.value.utf8)
      try Libcrypto.check(
        X509_NAME_add_entry_by_NID(
          name.pointer, attribute.type.nid, MBSTRING_UTF8, value, Int32(value.count), -1, 0),
        attempted)
    }
    return name
  }

  /// The name's DER.
  func der() throws(AuthorityError) -> [UInt8] {
    let name = try x509Name()
    return try Libcrypto.der("encoding a name") { i2d_X509_NAME(name.pointer, $0) }
  }
}
