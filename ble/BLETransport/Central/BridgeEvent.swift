/// What happens to a bridge, for people and for programs.
public enum BridgeEvent: Equatable, Sendable {
  /// The bridge asks for bluetoothd.
  case starting
  /// Something is missing, and is waited for; a sentence about what it is.
  case waiting(String)
  /// Tokens that are not paired are looked for.
  case searching(adapter: String)
  /// A token was found.
  case connecting(TokenName)
  /// It is asked to pair.
  case pairing(TokenName)
  /// Pairing asks a person; `Bridge.answer` answers.
  case question(PairingQuestion)
  /// It is paired from now on.
  case paired(TokenName)
  /// Something is less than it could be.
  case note(String)
  /// The card can be used; how messages travel, in words.
  case connected(TokenName, over: String)
  /// The card works at a command, or waits for its owner.
  case cardWaits(Wait)
  /// The card was put into the token, or taken out.
  case card(CardState)
  /// The link is gone, or did not come up; it is tried again after a while.
  case lost(TokenName, reason: String, retryIn: Duration)
  /// The bridge has ended by itself: a sentence about why, and what to do.
  case ended(reason: String)
}

extension BridgeEvent: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    switch self {
    case .starting: "asking for bluetoothd"
    case .waiting(let sentence), .note(let sentence): sentence
    case .searching(let adapter):
      "looking for a token with \(adapter); for a new one open its pairing window (softdna ctl pair)"
    case .connecting(let token): "connecting to \(token)"
    case .pairing(let token): "pairing with \(token)"
    case .question(let question): question.description
    case .paired(let token): "\(token) is paired"
    case .connected(let token, let link): "connected to \(token) over \(link)"
    case .cardWaits(let wait):
      switch wait.reason {
      case .processing: "the card works (\(wait.elapsed / 1000) s)"
      case .consent: "the token waits for its button (\(wait.elapsed / 1000) s)"
      case .pinEntry: "the token waits for its PIN (\(wait.elapsed / 1000) s)"
      }
    case .card(.present): "the card is in the token"
    case .card(.removed): "the card was taken out of the token"
    case .lost(_, let reason, let pause): "\(reason); trying again in \(pause.components.seconds) s"
    case .ended(let reason): reason
    }
  }
}

extension BridgeEvent: NamedEvent {
  /// Its name, and what belongs to it.
  public var object: (event: String, members: KeyValuePairs<String, any Encodable>) {
    switch self {
    case .starting: ("starting", [:])
    case .waiting(let reason): ("waiting", ["reason": reason])
    case .searching(let adapter): ("searching", ["adapter": adapter])
    case .connecting(let token): ("connecting", ["token": token.address, "name": token.name])
    case .pairing(let token): ("pairing", ["token": token.address, "name": token.name])
    case .question(let question): question.object
    case .paired(let token): ("paired", ["token": token.address, "name": token.name])
    case .note(let text): ("note", ["reason": text])
    case .connected(let token, let link):
      ("connected", ["token": token.address, "name": token.name, "over": link])
    case .cardWaits(let wait):
      ("card-waits", ["reason": "\(wait.reason)", "milliseconds": wait.elapsed])
    case .card(let state): ("card", ["state": "\(state)"])
    case .lost(let token, let reason, let pause):
      (
        "lost",
        ["token": token.address, "reason": reason, "retryInSeconds": pause.components.seconds]
      )
    case .ended(let reason): ("ended", ["reason": reason])
    }
  }
}
