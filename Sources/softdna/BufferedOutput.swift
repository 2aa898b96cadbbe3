/// Standard output in large pieces, for commands that print a million lines.
struct BufferedOutput {
  private let waits: Bool
  private var text = ""

  /// - Parameter waits: Output is kept until there is much of it; otherwise it is written at once.
  init(waits: Bool) { self.waits = waits }

  mutating func write(_ more: String) {
    text += more
    if !waits || text.utf8.count >= 65_536 { flush() }
  }

  mutating func flush() {
    if !text.isEmpty { Console.write(text) }
    text = ""
  }

  /// What a body gives; where it fails, what came before is written first.
  mutating func flushing<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch {
      flush()
      throw error
    }
  }
}
