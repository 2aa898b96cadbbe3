import ISO7816
import Terminal

/// Puts a trace together from what a log tells: each answer goes to the command of its own program
/// and thread, and entries come in the order in which commands were sent.
struct ImportCollector {
  /// Only the card in the reader of this name, or part of a name, is of interest.
  let reader: String?
  private(set) var incomplete = 0
  private(set) var hasExchanges = false
  private(set) var clientCount = 0
  /// Two readers whose cards were sent commands, where one must be chosen.
  private(set) var severalReaders: (String, String)?

  private let withSecrets: Bool
  private var clients: [UInt64: Client] = [:]
  private var power = PowerEvents()
  private var firstReader: String?
  /// Entries in their order; nil where an answer is still to come.
  private var slots: [TraceEntry?] = []
  private var head = 0
  /// The number of the first slot.
  private var base = 0
  private var lastTime = 0

  /// Most clients, and most entries that wait for the answer to one before them.
  private static let limit = 4096

  private struct Client {
    var open: (command: LoggedBytes, time: Int, slot: Int)?
    var redactor = Redactor()
  }

  /// What a command went over: which client sent it, and which card it went to.
  struct Wire {
    var client: UInt64
    var card: UInt64
    /// The name of the card's reader, where the log tells it.
    var reader: String?
  }

  init(withSecrets: Bool, reader: String?) {
    self.withSecrets = withSecrets
    self.reader = reader
  }

  // MARK: What the log tells

  /// A command was sent.
  mutating func send(_ command: LoggedBytes, on wire: Wire, at time: Int) {
    lose(client: wire.client, "the log has no answer to it")
    guard !command.isEmpty, isWanted(wire) else { return }
    hasExchanges = true
    makeRoom()
    if clients[wire.client] == nil { clientCount += 1 }
    for entry in power.take(of: wire.card) { slots.append(entry) }
    clients[wire.client, default: Client()].open = (command, time, base + slots.count)
    slots.append(nil)
  }

  /// The answer to the client's last command; without one, nothing.
  mutating func receive(_ answer: LoggedBytes, client: UInt64, at time: Int) {
    guard let (command, sent) = close(client) else { return }
    let reason: String
    if command.isCut {
      reason = "the log does not have the whole command"
    } else if answer.isCut || answer.count < 2 {
      reason = "the log does not have the whole answer"
    } else if answer.hidden != nil {
      reason = "the answer was left out of the log"
    } else {
      let exchange = Exchange(command: command.bytes, response: answer.bytes)
      return fill(
        client, sent, time, .exchange(exchange, redacted: command.hidden))
    }
    incomplete += 1
    fill(
      client, sent, time,
      .failure(command: command.bytes, redacted: command.hidden, reason: reason))
  }

  /// The client's last command has no answer.
  mutating func lose(client: UInt64, _ reason: String) {
    guard let (command, sent) = close(client) else { return }
    if command.isCut { incomplete += 1 }
    fill(
      client, sent, nil,
      .failure(
        command: command.bytes, redacted: command.hidden,
        reason: command.isCut ? "the log does not have the whole command" : reason))
  }

  /// Power was applied to a card or taken away; told in the trace before the next command to it.
  mutating func powerChanged(_ event: TraceEvent, of card: UInt64, at time: Int, _ duration: Int?) {
    power.append(TraceEntry(time: time, duration: duration, event: event), of: card)
  }

  /// The log tells a card's ATR.
  mutating func learn(_ atr: LoggedBytes, of card: UInt64) {
    guard !atr.isEmpty, !atr.isCut, atr.hidden == nil, atr.count <= 33 else { return }
    power.learn(ATR(atr.bytes), of: card)
  }

  /// The log has ended.
  mutating func end() {
    for client in clients.keys.sorted() { lose(client: client, "the log ends here") }
    slots += power.takeRest().map { $0 }
  }

  /// The next entry, as soon as all before it are known.
  mutating func next() -> TraceEntry? {
    guard head < slots.count, var entry = slots[head] else { return nil }
    head += 1
    if head == slots.count || head == Self.limit {
      slots.removeFirst(head)
      base += head
      head = 0
    }
    lastTime = max(lastTime, entry.time)
    entry.time = lastTime
    return entry
  }

  // MARK: Commands and answers

  private mutating func isWanted(_ wire: Wire) -> Bool {
    if let reader {
      guard let name = wire.reader, name.contains(reader) else { return false }
    }
    guard let name = wire.reader else { return true }
    guard let first = firstReader else {
      firstReader = name
      return true
    }
    if first != name { severalReaders = (first, name) }
    return first == name
  }

  private mutating func close(_ client: UInt64) -> (LoggedBytes, (time: Int, slot: Int))? {
    guard let open = clients[client]?.open else { return nil }
    clients[client]?.open = nil
    return (open.command, (open.time, open.slot))
  }

  private mutating func fill(
    _ client: UInt64, _ sent: (time: Int, slot: Int), _ end: Int?, _ event: TraceEvent
  ) {
    var entry = TraceEntry(
      time: sent.time, duration: end.map { max(0, $0 - sent.time) }, event: event)
    if !withSecrets { entry = entry.redacted(by: &clients[client, default: Client()].redactor) }
    slots[sent.slot - base] = entry
  }

  /// A log may name ever more threads, or never answer a command: neither is waited for without end.
  private mutating func makeRoom() {
    guard clients.count >= Self.limit || slots.count - head >= Self.limit else { return }
    for client in clients.keys.sorted() { lose(client: client, "the log has no answer to it") }
    clients = [:]
  }
}
