import Foundation
import HostFiles

/// The local socket `softdna ctl` talks to: JSON lines, one request and one answer each, readable
/// and writable by the token's owner only.
///
/// Request: `{"do": "press"}`. Answer: `{"version": 1, "ok": true, "result": …}`, or `{"version": 1,
/// "ok": false, "kind": "usage", "error": "…"}`. docs/user/control.md has every message.
final class ControlSocket: Sendable {
  /// Version of the language; it counts up when an old request means something else.
  static let version = 1
  /// The variable that tells a command in `softdna exec` where the socket is.
  static let variable = "SOFTDNA_SOCKET"

  private static let longestRequest = 65_536

  /// Where it listens; absolute.
  let path: String
  private let descriptor: Int32

  /// Listens at `path`; a socket that nobody listens at any more is replaced. Where somebody does,
  /// who holds a copy of the token, it listens beside it.
  init(path: String, token: ControlledToken) throws {
    let absolute = URL(fileURLWithPath: path).path
    let path = Self.isServed(absolute) ? absolute + ".\(getpid())" : absolute
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
          if errno == EINVAL || errno == EBADF { return }
          // A caller that went away, or no descriptors left for a while.
          usleep(10_000)
          continue
        }
        Thread.detachNewThread { Self.serve(peer, token) }
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
    let peer = try connect(to: path)
    defer { close(peer) }
    send(request, to: peer)
    shutdown(peer, Int32(SHUT_WR))
    var answer = Data()
    while receive(from: peer, into: &answer) {}
    return String(decoding: answer, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  private static func isServed(_ path: String) -> Bool {
    guard let peer = try? connect(to: path) else { return false }
    close(peer)
    return true
  }

  private static func connect(to path: String) throws -> Int32 {
    let peer = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard peer >= 0 else { throw Failure("no socket: \(reason)") }
    guard withAddress(of: path, { Foundation.connect(peer, $0, $1) }) == 0 else {
      let reason = reason
      close(peer)
      throw Failure(
        "no token is plugged in at \(path) (\(reason)); plug it in: softdna up, or softdna exec")
    }
    return peer
  }

  private static func serve(_ peer: Int32, _ token: ControlledToken) {
    defer { close(peer) }
    var buffer = Data()
    while receive(from: peer, into: &buffer) {
      while let end = buffer.firstIndex(of: 0x0A) {
        let line = buffer[..<end]
        buffer = Data(buffer[(end + 1)...])
        guard send(answer(to: line, token).line, to: peer) else { return }
      }
      guard buffer.count < longestRequest else {
        let error = ControlError(usage: "a request has less than \(longestRequest) bytes")
        send(refusal(error.kind, error.description).line, to: peer)
        return
      }
    }
  }

  /// The answer to one line.
  static func answer(to line: Data, _ token: ControlledToken) -> JSONValue {
    guard let request = try? JSONDecoder().decode([String: JSONValue].self, from: line) else {
      return refusal(
        "usage", "not a request: a request is a JSON object in one line, as {\"do\": \"status\"}")
    }
    do {
      let result = try ControlVocabulary.perform(request, on: token)
      let answer: [String: JSONValue] = ["version": .number(version), "ok": true]
      return .object(result == .null ? answer : answer.merging(["result": result]) { $1 })
    } catch let error as ControlError {
      return refusal(error.kind, error.description)
    } catch let failure as Failure {
      return refusal("refused", failure.message)
    } catch {
      let kind = Failure.isEnvironments(error) ? "environment" : "refused"
      return refusal(kind, SystemReason.sentence(of: error))
    }
  }

  private static func refusal(_ kind: String, _ reason: String) -> JSONValue {
    ["version": .number(version), "ok": false, "kind": .text(kind), "error": .text(reason)]
  }

  /// A line; false where the peer is gone, which must not end this process (SIGPIPE).
  @discardableResult
  private static func send(_ line: String, to peer: Int32) -> Bool {
    let bytes = Array((line + "\n").utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { rest in
        Foundation.send(peer, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 || errno == EINTR else { return false }
      sent += max(count, 0)
    }
    return true
  }

  /// What has come; false at the end.
  private static func receive(from peer: Int32, into buffer: inout Data) -> Bool {
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(peer, &part, part.count, 0)
      if count < 0, errno == EINTR { continue }
      buffer.append(contentsOf: part.prefix(max(count, 0)))
      return count > 0
    }
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

  private static var reason: String { SystemReason.text(errno) }
}
