public import Authority
public import Terminal

/// What a scenario runs on: where its chips come from, and the wire to them. The same scenario gives
/// the same exchanges on each.
public protocol Workbench: Sendable {
  /// The name of the channel: "direct", "pcsc".
  var channelName: String { get }

  /// Takes a chip from the factory and plugs it in.
  ///
  /// - Parameters:
  ///   - order: what the chip passes for, its serial number and transport key.
  ///   - seed: the scenario's seed; the chip's randomness follows from it.
  ///   - image: the file that becomes the chip's memory; nil for one that is gone with the chip.
  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken
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
  /// Ends the wire and what belongs to it.
  func unplug()
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
