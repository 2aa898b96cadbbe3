import Foundation
import HostFiles

/// Images of a token under names of the user's, in its state directory. Each is there whole or not
/// at all, and readable by its owner only: it holds keys and PINs.
struct Snapshots {
  /// The folder; made with the first snapshot.
  let folder: String

  /// One that is kept.
  struct Entry {
    let name: String
    let taken: Date
  }

  /// The ones there are, by name.
  var entries: [Entry] {
    let files = FileManager.default
    return ((try? files.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      .filter { $0.hasSuffix(Self.suffix) }
      .map { file in
        let facts = try? files.attributesOfItem(atPath: folder + "/" + file)
        return Entry(
          name: String(file.dropLast(Self.suffix.count)),
          taken: facts?[.modificationDate] as? Date ?? .distantPast)
      }
  }

  /// The bytes of an image.
  ///
  /// - Throws: where there is none of this name.
  func read(_ name: String) throws -> [UInt8] {
    let path = try path(name)
    guard access(path, F_OK) == 0 else { throw missing(name) }
    // Whether it is an image of the right size, the token finds out.
    return try InputFile.read(path, atMost: 1 << 20, patience: .seconds(1))
  }

  /// Keeps an image; one of the same name is replaced in one step.
  func write(_ image: [UInt8], _ name: String) throws {
    let path = try path(name)
    do throws(FileFailure) {
      try HostFolder.make(folder, mode: 0o700)
      try HostFolder.removeUnfinished(in: folder)
      try HostFile.replace(path, with: image)
    } catch {
      throw ControlError(environment: "\(error)")
    }
  }

  /// Deletes one.
  ///
  /// - Throws: where there is none of this name.
  func delete(_ name: String) throws {
    let path = try path(name)
    do throws(FileFailure) {
      guard try HostFile.remove(path) else { throw FileFailure(path, .remove, code: ENOENT) }
    } catch {
      throw error.code == ENOENT ? missing(name) : ControlError(environment: "\(error)")
    }
  }

  private static let suffix = ".nv"

  private func path(_ name: String) throws -> String {
    let allowed = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      default: false
      }
    }
    guard allowed, (1...64).contains(name.count), !name.hasPrefix(".") else {
      throw ControlError(
        usage: "\"\(name)\" names no snapshot: up to 64 letters, digits, - _ and ., no . in front")
    }
    return folder + "/" + name + Self.suffix
  }

  private func missing(_ name: String) -> ControlError {
    let names = entries.map(\.name)
    return ControlError(
      refused: "there is no snapshot \"\(name)\""
        + (names.isEmpty ? "" : "; there are: " + names.joined(separator: ", ")))
  }
}
