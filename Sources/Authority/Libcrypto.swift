import CCrypto
import Cryptography

extension Owned {
  /// Takes over what a libcrypto constructor has just returned; the authority's error where that
  /// is nothing.
  init(
    _ pointer: OpaquePointer?, _ free: @convention(c) (OpaquePointer?) -> Void,
    attempting attempted: String
  ) throws(AuthorityError) {
    guard let pointer else { throw .libcrypto(attempted) }
    self.init(owning: pointer, free)
  }
}

/// The two conventions of libcrypto's C interface, in the authority's terms.
enum Libcrypto {
  /// Passes on a result that means success (1 and above), throws what is queued otherwise.
  @discardableResult
  static func check(_ result: Int32, _ attempted: String) throws(AuthorityError) -> Int32 {
    guard result > 0 else { throw .libcrypto(attempted) }
    return result
  }

  /// Runs what Cryptography offers; its error becomes the authority's.
  static func run<Value: ~Copyable>(_ body: () throws(CryptoError) -> Value)
    throws(AuthorityError) -> Value
  {
    do throws(CryptoError) { return try body() } catch {
      throw AuthorityError(
        error.operation, .libcrypto, error.description, code: error.code)
    }
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
    let object = try Owned(pointer, free, attempting: attempted)
    guard used == der.count else {
      throw AuthorityError(attempted, .libcrypto, "\(der.count - used) bytes after the end")
    }
    return object
  }
}
