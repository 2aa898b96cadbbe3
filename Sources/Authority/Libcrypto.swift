import CCrypto

/// One libcrypto object and the function that frees it: a C handle has one owner.
///
/// Bind it to a name before using `pointer`: a named value lives to the end of its scope, a
/// temporary is freed before the call that its pointer is passed to.
struct Owned: ~Copyable {
  let pointer: OpaquePointer
  private let free: @convention(c) (OpaquePointer?) -> Void

  /// Takes over `pointer`, which a libcrypto constructor has just returned.
  init(
    _ pointer: OpaquePointer?, _ free: @convention(c) (OpaquePointer?) -> Void,
    _ attempted: String
  ) throws(AuthorityError) {
    guard let pointer else { throw .libcrypto(attempted) }
    self.pointer = pointer
    self.free = free
  }

  deinit { free(pointer) }
}

/// The two conventions of libcrypto's C interface, in Swift's terms.
enum Libcrypto {
  /// Passes on a result that means success (1 and above), throws what is queued otherwise.
  @discardableResult
  static func check(_ result: Int32, _ attempted: String) throws(AuthorityError) -> Int32 {
    guard result > 0 else { throw .libcrypto(attempted) }
    return result
  }

  /// The DER bytes an `i2d_…` function writes into a buffer it allocates.
  static func der(
    _ attempted: String, _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32
  ) throws(AuthorityError) -> [UInt8] {
    var buffer: UnsafeMutablePointer<UInt8>?
    let count = encode(&buffer)
    guard count > 0, let buffer else { throw .libcrypto(attempted) }
    defer { CRYPTO_free(buffer, #fileID, #line) }
    return [UInt8](UnsafeBufferPointer(start: buffer, count: Int(count)))
  }

  /// The object a `d2i_…` function reads; bytes after its end are an error, for what is signed
  /// must be all there is.
  static func parse(
    _ der: [UInt8], _ attempted: String, _ free: @convention(c) (OpaquePointer?) -> Void,
    _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
  ) throws(AuthorityError) -> Owned {
    var used = 0
    let pointer = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var cursor = buffer.baseAddress
      let object = decode(&cursor, buffer.count)
      if let cursor, let base = buffer.baseAddress { used = cursor - base }
      return object
    }
    let object = try Owned(pointer, free, attempted)
    guard used == der.count else {
      throw AuthorityError(attempted, .libcrypto, "\(der.count - used) bytes after the end")
    }
    return object
  }

  /// A digest of `bytes`.
  static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?) throws(AuthorityError)
    -> [UInt8]
  {
    var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    try check(
      EVP_Digest(bytes, bytes.count, &output, &count, algorithm, nil), "computing a digest")
    return Array(output.prefix(Int(count)))
  }

  /// SHA-256 (FIPS 180-4) of `bytes`.
  static func sha256(_ bytes: [UInt8]) throws(AuthorityError) -> [UInt8] {
    try digest(bytes, EVP_sha256())
  }

  /// SHA-1 (FIPS 180-4) of `bytes`: only for names and key identifiers that prescribe it.
  static func sha1(_ bytes: [UInt8]) throws(AuthorityError) -> [UInt8] {
    try digest(bytes, EVP_sha1())
  }
}
