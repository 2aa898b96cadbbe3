import ISO7816

/// Power on, reset and power off of each card since its last command. Programs look for a card by
/// powering it again and again: what makes no difference is left out.
struct PowerEvents {
  private var waiting: [UInt64: [TraceEntry]] = [:]
  private var atrs: [UInt64: ATR] = [:]
  private var used: Set<UInt64> = []

  /// No log tells of so many cards.
  private static let limit = 1024

  mutating func append(_ entry: TraceEntry, of card: UInt64) {
    if waiting.count >= Self.limit { waiting = [:] }
    var entries = waiting[card] ?? []
    switch (entry.event, entries.last?.event) {
    case (.powerOn, .powerOn), (.reset, .reset): entries.removeLast()
    case (.powerOff, .powerOn):
      waiting[card] = entries.dropLast()
      return
    case (.powerOff, .powerOff): return
    default: break
    }
    // A card that is reset in turns with power has had both.
    if entries.count >= 4 { entries.removeFirst() }
    waiting[card] = entries + [entry]
    switch entry.event {
    case .powerOn(let atr?), .reset(let atr?): learn(atr, of: card)
    default: break
    }
  }

  mutating func learn(_ atr: ATR, of card: UInt64) {
    if atrs.count >= Self.limit { atrs = [:] }
    atrs[card] = atr
  }

  /// What happened before the command that is sent now.
  mutating func take(of card: UInt64) -> [TraceEntry] {
    if used.count >= Self.limit { used = [] }
    used.insert(card)
    guard let entries = waiting.removeValue(forKey: card) else { return [] }
    return entries.map { told($0, atrs[card]) }
  }

  /// What happened after the last command to each card that was sent any.
  mutating func takeRest() -> [TraceEntry] {
    let rest = used.flatMap { card in (waiting[card] ?? []).map { told($0, atrs[card]) } }
    waiting = [:]
    return rest.sorted { $0.time < $1.time }
  }

  private func told(_ entry: TraceEntry, _ atr: ATR?) -> TraceEntry {
    var entry = entry
    switch entry.event {
    case .powerOn(nil): entry.event = .powerOn(atr)
    case .reset(nil): entry.event = .reset(atr)
    default: break
    }
    return entry
  }
}
