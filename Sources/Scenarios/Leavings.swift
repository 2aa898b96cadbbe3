import Cryptography
import Foundation
import ISO7816

/// What scenarios leave in a folder, each under a name of its own: lower-case words of the scenario's
/// name, and the channel.
///
/// Where several of them have the same words, in one file or in several, each has a checksum of its
/// file and name too. The names follow from all scenarios that were read: a part of them, chosen by a
/// filter or a shard, leaves its files under the same names as all of them.
public struct Leavings: Sendable {
  /// The folder.
  public let folder: String
  private let shared: Set<String>

  /// - Parameter scenarios: every one that was read, chosen or not.
  public init(in folder: String, of scenarios: [Scenario]) {
    self.folder = folder
    let identities = Set(scenarios.map { Identity(file: $0.file, name: $0.name) })
    shared = Set(
      Dictionary(grouping: identities) { Self.words($0.name) }
        .filter { $0.value.count > 1 }.keys)
  }

  /// The path for what a scenario leaves, without an extension.
  public func path(of scenario: Scenario, over channel: String) -> String {
    var name = Self.words(scenario.name)
    if shared.contains(name) {
      name += "-" + Self.checksum("\(scenario.file)\u{0}\(scenario.name)")
    }
    let wire = String(channel.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    // Readers have names with anything in them.
    let isPlain = channel.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
    return "\(folder)/\(name)-\(wire)" + (isPlain ? "" : "-" + Self.checksum(channel))
  }

  private struct Identity: Hashable {
    let file: String
    let name: String
  }

  /// The words of a name, so that file systems that take upper case for lower case, or one way to
  /// write an accent for another, find no two of them alike; a name too long for a file is cut, and
  /// what is cut off still told apart.
  private static func words(_ name: String) -> String {
    // Upper case first: ß is SS there.
    let words = name.uppercased().lowercased().precomposedStringWithCompatibilityMapping
      .split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    guard words.utf8.count > 160 else { return words }
    var cut = words
    while cut.utf8.count > 150 { cut.removeLast() }
    return cut + "-" + checksum(words)
  }

  private static func checksum(_ text: String) -> String {
    Hex.text(Digest.sha256(Array(text.utf8)).prefix(4)).lowercased()
  }
}
