import Firmware
import ISO7816
import Machine

/// The token on a chip: takes the contents of its flash from the host's file `token.nv`, answers the
/// commands of `commands.txt` in `replies.txt`, and leaves the flash in `token.after.nv`.
///
/// The first reply is the ATR of the first power-on. Behind each reply stands what the card took of
/// the heap for it, see `HeapUse`.
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
    guard try answer(CommandReader(commands), ReplyLog(replies), &token),
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

/// Powers the token on and answers every command; false where an answer cannot be written.
private func answer(
  _ commands: consuming CommandReader, _ log: consuming ReplyLog,
  _ token: inout Token<SoftwareCoprocessor, RAMFlash>
) throws(MountFailure) -> Bool {
  var command: [UInt8] = []
  var reply: [UInt8] = []
  var line = CommandReader.Line.reset
  while true {
    var use = HeapUse()
    switch line {
    case .reset: reply = try token.powerOn().bytes
    case .command: token.process(command.span, into: &reply)
    }
    use.end()
    guard log.add(reply, use) else { return false }
    guard let next = commands.next(into: &command) else { return true }
    line = next
  }
}
