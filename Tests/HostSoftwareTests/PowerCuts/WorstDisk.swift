import Foundation

/// A file system that keeps no more than POSIX promises: a file's contents from its fsync on, a name
/// from the fsync of its folder on. What else a power cut leaves may be there or not.
struct WorstDisk {
  /// What got to the disk although nothing waited for it.
  enum Luck: CaseIterable {
    /// Nothing.
    case none
    /// The names, and not the contents: empty files, as ext4 leaves them.
    case names
    /// The contents of files, and not the names.
    case contents
    /// Everything: what a killed process leaves.
    case all
  }

  /// A folder's tree: nil for folders.
  typealias State = [String: [UInt8]?]

  private final class Node {
    var isFolder = false
    var contents: [UInt8] = []
    var kept: [UInt8] = []
    var names: [String: Node] = [:]
    var keptNames: [String: Node] = [:]
  }

  private let root = Node()

  /// The disk with a folder's tree on it, all of it durable.
  init(_ state: State) {
    root.isFolder = true
    for path in state.keys.sorted() {
      let node = Node()
      if case .some(.some(let bytes)) = state[path] {
        (node.contents, node.kept) = (bytes, bytes)
      } else {
        node.isFolder = true
      }
      put(node, at: path)
      let folder = parent(of: path)
      folder?.keptNames = folder?.names ?? [:]
    }
  }

  /// What is in a folder now.
  static func state(of folder: String) -> State {
    var state: State = [:]
    for case let name as String in FileManager.default.enumerator(atPath: folder)
      ?? FileManager.DirectoryEnumerator()
    {
      let path = folder + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0, !name.hasSuffix("-shm") else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: state.updateValue(nil, forKey: name)
      case S_IFREG: state[name] = FileManager.default.contents(atPath: path).map { [UInt8]($0) }
      default: continue
      }
    }
    return state
  }

  mutating func perform(_ action: Recording.Action) {
    switch action {
    case .makeFolder(let path):
      let node = Node()
      node.isFolder = true
      if path != "" { put(node, at: path) }
    case .open(let path, let empties):
      if let node = node(path) {
        if empties { node.contents = [] }
      } else {
        put(Node(), at: path)
      }
    case .write(let path, let offset, let bytes):
      guard let node = node(path) else { return }
      let start = offset ?? node.contents.count
      if node.contents.count < start + bytes.count {
        node.contents += [UInt8](repeating: 0, count: start + bytes.count - node.contents.count)
      }
      node.contents.replaceSubrange(start..<start + bytes.count, with: bytes)
    case .cut(let path, let length):
      guard let node = node(path) else { return }
      node.contents =
        node.contents.prefix(length)
        + [UInt8](repeating: 0, count: max(0, length - node.contents.count))
    case .rename(let old, let new):
      guard let node = node(old) else { return }
      parent(of: old)?.names[Self.name(old)] = nil
      put(node, at: new)
    case .remove(let path): parent(of: path)?.names[Self.name(path)] = nil
    case .synchronize(let path):
      guard let node = path == "" ? root : node(path) else { return }
      node.kept = node.contents
      node.keptNames = node.names
    case .acknowledge: break
    }
  }

  /// What is there after a power cut now.
  func afterPowerCut(_ luck: Luck) -> State {
    var state: State = [:]
    func collect(_ folder: Node, _ prefix: String) {
      for (name, node) in luck == .names || luck == .all ? folder.names : folder.keptNames {
        if node.isFolder {
          state.updateValue(nil, forKey: prefix + name)
          collect(node, prefix + name + "/")
        } else {
          state[prefix + name] = luck == .contents || luck == .all ? node.contents : node.kept
        }
      }
    }
    collect(root, "")
    return state
  }

  private func node(_ path: String) -> Node? {
    path.split(separator: "/").reduce(root as Node?) { $0?.names[String($1)] }
  }

  private func parent(of path: String) -> Node? {
    let names = path.split(separator: "/").dropLast()
    return names.isEmpty ? root : node(names.joined(separator: "/"))
  }

  private func put(_ node: Node, at path: String) {
    parent(of: path)?.names[Self.name(path)] = node
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? ""
  }
}
