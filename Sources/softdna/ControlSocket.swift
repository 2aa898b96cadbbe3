import Foundation

/// What can be done to a token that is plugged in somewhere.
struct ControlTarget: Sendable {
  /// Puts it into the reader.
  let insert: @Sendable () -> Void
  /// Takes it out of the reader.
  let remove: @Sendable () -> Void
  /// Presses its button.
  let press: @Sendable () -> Void
}

/// The local socket `softdna ctl` talks to: JSON lines, one request and one answer each, readable
/// and writable by the token's owner only.
///
/// Request: `{"do": "press"}`. Answer: `{"version": 1, "ok": true}`, or `{"version": 1, "ok": false,
/// "error": "…"}`.
final class ControlSocket: Sendable {
  /// Version of the language; it counts up when an old request means something else.
  static let version = 1
  /// The requests there are.
  static let requests = ["insert", "remove", "press"]

  private let path: String
  private let descriptor: Int32

  /// Listens at `path`; a socket that nobody listens at any more is replaced.
  init(path: String, target: ControlTarget) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("no control socket: \(Self.reason)") }
    unlink(path)
    let mask = umask(0o177)
    let isBound = Self.withAddress(of: path) { bind(descriptor, $0, $1) } ?? -1
    umask(mask)
    guard isBound == 0, listen(descriptor, 4) == 0 else {
      let reason = Self.reason
      close(descriptor)
      throw Failure("no control socket at \(path): \(reason)")
    }
    Thread.detachNewThread { [descriptor] in
      while true {
        let peer = accept(descriptor, nil, nil)
        // Closed: the token is going away.
        guard peer >= 0 else {
          if errno == EINTR { continue }
          return
        }
        Thread.detachNewThread { Self.serve(peer, target) }
      }
    }
  }

  /// Stops listening and removes the socket.
  func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
    unlink(path)
  }

  /// Sends one request to the socket at `path`; answers its answer's line.
  static func ask(_ request: String, at path: String) throws -> String {
    let peer = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard peer >= 0 else { throw Failure("no socket: \(reason)") }
    defer { close(peer) }
    guard withAddress(of: path, { connect(peer, $0, $1) }) == 0 else {
      throw Failure(
        "no token is plugged in at \(path) (\(reason)); plug it in: softdna up, or softdna exec")
    }
    let handle = FileHandle(fileDescriptor: peer, closeOnDealloc: false)
    try handle.write(contentsOf: Data((request + "\n").utf8))
    shutdown(peer, Int32(SHUT_WR))
    let answer = try handle.readToEnd() ?? Data()
    return String(decoding: answer, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  private static func serve(_ peer: Int32, _ target: ControlTarget) {
    let handle = FileHandle(fileDescriptor: peer, closeOnDealloc: true)
    var buffer = Data()
    while let part = try? handle.read(upToCount: 4096), !part.isEmpty {
      buffer += part
      while let end = buffer.firstIndex(of: 0x0A) {
        let answer = answer(to: buffer[..<end], target)
        buffer = Data(buffer[(end + 1)...])
        guard (try? handle.write(contentsOf: Data((answer + "\n").utf8))) != nil else { return }
      }
      guard buffer.count < 65_536 else { return }
    }
  }

  private struct Request: Decodable {
    let action: String
    enum CodingKeys: String, CodingKey { case action = "do" }
  }

  private struct Answer: Encodable {
    let version = ControlSocket.version
    let ok: Bool
    let error: String?
  }

  private static func answer(to line: Data, _ target: ControlTarget) -> String {
    var problem: String?
    switch (try? JSONDecoder().decode(Request.self, from: line))?.action {
    case "insert": target.insert()
    case "remove": target.remove()
    case "press": target.press()
    case let other?:
      problem = "unknown request \"\(other)\"; known: \(requests.joined(separator: ", "))"
    case nil: problem = "not a request: {\"do\": \"press\"}"
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(Answer(ok: problem == nil, error: problem))) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  private static func withAddress(
    of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32? {
    // A socket's address has room for 107 bytes and CI's folders are deep: through the folder's
    // descriptor every path is short.
    let url = URL(fileURLWithPath: path)
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    defer { close(folder) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array("/proc/self/fd/\(folder)/\(url.lastPathComponent)".utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return nil
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
