import ArgumentParser
import Authority
import Foundation
import HostFiles
import TokenHost

/// The option that names a token.
struct StateOption: ParsableArguments {
  @Option(name: .customLong("state"), help: "The token's state directory.")
  var path: String

  var directory: StateDirectory { StateDirectory(path: path) }
}

/// The option that leaves a token as it is.
struct VolatileOption: ParsableArguments {
  @Flag(
    name: .customLong("volatile"),
    help: "Work on a copy in memory: the token's image stays as it was.")
  var isVolatile = false
}

/// Everything that belongs to one token, in one directory.
struct StateDirectory {
  let path: String

  /// The token's flash image.
  var image: String { path + "/token.nv" }
  /// What the holder got on paper; readable by its owner only.
  var scratchCardFile: String { path + "/scratch-card.json" }

  /// There while a card goes into the holder's hands: left by an interruption, it says that the books
  /// may not know of it yet.
  var handOverMark: String { path + "/.handing-over" }

  /// Where `softdna ctl` reaches the token while it is plugged in.
  var controlSocket: String { path + "/control.sock" }
  /// The date the token's world lives on.
  var clock: WorldClock { WorldClock(path: path + "/clock") }
  /// The images that `softdna ctl snapshot` keeps.
  var snapshots: Snapshots { Snapshots(folder: path + "/snapshots") }

  /// Runs what may make the directory, or puts another token into it, one process at a time: who
  /// comes second waits. Where it fails, a directory that it made does not stay half full.
  func making<Value>(_ body: () throws -> Value) throws -> Value {
    let turn = try StateDirectoryTurn(path)
    let result = Result { try body() }
    if case .failure = result, turn.isFirst {
      turn.endRemovingDirectory()
    } else {
      turn.end()
    }
    return try result.get()
  }

  /// The token, plugged in nowhere yet.
  ///
  /// - Parameter isVolatile: a copy in memory, gone with the slot; the image stays as it is.
  func openToken(isVolatile: Bool = false) throws -> Slot {
    guard FileManager.default.fileExists(atPath: image) else {
      throw Failure("there is no token in \(path); issue one: softdna issue --state \(path)")
    }
    return try failing { try isVolatile ? Slot(copying: image) : Slot(opening: image) }
  }

  /// The authority that issued the token.
  func openAuthority(clock: AuthorityClock = .real) throws -> Authority {
    guard FileManager.default.fileExists(atPath: path + "/authority.sqlite") else {
      throw Failure(
        "there is no authority in \(path); issue a token: softdna issue --state \(path)")
    }
    return try failing { try Authority(directory: path, clock: clock) }
  }

  /// The codes of the scratch card.
  func readScratchCard() throws -> ScratchCard {
    let bytes = try failing { try InputFile.read(scratchCardFile, atMost: 65_536) }
    guard let card = try? JSONDecoder().decode(ScratchCard.self, from: Data(bytes)) else {
      throw Failure("\(scratchCardFile) is damaged: it holds no codes of a scratch card")
    }
    return card
  }

  /// Writes the scratch card, whole and on the disk, or not at all.
  func writeScratchCard(_ card: ScratchCard) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let data = try encoder.encode(card) + Data("\n".utf8)
    try HostFile.replace(scratchCardFile, with: data)
  }
}
