import CCrypto

/// Message authentication codes by libcrypto.
public enum MessageAuthentication {
  /// AES-CMAC (NIST SP 800-38B, RFC 4493), 16 bytes.
  ///
  /// - Parameter key: 16 bytes.
  public static func aesCMAC(of message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    precondition(key.count == 16, "an AES-128 key has 16 bytes")
    var code = [UInt8](repeating: 0, count: 16)
    guard let algorithm = EVP_MAC_fetch(nil, "CMAC", nil) else {
      preconditionFailure("libcrypto has no CMAC")
    }
    defer { EVP_MAC_free(algorithm) }
    guard let context = EVP_MAC_CTX_new(algorithm) else {
      preconditionFailure("libcrypto has no memory")
    }
    defer { EVP_MAC_CTX_free(context) }
    var cipher = Array("AES-128-CBC".utf8CString)
    let succeeded = cipher.withUnsafeMutableBufferPointer { name in
      key.withUnsafeBufferPointer { key in
        message.withUnsafeBufferPointer { message in
          // The parameter keeps the pointer to its name: a Swift string would be gone by now.
          let parameter: StaticString = "cipher"
          let parameters = [
            OSSL_PARAM_construct_utf8_string(
              UnsafeRawPointer(parameter.utf8Start).assumingMemoryBound(to: CChar.self),
              name.baseAddress, 0),
            OSSL_PARAM_construct_end(),
          ]
          var length = 0
          return EVP_MAC_init(context, key.baseAddress, key.count, parameters) == 1
            && EVP_MAC_update(context, message.baseAddress, message.count) == 1
            && EVP_MAC_final(context, &code, &length, code.count) == 1
        }
      }
    }
    precondition(succeeded, "libcrypto does not compute AES-CMAC")
    return code
  }
}
