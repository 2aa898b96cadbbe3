import Firmware
import ISO7816
import Machine

/// The token on a chip: takes the contents of its flash from the host's file `token.nv`, answers the
/// lines of `commands.txt` in `replies.txt`, and leaves the flash in `token.after.nv`.
///
/// A command is a line of hexadecimal digits; `reset` is a reset, answered by the ATR; lines that
/// begin with `#` are remarks. The first reply is the ATR of the first power-on. Behind each reply
/// stands what the card took of the heap for it, see `HeapUse`.
///
/// - Returns: the exit status: 0, 1 where a file is missing, 2 where the flash holds no token.
@c(card_main) public func cardMain() -> Int32 {
  let flash = RAMFlash()
  guard let image = HostFile(reading: "token.nv"), flash.load(image),
    let commands = HostFile(reading: "commands.txt"),
    let replies = HostFile(writing: "replies.txt")
  else {
    unsafe machine_say("a file is missing, or token.nv is too short\n")
    return 1
  }
  do throws(MountFailure) {
    var token = try Token(SoftwareCoprocessor(), memory: flash)
    guard try answer(LineReader(commands), ReplyLog(replies), &token),
      let after = HostFile(writing: "token.after.nv"), token.removeMemory().save(after)
    else {
      unsafe machine_say("the host does not take what is written\n")
      return 1
    }
  } catch {
    unsafe machine_say("the flash holds no token, or a damaged one\n")
    return 2
  }
  machine_report()
  return 0
}

/// Powers the token on and answers every line; false where an answer cannot be written.
private func answer(
  _ lines: consuming LineReader, _ log: consuming ReplyLog,
  _ token: inout Token<SoftwareCoprocessor, RAMFlash>
) throws(MountFailure) -> Bool {
  // Power comes first.
  var line = [UInt8(ascii: "r")]
  var command: [UInt8] = []
  var reply: [UInt8] = []
  repeat {
    guard let first = line.first, first != UInt8(ascii: "#") else { continue }
    let isReset = first == UInt8(ascii: "r")
    if !isReset { decodeHex(line, into: &command) }
    var use = HeapUse()
    if isReset {
      reply = try token.powerOn().bytes
    } else {
      token.process(command.span, into: &reply)
    }
    use.end()
    guard log.add(reply, use) else { return false }
  } while lines.next(into: &line)
  return true
}

private func decodeHex(_ digits: [UInt8], into bytes: inout [UInt8]) {
  bytes.removeAll(keepingCapacity: true)
  for index in stride(from: 0, to: digits.count - 1, by: 2) {
    bytes.append(value(ofDigit: digits[index]) << 4 | value(ofDigit: digits[index + 1]))
  }
}

private func value(ofDigit digit: UInt8) -> UInt8 {
  digit <= UInt8(ascii: "9") ? digit & 0x0F : (digit & 0x0F) + 9
}
