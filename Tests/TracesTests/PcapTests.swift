import Foundation
import ISO7816
import Terminal
import Testing

@testable import Traces

@Suite("Captures") struct PcapTests {
  @Test(
    "are decoded by stock tshark, every field of a command and its answer",
    .enabled(
      if: isCI || program("tshark") != nil, "tshark is not installed: apt-get install tshark"))
  func tshark() throws {
    let tshark = try #require(program("tshark"), "apt-get install tshark")
    let card = try RecordedCard().issued()
    for command in ["00A40800041000100300", "00B0000010", "00D600000430303030", "0084000008"] {
      _ = try card.explained(command)
    }
    let folder = try Folder()
    let file = folder.file("trace.pcap")
    try TraceWriter.write(card.memory.trace, to: file, .capture)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: file))
        == Data(PcapFormat.bytes(of: card.memory.trace)))

    let (text, status) = try output(of: tshark, ["-r", file, "-V"])
    #expect(status == 0)
    for words in [
      "ISO 7816 ATR", "Historical bytes: 006b150c0302010101434e53113180",
      "ISO 7816 Command APDU", "Instruction: Select file (0xa4)",
      "Selection control: Selection by path from MF (0x08)", "Instruction: Read binary (0xb0)",
      "ISO 7816 Response APDU", "Status Word SW1: Normal processing (0x90)",
    ] {
      #expect(text.contains(words), "\(words)")
    }
    #expect(!text.contains("Malformed"))

    // One packet a command, one an answer, one an ATR.
    let packets = card.memory.trace.entries.reduce(0) { count, entry in
      if case .exchange = entry.event { count + 2 } else { count + 1 }
    }
    let fields = try output(
      of: tshark, ["-r", file, "-T", "fields", "-e", "iso7816.apdu.ins", "-e", "iso7816.apdu.sw1"])
    let lines = fields.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(lines.count == packets)
    #expect(
      lines.suffix(8) == [
        "0xa4\t", "\t0x90", "0xb0\t", "\t0x90", "0xd6\t", "\t0x69", "0x84\t", "\t0x90",
      ])
  }
}
