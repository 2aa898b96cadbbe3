import Foundation

/// Addresses of local sockets.
enum LocalAddress {
  /// The errno of a connection that could not be made.
  struct NotConnected: Error {
    let code: Int32
  }

  /// Connects to the socket at `path`; waits two seconds for a program that does not take callers.
  static func connect(to path: String) -> Result<Int32, NotConnected> {
    let peer = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard peer >= 0 else { return .failure(NotConnected(code: errno)) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard use(path, { Foundation.connect(peer, $0, $1) }) == 0 else {
      let code = errno
      close(peer)
      return .failure(NotConnected(code: code))
    }
    return .success(peer)
  }

  /// Lends the address of `path` to a system call; -1 and errno where there is none.
  static func use(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    // A socket's address has room for 107 bytes and CI's folders are deep: through the folder's
    // descriptor every path is short.
    let url = URL(fileURLWithPath: path)
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return -1 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array("/proc/self/fd/\(folder)/\(url.lastPathComponent)".utf8)
    var result: Int32 = -1
    var code = ENAMETOOLONG
    if bytes.count < MemoryLayout.size(ofValue: address.sun_path) {
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      code = errno
    }
    close(folder)
    errno = code
    return result
  }
}
