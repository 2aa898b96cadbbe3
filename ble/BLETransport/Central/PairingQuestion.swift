/// What pairing asks of the person at the host.
public enum PairingQuestion: Equatable, Sendable {
  /// The six digits the token shows.
  case passkey(token: String)
  /// Whether the token shows the same six digits.
  case comparison(passkey: UInt32, token: String)
  /// These six digits are to be entered at the token; nobody waits for an answer.
  case display(passkey: UInt32, token: String)
  /// The question that is open is of no interest any more.
  case withdrawn

  /// A passkey as it is shown: six digits.
  public static func digits(of passkey: UInt32) -> String {
    let digits = String(passkey)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}

extension PairingQuestion: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    switch self {
    case .passkey(let token): "type the six digits the token \(token) shows"
    case .comparison(let passkey, let token):
      "does the token \(token) show \(Self.digits(of: passkey))? yes or no"
    case .display(let passkey, let token):
      "type at the token \(token): \(Self.digits(of: passkey))"
    case .withdrawn: "the question is withdrawn"
    }
  }
}

extension PairingQuestion: NamedEvent {
  /// Its name, and what belongs to it.
  public var object: (event: String, members: KeyValuePairs<String, any Encodable>) {
    switch self {
    case .passkey(let token): ("passkey-wanted", ["token": token])
    case .comparison(let passkey, let token):
      ("comparison", ["token": token, "passkey": Self.digits(of: passkey)])
    case .display(let passkey, let token):
      ("passkey", ["token": token, "passkey": Self.digits(of: passkey)])
    case .withdrawn: ("withdrawn", [:])
    }
  }
}

/// What the person says.
public enum PairingAnswer: Equatable, Sendable {
  /// The six digits the token shows.
  case passkey(UInt32)
  /// The digits are the same.
  case same
  /// The digits are not the same, or there is nobody to say.
  case refused
}
