internal import Glibc

extension PrivateWorld {
  /// What a private world is made of, and where.
  public struct Configuration: Sendable {
    /// pcscd's path.
    public var pcscd: String
    /// vpcd's path, the driver pcscd loads.
    public var driver: String
    /// The path of util-linux's `unshare`.
    public var unshare: String
    /// Where the world's directory is made: private to the user, and short, since the path of a
    /// socket is limited to 107 bytes.
    public var parentDirectory: String
    /// The reader's name; pcscd adds the numbers of the reader and of the slot, " 00 00".
    public var readerName = "Digital DNA Key (softdna)"
    /// How long to wait for the reader to show the card.
    public var timeout = Duration.seconds(10)

    /// What Debian installs, in the user's runtime directory or else in `/tmp`.
    public init() {
      pcscd = Self.existing("/usr/sbin/pcscd", "/usr/local/sbin/pcscd")
      driver = Self.existing(
        "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
        "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
        "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so")
      unshare = Self.existing("/usr/bin/unshare", "/bin/unshare")
      parentDirectory = Self.runtimeDirectory ?? "/tmp"
    }

    private static var runtimeDirectory: String? {
      guard let value = getenv("XDG_RUNTIME_DIR") else { return nil }
      let path = String(cString: value)
      let isUsable = path.hasPrefix("/") && path.utf8.count < 60
      return isUsable && access(path, W_OK | X_OK) == 0 ? path : nil
    }

    /// The first of these paths where there is something; the first of all where there is not.
    private static func existing(_ first: String, _ others: String...) -> String {
      ([first] + others).first { access($0, F_OK) == 0 } ?? first
    }

    /// - Throws: where something is missing; the advice names the package.
    func check() throws(VirtualReaderError) {
      let needed = [
        (pcscd, X_OK, "pcscd", "apt-get install pcscd"),
        (driver, R_OK, "the vpcd driver", "apt-get install vsmartcard-vpcd"),
        (unshare, X_OK, "unshare", "apt-get install util-linux"),
      ]
      for (path, mode, name, command) in needed where access(path, mode) != 0 {
        let code = errno
        throw VirtualReaderError(
          "start a private PC/SC world: \(name) is not at \(path)", errno: code,
          advice: "Install it: \(command)")
      }
    }
  }
}

/// What the kernel is set to that forbids an ordinary user a namespace, and how to allow it.
func namespaceAdvice() -> String {
  let settings = [
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user.max_user_namespaces", "0", "15000"),
  ]
  for (name, forbidding, allowing) in settings {
    let path = "/proc/sys/" + name.map { $0 == "." ? "/" : String($0) }.joined()
    guard firstLine(of: path) == forbidding else { continue }
    return "User namespaces are forbidden here; allow them: sysctl -w \(name)=\(allowing)"
  }
  return "Mount and user namespaces are forbidden here: run as root, or in a container with "
    + "CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN --security-opt apparmor=unconfined)"
}

private func firstLine(of path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var buffer = [CChar](repeating: 0, count: 64)
  guard read(descriptor, &buffer, buffer.count - 1) > 0 else { return nil }
  return text(of: buffer.map { $0 == 0x0A ? 0 : $0 })
}
