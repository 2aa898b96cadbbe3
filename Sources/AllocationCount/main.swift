import CMallocCount
import Firmware
import Foundation
import ISO7816
import Issuance
import Terminal
import TokenHost

// Counts the heap allocations of the commands a card answers most, after the first few of each.
// Prints one line a command: its name, how often it was sent, allocations. `softdna bench` reads it.

/// A card as it is issued, in memory.
func issuedCard() throws -> Slot {
  let key = [UInt8](repeating: 0x42, count: 16)
  let slot = Slot(
    volatile: ChipIdentity(
      persona: .current, serial: [UInt8](repeating: 1, count: 8), transportKey: key))
  _ = try slot.powerOn()
  let issuer = CardIssuer(CardSession(slot))
  try issuer.initialise(
    transportKey: key,
    ReferenceCodes(
      pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211"))
  try issuer.enter(.operational)
  _ = try slot.reset()
  try CardSession(slot).select([0x1100, 0x1101])
  return slot
}

// A counter that does not count would find nothing.
let atStart = softdna_malloc_count()
let probe = [UInt8](repeating: 1, count: CommandLine.arguments.count + 4096)
guard softdna_malloc_count() > atStart, !probe.isEmpty else { exit(2) }

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
let commands: [(name: String, apdu: String)] = [
  ("SELECT", "00A40804041100110200"), ("READ BINARY", "00B00000FF"),
  ("VERIFY", "00200010083132333435363738"), ("GET CHALLENGE", "0084000008"),
]
let slot = try issuedCard()
var response: [UInt8] = []
response.reserveCapacity(1024)
var results: [String] = []
for (name, text) in commands {
  let apdu = Hex.bytes(text) ?? []
  for _ in 0..<100 { try slot.transmit(apdu.span, into: &response) }
  let before = softdna_malloc_count()
  for _ in 0..<rounds { try slot.transmit(apdu.span, into: &response) }
  let allocations = softdna_malloc_count() - before
  guard response.suffix(2) == [0x90, 0x00] else { exit(1) }
  results.append("\(name)\t\(rounds)\t\(allocations)")
}
print(results.joined(separator: "\n"))
