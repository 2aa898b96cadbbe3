/// One libcrypto object and the function that frees it: a C handle has one owner.
///
/// Bind it to a name before using `pointer`: a named value lives to the end of its scope, a
/// temporary is freed before the call that its pointer is passed to.
public struct Owned: ~Copyable {
  /// libcrypto's handle, valid as long as this value.
  public let pointer: OpaquePointer
  private let free: @convention(c) (OpaquePointer?) -> Void

  /// Takes over a handle, which `free` frees when this value goes.
  public init(owning pointer: OpaquePointer, _ free: @convention(c) (OpaquePointer?) -> Void) {
    self.pointer = pointer
    self.free = free
  }

  /// Takes over what a libcrypto constructor has just returned.
  ///
  /// - Throws: `CryptoError` with libcrypto's code where that is nothing.
  public init(
    _ pointer: OpaquePointer?, _ free: @convention(c) (OpaquePointer?) -> Void,
    _ operation: String
  ) throws(CryptoError) {
    self.init(owning: try CryptoError.require(pointer, operation), free)
  }

  deinit { free(pointer) }
}
