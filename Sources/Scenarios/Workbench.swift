public import Authority
public import Terminal

/// What a scenario runs on: where its chips come from, and the wire to them. The same scenario gives
/// the same exchanges on each.
public protocol Workbench: Sendable {
  /// The name of the channel: "direct", "pcsc".
  var channelName: String { get }

  /// What softdna run is told for it: "--over pcsc".
  var options: String { get }

  /// Takes a chip from the factory and plugs it in.
  ///
  /// - Parameters:
  ///   - order: what the chip passes for, its serial number and transport key.
  ///   - seed: the scenario's seed; the chip's randomness follows from it.
  ///   - image: the file that becomes the chip's memory; nil for one that is gone with the chip.
  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken
  /// What may be done to the cards there.
  var permits: CardUse { get }
  /// The issued card that is there already; nil where the scenario issues its own.
  func cardThatIsThere() throws -> PresentCard?
}

extension Workbench {
  /// The channel.
  public var options: String { "--over \(channelName)" }
  /// Everything: its chips come from the factory.
  public var permits: CardUse { .issuing }
  /// None.
  public func cardThatIsThere() throws -> PresentCard? { nil }
}

/// What a step does to a card, from what leaves no trace to what only its maker can do.
public enum CardUse: Int, Comparable, Sendable {
  /// It reads.
  case reading
  /// It spends tries, writes or uses a private key.
  case spending
  /// It needs a chip from the factory, the authority that issued it, or hands at the token.
  case issuing

  /// It does less.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A card that nobody issued here, with what its holder tells.
public struct PresentCard: Sendable {
  /// The card in its reader.
  public let token: any PluggedToken
  /// The codes that are known.
  public let codes: [World.Code: String]

  /// A card and its codes.
  public init(token: any PluggedToken, codes: [World.Code: String]) {
    self.token = token
    self.codes = codes
  }
}

/// A token on a workbench.
public protocol PluggedToken: Sendable {
  /// The wire to it.
  var channel: any CardChannel { get }
  /// Takes it out of the reader.
  func remove() throws
  /// Puts it back.
  func insert() throws
  /// Lets unmodified host software at the token, through PC/SC, and takes the token back: it was
  /// reset then, unless it is out of the reader.
  ///
  /// - Parameter body: gets what the software's environment needs to find the reader.
  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result
  /// Presses the button when the next operation asks for it.
  func press() throws
  /// Ends the wire and what belongs to it.
  func unplug()
}

extension PluggedToken {
  /// There is no button within reach.
  public func press() throws {
    throw ChannelError(
      .wire, attempt: "press the token's button", reason: "this channel does not reach it")
  }
}

/// A chip as the authority orders it from the factory.
public struct ChipOrder: Equatable, Sendable {
  /// What it passes for.
  public let chip: Chip
  /// Serial number, 8 bytes.
  public let serial: [UInt8]
  /// Transport key, 16 bytes.
  public let transportKey: [UInt8]

  /// An order for one chip.
  public init(chip: Chip, serial: [UInt8], transportKey: [UInt8]) {
    self.chip = chip
    self.serial = serial
    self.transportKey = transportKey
  }
}
