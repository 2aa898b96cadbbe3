import CCrypto
import Cryptography
import Foundation

/// A request that was read (OCSPRequest, RFC 6960, 4.1.1).
struct OCSPQuery {
  /// One certificate that is asked about (CertID).
  struct Subject {
    /// The DER of the CertID, to be repeated in the answer.
    let certificateIdentifier: [UInt8]
    let algorithm: Int32
    let issuerNameHash: [UInt8]
    let issuerKeyHash: [UInt8]
    let serialNumber: [UInt8]

    /// Whether the hashes of name and key are this CA's.
    func isIssued(by issuer: CertificationAuthority) -> Bool {
      let digest: ([UInt8]) -> [UInt8]
      switch algorithm {
      case NID_sha1: digest = Digest.sha1
      case NID_sha256: digest = Digest.sha256
      default: return false
      }
      return digest(issuer.subject) == issuerNameHash
        && digest(issuer.publicKeyBits) == issuerKeyHash
    }
  }

  /// More certificates than this in one request are not answered.
  private static let mostSubjects: Int32 = 32
  let subjects: [Subject]
  /// The nonce extension, to be repeated (RFC 9654: 1 to 128 octets).
  let nonce: CertificateExtension?

  init(_ der: [UInt8]) throws(AuthorityError) {
    let attempted = "reading an OCSP request"
    let request = try Libcrypto.parse(der, attempted, OCSP_REQUEST_free) {
      d2i_OCSP_REQUEST(nil, $0, $1)
    }
    let count = OCSP_request_onereq_count(request.pointer)
    guard (1...Self.mostSubjects).contains(count) else {
      throw AuthorityError(attempted, .field("requestList"), "it asks about \(count)")
    }
    var subjects: [Subject] = []
    for index in 0..<count {
      let single = OCSP_request_onereq_get0(request.pointer, index)
      guard let identifier = OCSP_onereq_get0_id(single) else { throw .libcrypto(attempted) }
      var name: UnsafeMutablePointer<ASN1_OCTET_STRING>?
      var algorithm: OpaquePointer?
      var key: UnsafeMutablePointer<ASN1_OCTET_STRING>?
      var serial: UnsafeMutablePointer<ASN1_INTEGER>?
      try Libcrypto.check(
        OCSP_id_get0_info(&name, &algorithm, &key, &serial, identifier), attempted)
      subjects.append(
        Subject(
          certificateIdentifier: try Libcrypto.der(attempted) { i2d_OCSP_CERTID(identifier, $0) },
          algorithm: OBJ_obj2nid(algorithm), issuerNameHash: Certificate.bytes(of: name),
          issuerKeyHash: Certificate.bytes(of: key), serialNumber: Certificate.bytes(of: serial)))
    }
    self.subjects = subjects
    let index = OCSP_REQUEST_get_ext_by_NID(request.pointer, NID_id_pkix_OCSP_Nonce, -1)
    guard index >= 0 else {
      nonce = nil
      return
    }
    let found = OCSP_REQUEST_get_ext(request.pointer, index)
    let value = Certificate.bytes(of: X509_EXTENSION_get_data(found))
    // The two octets before the nonce are its own OCTET STRING's.
    guard (3...132).contains(value.count) else {
      throw AuthorityError(attempted, .field("nonce"), "\(value.count) octets")
    }
    nonce = CertificateExtension(
      id: OID(1, 3, 6, 1, 5, 5, 7, 48, 1, 2), critical: false, value: value)
  }
}

/// The states of answers (RFC 6960, 4.2.1).
enum OCSPStatus: UInt8 {
  case malformedRequest = 1
  case internalError = 2
  case unauthorized = 6

  /// An answer that says nothing but this.
  var der: [UInt8] { DER.sequence([DER.enumerated(rawValue)]) }

  /// An answer around a signed BasicOCSPResponse.
  static func successful(_ basic: [UInt8]) -> [UInt8] {
    let type = OID(1, 3, 6, 1, 5, 5, 7, 48, 1, 1)
    return DER.sequence([
      DER.enumerated(0),
      DER.context(
        0, constructed: true, DER.sequence([type.der, DER.octetString(basic)])),
    ])
  }

  /// What is known of a certificate (CertStatus).
  enum Certificate {
    case good
    case revoked(Date, RevocationReason)
    case unknown

    var der: [UInt8] {
      switch self {
      case .good: return DER.context(0, constructed: false, [])
      case .revoked(let at, let reason):
        let code = DER.context(0, constructed: true, DER.enumerated(UInt8(reason.rawValue)))
        return DER.context(
          1, constructed: true,
          DER.generalizedTime(at) + (reason == .unspecified ? [] : code))
      case .unknown: return DER.context(2, constructed: false, [])
      }
    }
  }
}
