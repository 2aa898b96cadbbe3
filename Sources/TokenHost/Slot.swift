public import Cryptography
public import Firmware
import Foundation
public import ISO7816
import Synchronization
public import Terminal

/// A token on Linux, plugged in where a reader would be: the one place where commands from several
/// threads become one after another.
public final class Slot: CardChannel {
  private let token: Mutex<Token<LibcryptoCoprocessor, FlashImage>>

  /// The token in an image file.
  ///
  /// - Parameters:
  ///   - path: the image; it stays locked as long as the slot lives.
  ///   - randomness: where challenges and keys come from.
  /// - Throws: where there is no image, another process uses it, or it is damaged.
  public init(opening path: String, randomness: Randomness = .system) throws(ImageError) {
    let memory = try FlashImage(opening: path)
    token = Mutex(try Self.mount(memory, path, randomness))
  }

  /// A new token in an image file that does not exist yet. After a crash there is the whole token
  /// or none.
  ///
  /// - Throws: where the file exists or cannot be written.
  public convenience init(
    manufacturing identity: ChipIdentity, at path: String, randomness: Randomness = .system
  ) throws(ImageError) {
    guard access(path, F_OK) != 0 else {
      throw ImageError(path: path, reason: "there is a token already; it is left as it is")
    }
    let unfinished = path + ".new"
    unlink(unfinished)
    let memory = try FlashImage(creating: unfinished)
    do throws(StatusWord) {
      _ = try Token(
        manufacturing: identity, on: LibcryptoCoprocessor(randomness: randomness), memory: memory)
    } catch {
      throw ImageError(path: unfinished, reason: "the token's first contents cannot be written")
    }
    guard rename(unfinished, path) == 0 else { throw ImageError("name", path, errno) }
    try self.init(opening: path, randomness: randomness)
  }

  /// A new token in memory, gone with the slot.
  public init(volatile identity: ChipIdentity, randomness: Randomness = .system) {
    do throws(StatusWord) {
      token = Mutex(
        try Token(
          manufacturing: identity, on: LibcryptoCoprocessor(randomness: randomness),
          memory: FlashImage()))
    } catch {
      preconditionFailure("memory does not fail")
    }
  }

  private static func mount(
    _ memory: consuming FlashImage, _ path: String, _ randomness: Randomness
  ) throws(ImageError) -> sending Token<LibcryptoCoprocessor, FlashImage> {
    do throws(MountFailure) {
      return try Token(LibcryptoCoprocessor(randomness: randomness), memory: memory)
    } catch {
      throw ImageError(path: path, error)
    }
  }

  /// What the chip passes for.
  public var persona: Persona { token.withLock { $0.persona } }

  /// Applies power, or resets. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR {
    let atr = token.withLock { token -> ATR? in
      do throws(MountFailure) { return try token.powerOn() } catch { return nil }
    }
    guard let atr else {
      throw ChannelError(.noCard, attempt: "power the token", reason: "its memory failed")
    }
    return atr
  }

  /// Takes power away. See `CardChannel`.
  public func powerOff() { token.withLock { $0.powerOff() } }

  /// Warm reset. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try powerOn() }

  /// One command APDU and its answer. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    token.withLock { $0.process(command, into: &response) }
    guard !response.isEmpty else {
      throw ChannelError(.noCard, attempt: "send a command", reason: "the token has no power")
    }
  }
}
