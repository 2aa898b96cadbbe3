import Foundation

/// Where the URLs in an authority's certificates are answered: on this machine alone.
public struct StatusAddress: Equatable, Sendable {
  /// 127.0.0.1, localhost or ::1.
  public let host: String
  /// 1 to 65,535.
  public let port: Int

  /// The address of `http://HOST[:PORT]`.
  ///
  /// - Throws: rule `field` for any other URL: nobody could serve it, and certificates that name it
  ///   could not be checked.
  public init(baseURL: String) throws(AuthorityError) {
    func refused(_ reason: String) -> AuthorityError {
      AuthorityError(
        "choosing where the authority answers", .field("baseURL"), "\"\(baseURL)\" \(reason)")
    }
    // URL lets a host pass that certificates cannot name.
    guard baseURL.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      let url = URLComponents(string: baseURL), url.scheme == "http", let host = url.host,
      url.path.isEmpty, url.query == nil, url.fragment == nil, url.user == nil
    else { throw refused("is not http://HOST:PORT without anything behind it") }
    let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    guard ["127.0.0.1", "localhost", "::1"].contains(name) else {
      throw refused("is not this machine's own address, 127.0.0.1")
    }
    guard (1...65_535).contains(url.port ?? 80) else { throw refused("names no port to 65535") }
    self.host = name
    port = url.port ?? 80
  }
}
