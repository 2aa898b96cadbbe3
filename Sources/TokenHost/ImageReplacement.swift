import Firmware
import Foundation
import Synchronization

extension Slot {
  /// The bytes of the token's memory at a moment between two commands. They hold every secret.
  public var memoryImage: [UInt8] { image }

  /// Puts other contents into the token's memory: from here on it is the token they hold. A token
  /// that had power has power afterwards, and nothing is verified.
  ///
  /// - Parameters:
  ///   - contents: the bytes of an image.
  ///   - path: the image file of the slot; nil for a token in memory. At every moment it holds the
  ///     old contents or the new, whole, and is locked.
  /// - Throws: where the contents are no sound image or the file cannot be written; the token is
  ///   what it was then.
  public func replaceMemory(with contents: [UInt8], file path: String?) throws(ImageError) {
    try token.withLock { token throws(ImageError) in
      // Mounting may heal what a power cut left: a copy shows first whether it can.
      _ = try Self.mount(
        FlashImage(contents: contents, path: "image"), "image", randomness, button)
      let memory =
        if let path {
          try FlashImage.replacing(path, by: contents)
        } else {
          try FlashImage(contents: contents, path: "image")
        }
      let isPowered = token.isPowered
      token = try Self.mount(memory, path ?? "image", randomness, button)
      guard isPowered else { return }
      do throws(MountFailure) { _ = try token.powerOn() } catch {
        throw ImageError(path: path ?? "image", error)
      }
    }
  }
}
