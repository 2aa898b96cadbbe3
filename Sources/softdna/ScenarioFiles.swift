import Foundation
import Scenarios

/// Which scenarios a command line names.
struct ScenarioFiles {
  /// Files and folders.
  let paths: [String]
  let seed: UInt64?

  /// Reads every file; tells of every one that is wrong, not only of the first.
  func load() throws -> [Scenario] {
    var loaded: [Scenario] = []
    var errors: [String] = []
    for file in try files() {
      do throws(ScenarioError) {
        loaded += try Scenario.read(file).map { $0.reseeded(seed) }
      } catch {
        errors.append("\(error)")
      }
    }
    guard errors.isEmpty else { throw Failure(errors.joined(separator: "\n")) }
    return loaded
  }

  /// The files, and those in the folders and the folders in them. Fragments are for including and
  /// policies for chambers: their folders are passed by.
  private func files() throws -> [String] {
    var files: [String] = []
    for path in paths {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Failure("\(path): no such file or folder")
      }
      guard isFolder.boolValue else {
        files.append(path)
        continue
      }
      let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
      // A link to a folder would not be gone into.
      let place = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
      let found =
        (FileManager.default.enumerator(atPath: place)?.compactMap { $0 as? String } ?? [])
        .filter { name in
          let folders = name.split(separator: "/").dropLast()
          return name.hasSuffix(".yaml")
            && !folders.contains { ["fragments", "policies"].contains($0) }
        }
        .sorted()
      guard !found.isEmpty else { throw Failure("\(path): no *.yaml in this folder") }
      files += found.map { folder + "/" + $0 }
    }
    return files
  }
}
