import ArgumentParser
import Foundation

/// The option of requests about one snapshot.
struct SnapshotName: ControlOptions {
  @Argument(help: "The snapshot's name.") var name: String

  var values: [String: JSONValue] { ["name": .text(name)] }
}

/// `snapshot`.
enum SnapshotRequest: ControlRequest {
  typealias Options = SnapshotName
  static let name = "snapshot"
  static let summary = "Keep the token's memory as it is now, under a name."
  static let discussion = """
    A snapshot of the same name is replaced. It holds the token alone: not the books of the \
    authority, nor which PINs are verified.
    """
  static let keys = ["name"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try token.keep(as: values.required(values.text("name"), "name"))
    return .null
  }
}

/// `restore`.
enum RestoreRequest: ControlRequest {
  struct Options: ControlOptions {
    @OptionGroup var snapshot: SnapshotName
    @Flag(help: "Without the reader noticing: no waiting, and programs keep their connections.")
    var inPlace = false

    var values: [String: JSONValue] {
      snapshot.values.merging(inPlace ? ["in-place": true] : [:]) { $1 }
    }
  }

  static let name = "restore"
  static let summary = "Take the token out, give it a snapshot's memory, put it in."
  static let discussion = """
    Whenever the power goes, the image file holds the old memory or the new. With --in-place the \
    token stays in its reader and is reset: in milliseconds, for tests that begin.
    """
  static let keys = ["name", "in-place"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try token.restore(
      values.required(values.text("name"), "name"), isInPlace: values.flag("in-place") ?? false)
    return .null
  }
}

/// `snapshots`.
enum SnapshotsRequest: ControlRequest {
  static let name = "snapshots"
  static let summary = "List the snapshots."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    .list(
      token.directory.snapshots.entries.map {
        ["name": .text($0.name), "taken": .text($0.taken.formatted(.iso8601))]
      })
  }
}

/// `delete-snapshot`.
enum DeleteSnapshotRequest: ControlRequest {
  typealias Options = SnapshotName
  static let name = "delete-snapshot"
  static let summary = "Delete a snapshot."
  static let keys = ["name"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try token.directory.snapshots.delete(values.required(values.text("name"), "name"))
    return .null
  }
}
