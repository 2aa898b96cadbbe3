import CCrypto
import HostFiles

/// Why the authority did not do what it was asked: what was attempted, the rule that stood in the
/// way, and the raw code of the library underneath where there is one.
public struct AuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The rule that was broken.
  public enum Rule: Equatable, Sendable {
    /// A field of what was handed in is missing or wrong; the name is the property's.
    case field(String)
    /// The day is outside the days, both included, on which this may be done.
    case window(first: Day, last: Day)
    /// The history goes on to this day already; nothing is recorded before it.
    case clock(last: Day)
    /// A device is renewed once (domain rule: "renewable once for 3 more").
    case renewedOnce
    /// No such holder, device, certificate or enrolment.
    case unknown
    /// It exists, but its state does not allow this.
    case state
    /// The chamber's policy does not allow it; the name is the property's.
    case policy(String)
    /// A device is personal: nobody acts for its holder.
    case delegation
    /// The device belongs to this provider, which alone may do this.
    case provider(Provider)
    /// The chip does not comply any more; its devices are not renewed from this day on.
    case chip(Chip, renewalBlockedFrom: Day)
    /// The user code is wrong; so many tries are left, none once it is locked.
    case userCode(triesLeft: Int)
    /// Too many wrong one-time passwords on one day; again from this day on.
    case locked(until: Day)
    /// The request is not signed by the key it carries (PKCS #10, RFC 2986, 3).
    case proofOfPossession
    /// The public key may not be certified: too short, or certified before.
    case key
    /// The authority was created with other settings.
    case settings
    /// libcrypto refused; `code` is the first code of its error queue.
    case libcrypto
    /// SQLite refused; `code` is its extended result code.
    case database
    /// The operating system refused; `code` is `errno`.
    case file
  }

  /// Whether the machine is to blame and not who asked: what the authority stands on failed.
  public var isOfEnvironment: Bool {
    switch rule {
    case .settings, .libcrypto, .database, .file: true
    default: false
    }
  }

  /// What was attempted, in words.
  public let attempted: String
  /// The rule that was broken.
  public let rule: Rule
  /// What exactly was wrong: values, limits, the library's own text.
  public let reason: String
  /// The raw code behind `libcrypto`, `database` and `file`; 0 elsewhere.
  public let code: UInt

  /// An error from its parts.
  public init(_ attempted: String, _ rule: Rule, _ reason: String, code: UInt = 0) {
    self.attempted = attempted
    self.rule = rule
    self.reason = reason
    self.code = code
  }

  /// One line for a person.
  public var description: String {
    let place: String
    switch rule {
    case .field(let name): place = " (field \(name))"
    case .window(let first, let last): place = " (allowed from \(first) to \(last))"
    case .policy(let name): place = " (policy \(name))"
    default: place = ""
    }
    return "\(attempted)\(place): \(reason)" + (code == 0 ? "" : " [code \(code)]")
  }

  /// The error libcrypto has just queued; empties the queue, so that the next error starts clean.
  static func libcrypto(_ attempted: String) -> AuthorityError {
    var first: UInt = 0
    var texts: [String] = []
    while true {
      let code = ERR_get_error()
      guard code != 0 else { break }
      if first == 0 { first = code }
      var text = [CChar](repeating: 0, count: 256)
      ERR_error_string_n(code, &text, text.count)
      texts.append(
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return AuthorityError(
      attempted, .libcrypto, texts.isEmpty ? "no reason given" : texts.joined(separator: "; "),
      code: first)
  }

  /// The error the operating system has just reported in `errno`.
  static func system(_ attempted: String, errno code: Int32) -> AuthorityError {
    AuthorityError(attempted, .file, SystemReason.text(code), code: UInt(code))
  }

  /// What the operating system refused about a file.
  init(_ failure: FileFailure) {
    self.init(
      "\(failure.attempt.gerund) \(failure.path)", .file, failure.reason,
      code: UInt(failure.code))
  }
}
