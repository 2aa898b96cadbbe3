public import Cryptography
public import Firmware
import Foundation
public import ISO7816
import Synchronization
public import Terminal

/// A token on Linux, plugged in where a reader would be: the one place where commands from several
/// threads become one after another.
public final class Slot: CardChannel {
  /// What a token on Linux is made of.
  typealias HostToken = Token<LibcryptoCoprocessor, FlashImage>

  let token: Mutex<HostToken>
  let button: Button
  /// Where challenges and keys came from when the token was mounted.
  let randomness: Randomness
  private let supply: PowerSupply?

  /// The token in an image file; it stays locked as long as the slot lives.
  ///
  /// - Parameters:
  ///   - path: the image.
  ///   - randomness: where challenges and keys come from.
  ///   - buttonPatience: how long an operation waits for the button.
  /// - Throws: where there is no image, another process uses it, or it is damaged.
  public init(
    opening path: String, randomness: Randomness = .system,
    buttonPatience: Duration = .seconds(30)
  ) throws(ImageError) {
    button = Button(patience: buttonPatience)
    self.randomness = randomness
    supply = nil
    let memory = try FlashImage(opening: path)
    token = Mutex(try Self.mount(memory, path, randomness, button))
  }

  /// A new token in an image file that does not exist yet. After a crash there is the whole token
  /// or none.
  ///
  /// - Throws: where the file exists or cannot be written.
  public convenience init(
    manufacturing identity: ChipIdentity, at path: String, randomness: Randomness = .system,
    buttonPatience: Duration = .seconds(30)
  ) throws(ImageError) {
    guard access(path, F_OK) != 0 else {
      throw ImageError(path: path, reason: "there is a token already; it is left as it is")
    }
    let new = Slot(volatile: identity, buttonPatience: buttonPatience)
    // The image is locked by the value that is given up here, and by the one that follows.
    _ = try FlashImage.replacing(path, by: new.image)
    try self.init(opening: path, randomness: randomness, buttonPatience: buttonPatience)
  }

  /// A new token in memory, gone with the slot.
  ///
  /// - Parameter supply: power that can be cut; nil for power that lasts.
  public init(
    volatile identity: ChipIdentity, randomness: Randomness = .system,
    buttonPatience: Duration = .seconds(30), supply: PowerSupply? = nil
  ) {
    button = Button(patience: buttonPatience)
    self.randomness = randomness
    self.supply = supply
    let chip = LibcryptoCoprocessor(randomness: randomness, button: button)
    do throws(StatusWord) {
      token = Mutex(
        try Token(manufacturing: identity, on: chip, memory: FlashImage(supply: supply)))
    } catch {
      preconditionFailure("memory with power does not fail")
    }
  }

  /// The token in an image file as it is now, in memory: the file is only read, and what happens to
  /// the token is gone with the slot.
  ///
  /// - Throws: where there is no image, another process uses it, or it is damaged.
  public init(
    copying path: String, randomness: Randomness = .system,
    buttonPatience: Duration = .seconds(30)
  ) throws(ImageError) {
    button = Button(patience: buttonPatience)
    self.randomness = randomness
    supply = nil
    let memory = try FlashImage(copying: path)
    token = Mutex(try Self.mount(memory, path, randomness, button))
  }

  /// The token in the bytes of an image, in memory.
  package init(image: [UInt8]) throws(ImageError) {
    button = Button(patience: .zero)
    randomness = .system
    supply = nil
    let memory = try FlashImage(contents: image, path: "image")
    token = Mutex(try Self.mount(memory, "image", .system, button))
  }

  /// The token in memory is not, byte for byte, what the file holds: powering it on wrote.
  public func differs(from path: String) -> Bool {
    guard let file = try? FlashImage(copying: path) else { return true }
    return file.contents != image
  }

  /// The bytes of the image, for tests.
  package var image: [UInt8] { token.withLock { $0.withMemory { $0.contents } } }

  /// The token of another slot as it is at this moment, verified PINs included, in memory and under
  /// a supply of its own.
  package init(copying other: Slot, supply: PowerSupply) {
    button = Button(patience: other.button.patience)
    randomness = other.randomness
    self.supply = supply
    token = Mutex(
      other.token.withLock { [button] in
        $0.fork(
          chip: $0.withChip { LibcryptoCoprocessor(copying: $0, button: button) },
          memory: $0.withMemory { FlashImage(copying: $0, supply: supply) })
      })
  }

  static func mount(
    _ memory: consuming FlashImage, _ path: String, _ randomness: Randomness, _ button: Button
  ) throws(ImageError) -> sending HostToken {
    do throws(MountFailure) {
      return try Token(
        LibcryptoCoprocessor(randomness: randomness, button: button), memory: memory)
    } catch {
      throw ImageError(path: path, error)
    }
  }

  /// What the chip passes for.
  public var persona: Persona { token.withLock { $0.persona } }

  /// A reader gives it power.
  public var isPowered: Bool { token.withLock { $0.isPowered } }

  /// What is on the card, without values.
  public var inventory: Inventory { token.withLock { $0.inventory() } }

  /// What loss of power would clear, for tests.
  package var volatileFacts: VolatileFacts { token.withLock { $0.volatileFacts() } }

  /// Presses the token's button: one operation that waits for it goes on.
  public func pressButton() { button.press() }

  /// An operation waits for the button.
  public var isWaitingForButton: Bool { button.isAwaited }

  /// Presses the button as soon as the next operation waits for it, now or later.
  public func pressButtonWhenAsked() { button.pressWhenAsked() }

  /// Every record of the token's memory that holds, under a number of its own. For tests that
  /// compare states; the values include secrets.
  package func contents() -> [UInt32: [UInt8]] {
    token.withLock { token in
      var contents: [UInt32: [UInt8]] = [:]
      token.forEachRecord { contents[$0] = $1 }
      return contents
    }
  }

  /// Powers the token on with the power cut at a write of the healing that follows; false where the
  /// healing writes less than that.
  package func mountAgain(
    cuttingAt write: Int, _ kind: PowerCut, noise: UInt64, _ supply: PowerSupply
  ) -> Bool {
    supply.restore()
    supply.cut(atWrite: write, kind, noise: noise)
    token.withLock { token in
      do throws(MountFailure) { _ = try token.powerOn() } catch {}
    }
    return supply.isCut
  }

  /// Applies power, or resets; a supply that was cut is restored. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR {
    supply?.restore()
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

  /// What neither makes keys nor uses them, which may take the button. See `CardChannel`.
  public func answersAtOnce(_ command: Span<UInt8>) -> Bool {
    guard command.count > 1 else { return true }
    return switch command[1] & 0xFE {
    // GENERATE ASYMMETRIC KEY PAIR, PERFORM SECURITY OPERATION (ISO/IEC 7816-8),
    // INTERNAL AUTHENTICATE (ISO/IEC 7816-4, 11.6.2).
    case 0x46, 0x2A, 0x88: false
    default: true
    }
  }

  /// One command APDU and its answer. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    token.withLock { $0.process(command, into: &response) }
    guard supply?.isCut != true else {
      response.removeAll(keepingCapacity: true)
      throw ChannelError(.noCard, attempt: "send a command", reason: "the power was cut")
    }
    guard !response.isEmpty else {
      throw ChannelError(.noCard, attempt: "send a command", reason: "the token has no power")
    }
  }
}
