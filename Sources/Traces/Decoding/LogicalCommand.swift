import ISO7816
import Terminal

/// One exchange in its place: parts of a chain put together, waiting data fetched.
struct LogicalCommand: Sendable {
  /// What was parsed; nil where the bytes are no command APDU.
  let command: CommandAPDU?
  /// The header, of the command GET RESPONSE belongs to where this is one.
  let cla: UInt8
  let ins: UInt8
  let p1: UInt8
  let p2: UInt8
  let ne: Int?
  /// The data of all parts of the chain so far.
  var data: [UInt8]
  /// Some of it was left out of the trace.
  var isRedacted: Bool
  /// The data of all parts of the answer so far.
  var answer: [UInt8]
  var status: StatusWord
  /// The exchange is GET RESPONSE.
  var fetches = false
  /// More parts of the command follow, and this one was taken.
  var continues = false
  /// What the parts of one command have in common.
  var header: [UInt8] { [cla & ~0x10, ins, p1, p2] }
  /// More of the answer waits.
  var waits: Bool { status.sw1 == 0x61 }
  /// The command asks for more than it was given, and is sent again with the right Le.
  var isWrongLe: Bool { status.sw1 == 0x6C }

  /// What was asked for was done, a warning included.
  var isDone: Bool { status.sw1 == 0x90 || status.sw1 == 0x62 || status.sw1 == 0x61 }
  /// It is the whole of what was asked and answered.
  var isComplete: Bool { !continues && !waits && !isWrongLe }
}

/// Puts exchanges together to what the application sees.
struct Assembler: Sendable {
  private var chain: LogicalCommand?
  private var waiting: LogicalCommand?

  /// No card takes or gives more in parts; a trace may tell of ever more.
  private static let longest = 65_536

  mutating func take(_ exchange: Exchange, redacted: Bool) -> LogicalCommand {
    let bytes = exchange.command
    let response = exchange.response
    let status =
      response.count >= 2
      ? StatusWord(sw1: response[response.count - 2], sw2: response[response.count - 1])
      : StatusWord(0)
    var command: CommandAPDU?
    do throws(StatusWord) { command = try CommandAPDU(parsing: bytes.span) } catch {}
    func byte(_ index: Int) -> UInt8 { bytes.indices.contains(index) ? bytes[index] : 0 }
    var logical = LogicalCommand(
      command: command, cla: byte(0), ins: byte(1), p1: byte(2), p2: byte(3), ne: command?.ne,
      data: command.map { Array(bytes[$0.data]) } ?? [], isRedacted: redacted,
      answer: Array(response.dropLast(2)), status: status)
    if logical.ins == 0xC0, var before = waiting, before.answer.count < Self.longest {
      before.answer += logical.answer
      before.status = status
      before.fetches = true
      logical = before
    } else if let open = chain, open.header == logical.header, open.data.count < Self.longest {
      logical.data = open.data + logical.data
      logical.isRedacted = logical.isRedacted || open.isRedacted
    }
    logical.continues = command?.isChained == true && status == .success && logical.ins != 0xC0
    chain = logical.continues ? logical : nil
    waiting = logical.waits ? logical : nil
    return logical
  }

  /// Reset and loss of power drop what was open.
  mutating func reset() { self = Assembler() }
}
