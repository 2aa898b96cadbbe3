import Foundation
import Testing

/// What a program and its children did to the files in a folder, in order, as strace saw it.
struct Recording {
  /// One system call that changed something, or waited for the disk. Paths are within the folder.
  enum Action {
    case makeFolder(String)
    /// Opened so that it is there afterwards; emptied where it was.
    case open(String, empties: Bool)
    /// Bytes at an offset; nil: behind what is there.
    case write(String, offset: Int?, [UInt8])
    case cut(String, length: Int)
    case rename(String, to: String)
    case remove(String)
    /// fsync or fdatasync of a file or a folder.
    case synchronize(String)
    /// The program's first word on standard output: from here on it has promised.
    case acknowledge

    var isAcknowledgement: Bool { if case .acknowledge = self { true } else { false } }
  }

  let actions: [Action]
  let outcome: Outcome

  /// A system call that changes files in a way that is not understood.
  struct Unknown: Error { let call: String }

  /// Every call that can change a file, a name or what is on the disk.
  private static let calls = """
    open,openat,openat2,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,rename,\
    renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,\
    fdatasync,syncfs,sync,sync_file_range,fallocate,copy_file_range,sendfile,splice
    """

  /// Runs softdna, which must be told absolute paths in `root`.
  static func of(_ arguments: [String], root: String, in folder: TemporaryFolder) async throws
    -> Recording
  {
    let log = folder.path("strace.log")
    let outcome = try await Program.run(
      "/usr/bin/strace",
      [
        "-f", "-y", "-xx", "-s", "4194304", "-o", log, "-e", "trace=" + calls, "-e", "signal=none",
        Softdna.executable,
      ] + arguments, environment: Softdna.environment(in: folder), folder: folder.path, input: "")
    return Recording(
      actions: try parse(try folder.bytes(of: "strace.log"), root), outcome: outcome)
  }

  /// The same without waiting for the disk where `isLeftOut` says so: a program that forgets it.
  func leavingOut(_ isLeftOut: (String) -> Bool) -> Recording {
    Recording(
      actions: actions.filter {
        if case .synchronize(let path) = $0 { !isLeftOut(path) } else { true }
      }, outcome: outcome)
  }

  private init(actions: [Action], outcome: Outcome) {
    self.actions = actions
    self.outcome = outcome
  }

  private static func parse(_ log: Data, _ root: String) throws -> [Action] {
    var actions: [Action] = []
    var begun: [String: String] = [:]
    var isAcknowledged = false
    for line in log.split(separator: 0x0A) {
      let text = String(decoding: line, as: UTF8.self)
      guard let blank = text.firstIndex(of: " ") else { continue }
      let process = String(text[..<blank])
      var call = text[blank...].drop { $0 == " " }
      // A call of another thread came between: it counts when it returned.
      if call.hasSuffix(" <unfinished ...>") {
        begun[process] = String(call.dropLast(" <unfinished ...>".count))
        continue
      }
      if call.hasPrefix("<... "), let resumed = call.range(of: " resumed>") {
        call = ((begun.removeValue(forKey: process) ?? "") + call[resumed.upperBound...])[...]
      }
      guard let end = call.range(of: " = ", options: .backwards),
        !call[end.upperBound...].hasPrefix("-1"), let bracket = call.firstIndex(of: "(")
      else { continue }
      let name = String(call[..<bracket])
      let arguments = Arguments(
        text: call[call.index(after: bracket)..<end.lowerBound], result: call[end.upperBound...],
        root: root)
      if name == "write", arguments.text.hasPrefix("1<"), !isAcknowledged {
        isAcknowledged = true
        actions.append(.acknowledge)
      } else if let action = try arguments.action(of: name) {
        actions.append(action)
      }
    }
    return actions
  }
}

/// The arguments of a system call as strace writes them with -y and -xx.
private struct Arguments {
  let text: Substring
  let result: Substring
  let root: String

  func action(of name: String) throws -> Recording.Action? {
    switch name {
    case "open", "openat", "openat2", "creat":
      guard let path = within(strings.first), text.contains("O_CREAT") || text.contains("O_TRUNC")
      else { return nil }
      return .open(path, empties: text.contains("O_TRUNC"))
    case "write":
      return descriptor.map { .write($0, offset: nil, strings.first ?? []) }
    case "pwrite64":
      return descriptor.map { .write($0, offset: lastNumber, strings.first ?? []) }
    case "ftruncate": return descriptor.map { .cut($0, length: lastNumber ?? 0) }
    case "fsync", "fdatasync": return descriptor.map { .synchronize($0) }
    case "rename", "renameat", "renameat2":
      guard strings.count == 2 else { return nil }
      switch (within(strings[0]), within(strings[1])) {
      case (let old?, let new?): return .rename(old, to: new)
      case (nil, nil): return nil
      default: throw Recording.Unknown(call: "\(name)(\(text.prefix(200))")
      }
    case "unlink", "unlinkat", "rmdir": return within(target).map { .remove($0) }
    case "mkdir", "mkdirat": return within(target).map { .makeFolder($0) }
    case "sync": return nil
    default:
      guard descriptor == nil, strings.allSatisfy({ within($0) == nil }) else {
        throw Recording.Unknown(call: "\(name)(\(text.prefix(200))")
      }
      return nil
    }
  }

  /// The strings in quotes, decoded.
  private var strings: [[UInt8]] {
    text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { Self.bytes($0.element) }
  }

  /// What a name means: behind an open folder where there is one.
  private var target: [UInt8]? {
    guard let name = strings.first, name.first != 0x2F, let open = text.firstIndex(of: "<"),
      let close = text.firstIndex(of: ">"), open < close
    else { return strings.first }
    return Self.bytes(text[text.index(after: open)..<close]) + [0x2F] + name
  }

  /// The file that the first argument, a descriptor, is open on.
  private var descriptor: String? {
    guard text.first?.isNumber == true, let open = text.firstIndex(of: "<"),
      let close = text.firstIndex(of: ">")
    else { return nil }
    return within(Self.bytes(text[text.index(after: open)..<close]))
  }

  private var lastNumber: Int? {
    text.split(separator: ",").last.flatMap { Int($0.filter(\.isNumber)) }
  }

  /// A path within the recorded folder; nil for another. SQLite makes its shared memory anew.
  private func within(_ path: [UInt8]?) -> String? {
    guard let path else { return nil }
    let text = String(decoding: path, as: UTF8.self)
    guard !text.hasSuffix("-shm") else { return nil }
    if text == root { return "" }
    return text.hasPrefix(root + "/") ? String(text.dropFirst(root.count + 1)) : nil
  }

  /// \x41\x42
  private static func bytes(_ text: Substring) -> [UInt8] {
    let digits = Array(text.utf8)
    func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
    return stride(from: 0, to: digits.count - 3, by: 4).map {
      value(digits[$0 + 2]) << 4 | value(digits[$0 + 3])
    }
  }
}
