import ArgumentParser
import Foundation
import TokenHost

/// `softdna inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tell what is in a token's image, and whether it is sound.",
    discussion: """
      The image is read, never changed: what a power cut left unfinished is undone in memory only. \
      PINs, PUKs and private keys are never shown.

      Exit status: 0 sound, 1 damaged, 2 there is no token or it is in use.
      """)

  @OptionGroup var state: StateOption
  @Flag(help: "Say only whether it is sound.") var check = false
  @Flag(help: "Print the result as JSON.") var json = false

  func run() throws {
    let directory = state.directory
    let slot: Slot
    do throws(ImageError) { slot = try Slot(copying: directory.image) } catch {
      try report(error)
      return
    }
    let listing = ImageListing(
      slot.inventory, isInterrupted: slot.differs(from: directory.image))
    switch (json, check) {
    case (true, false): try printJSON(listing)
    case (true, true): try printJSON(Verdict(isSound: true, reason: nil))
    case (false, true): Console.print("\(directory.image): sound")
    case (false, false): Console.print(listing.text)
    }
  }

  private struct Verdict: Encodable {
    let isSound: Bool
    let reason: String?
  }

  /// A damaged image is a result; an image that cannot be looked at is none.
  private func report(_ error: ImageError) throws {
    guard error.isDamage else { throw Failure(error) }
    if json {
      try printJSON(Verdict(isSound: false, reason: error.reason))
    } else {
      Console.print("\(error)")
    }
    throw ExitCode(1)
  }

  private func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Console.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
