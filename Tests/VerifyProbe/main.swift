import Foundation
import ISO7816
import TokenHost

// Sends one command to the token in an image, on a copy in memory, inside a function that valgrind
// can be told to count: `VerifyProbe IMAGE APDU`.

/// Everything the token does for the command, and nothing else.
@c(softdna_measured_command)
public func measured(_ slot: UnsafeRawPointer, _ command: UnsafePointer<UInt8>, _ count: CInt)
  -> CInt
{
  let slot = Unmanaged<Slot>.fromOpaque(slot).takeUnretainedValue()
  var response: [UInt8] = []
  try? slot.transmit(
    UnsafeBufferPointer(start: command, count: Int(count)).span, into: &response)
  return response.count == 2 ? CInt(response[0]) << 8 | CInt(response[1]) : 0
}

guard CommandLine.arguments.count == 3, let command = Hex.bytes(CommandLine.arguments[2]) else {
  exit(2)
}
let slot = try Slot(copying: CommandLine.arguments[1])
_ = try slot.powerOn()
let status = measured(
  UnsafeRawPointer(Unmanaged.passUnretained(slot).toOpaque()), command, CInt(command.count))
print(Hex.text([UInt8(status >> 8 & 0xFF), UInt8(status & 0xFF)]))
