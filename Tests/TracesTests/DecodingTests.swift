import Cryptography
import Foundation
import ISO7816
import Terminal
import Testing

@testable import Issuance
@testable import Traces

@Suite("Decoding a trace") struct DecodingTests {
  @Test("knows the files, sizes and rules that tokens are issued with, and no others")
  func layout() throws {
    var issued: [[UInt16]: (name: String, size: Int?, update: UInt8)] = [:]
    func collect(_ node: CardLayout.Node, _ path: [UInt16]) {
      switch node {
      case .directory(let identifier, let name, let children):
        issued[path + [identifier]] = (name, nil, 0xFF)
        for child in children { collect(child, path + [identifier]) }
      case .file(let identifier, let name, let size, let update):
        issued[path + [identifier]] = (name, size, update)
      }
    }
    for node in CardLayout.tree { collect(node, []) }
    for (path, file) in issued {
      let known = try #require(CardFile.at(path))
      #expect(known.name == file.name)
      #expect(known.size == file.size)
      #expect(known.update == file.update)
    }
    // The master file and EF.GDO are the chip's own; EF.DIR is of other cards.
    #expect(Set(CardFile.known.keys).subtracting(issued.keys) == [[], [0x2F00], [0x2F02]])
  }

  @Test("knows the rules an issued token tells, before it tells them")
  func rules() throws {
    let card = try RecordedCard().issued()
    for path in CardFile.known.keys where path != [0x2F00] {
      let bytes = path.isEmpty ? [0x3F, 0x00] : CardPath(path).bytes
      let answer = try card.channel.transmit(
        CommandAPDU.bytes(ins: 0xA4, p1: path.isEmpty ? 0x00 : 0x08, data: bytes, ne: 256))
      let control = try #require(FileControl(Array(answer.dropLast(2))))
      for (position, rule) in control.access.enumerated() {
        #expect(CardView().rule(position, of: path) == rule, "\(CardNames.file(path)) \(position)")
      }
    }
  }

  @Test("says what every answer of a whole issue is about")
  func issue() throws {
    let card = try RecordedCard().issued()
    let explanations = Explainer.explain(card.memory.trace)
    let files = Set(explanations.compactMap(\.file))
    for path in CardFile.known.keys where path != [0x2F00] && path != [0x2F02] {
      #expect(files.contains(CardNames.file(path)))
    }
    #expect(explanations.allSatisfy { $0.refusal == nil })
    #expect(explanations.contains { $0.details.contains("card operational") })
    #expect(
      explanations.contains {
        $0.title.hasPrefix("CREATE FILE") && $0.details.contains("80 2048 bytes")
          && $0.details.contains(
            "86 read always; update after the issuer's transport key;"
              + " append, deactivate, activate, delete, administer never")
      })
    #expect(explanations.contains { $0.details.contains("text: 6090010000000001") })
    for explanation in explanations {
      #expect(
        throws: Never.self,
        performing: { try JSONSerialization.jsonObject(with: Data(explanation.json.utf8)) })
    }
  }

  /// Commands an operational token refuses, and a part of the reason; run one after another.
  static let refusals: [(String, String)] = [
    ("00B0000010", "no elementary file is selected; the current directory is MF (3F00)"),
    ("00A408000410001004", "no file 3F00/1000/1004 is on the card"),
    ("00A4040007A0000001160000", "no application A0000001160000 is on the card"),
    ("00A40800031100AA", "not by 3 bytes"), ("00A4010002100A", "no directory 100A in MF"),
    ("00A40800041000100300", ""),
    ("00D600000430303030", "EF_IDCarta: UPDATE is never allowed"),
    ("00B0010010", "EF_IDCarta ends after 16 bytes: nothing is at offset 256"),
    ("00B0000040", "EF_IDCarta ended after 16"), ("00B00000", "needs Le"),
    ("00B0810010", "short file identifier"),
    ("00B2010400", "EF_IDCarta is transparent"),
    ("00A4080C0411001101", ""),
    ("00D600000130", "EF_C_Carta: UPDATE is allowed after the issuer's transport key"),
    ("00440000", "EF_C_Carta: ACTIVATE is never allowed"),
    ("00040000", "EF_C_Carta: DEACTIVATE is never allowed"),
    ("00E80000", "EF_C_Carta: TERMINATE is never allowed"),
    ("00E40000", "EF_C_Carta: DELETE is never allowed"),
    ("00200010", "PIN (CNS) is not verified; 3 tries are left, none was spent"),
    ("002000100830303030FFFFFFFF", "the code is not that of PIN (CNS): 2 tries are left"),
    ("00200010023030", "no PIN has 2 bytes"),
    ("0020000508" + "3030303030303030", "no PIN or PUK 05"),
    ("0024001110" + String(repeating: "30", count: 16), "PUK (CNS) is never changed"),
    ("0024001010" + String(repeating: "41", count: 16), "a new value is digits"),
    ("00240010083131313131313131", "16 bytes, not 8"),
    ("00240110083131313131313131", "taken after the old one was verified"),
    (
      "002C001010" + String(repeating: "31", count: 16), "its PUK has spent a try, 9 tries are left"
    ),
    ("002C0010083131313131313131", "P1 00 asks for PUK and new PIN, 16 bytes, not 8"),
    ("002C021008" + "3131313131313131", "is not unblocked like this"),
    ("002A9E9A0401020304", "no key was chosen"),
    ("0022F199", "no parameters P1-P2 F199"), ("0022F1B603830105", "no private key 05"),
    ("0022F1B6028100", "the data name no key"), ("0022F399", "no security environment 99"),
    ("0022F1B603830101", ""),
    ("002A9E9A0401020304", "the CNS key (01) is used after PIN (CNS), and it was not verified"),
    ("0082001F10" + String(repeating: "00", count: 16), "no challenge"),
    ("0084000008", ""),
    (
      "0082001F10" + String(repeating: "00", count: 16),
      "the cryptogram is not that of the issuer's"
    ),
    ("0082001F0100", "a cryptogram has 16 bytes, not 1"), ("00820005020000", "no key 05 is in"),
    ("00840000", "GET CHALLENGE needs Le"), ("00C0000010", "nothing waits"),
    ("00C00000", "GET RESPONSE needs Le"), ("00CA010200", "no data object 0102"),
    ("00DA01830110", "the card's life is led by the issuer"),
    ("00A4000C023F00", ""),
    ("00E00000026200", "MF: CREATE is allowed after the issuer's transport key"),
    ("00DA016E0483020010", "MF: ADMINISTER is allowed after the issuer's transport key"),
    ("0046000108" + "2001803F01001000", "GENERATE is for the issuer"),
    ("0046810500", "there is no key 05 here"),
    ("80A40000", "class 80"), ("01A40000", "logical channel"), ("0CA40000", "secure messaging"),
    ("1020001002", "more parts follow"), ("00FF0000", "no instruction FF"),
    ("00A40800050000", "Lc and Le contradict"),
    ("9024001F10" + String(repeating: "42", count: 16), "transport key is for the issuer"),
    ("002000100831323334353637 38", ""),
    ("002A9E9A00", "neither"),
    ("0022F1B803830101", ""), ("002A80860400010203", "DECIPHER takes 00 and a block"),
    ("0022F1A403830110", ""), ("0088000004" + "01020304", "the signature key (10) is used after"),
  ]

  @Test("names the rule behind every refusal of our own token")
  func refused() throws {
    let card = try RecordedCard().issued()
    for (command, words) in Self.refusals {
      let explanation = try #require(try card.explained(command))
      let status = try #require(explanation.status)
      if words.isEmpty {
        #expect(status == .success, "\(command): \(status.text)")
      } else {
        #expect(status != .success, "\(command)")
        #expect(
          explanation.refusal?.contains(words) == true,
          "\(command) \(status.text): \(explanation.refusal ?? "not explained")")
      }
    }
  }

  @Test("says what blocks a PIN, and that only its PUK helps")
  func blocked() throws {
    let card = try RecordedCard().issued()
    for left in [2, 1, 0] {
      let refusal = try card.explained("002000100830303030FFFFFFFF")?.refusal
      #expect(refusal?.contains("\(left) ") == true)
    }
    let refusal = try card.explained("00200010083132333435363738")?.refusal
    #expect(refusal == "PIN (CNS) has no tries left: its PUK unblocks it (RESET RETRY COUNTER)")
  }

  @Test("leaves nothing unexplained where commands are random")
  func anything() throws {
    let card = try RecordedCard().issued()
    var generator = Randomness.seeded(5, label: "commands")
    let instructions: [UInt8] = [
      0xA4, 0xB0, 0xD6, 0x20, 0x24, 0x2C, 0x84, 0x82, 0x22, 0x2A, 0x46, 0x88, 0xCA, 0xDA, 0xE0,
      0xE4, 0x04, 0x44, 0xE6, 0xE8, 0xB2, 0xDC, 0xE2, 0xC0, 0x11,
    ]
    var explainer = Explainer()
    for entry in card.memory.trace.entries { _ = explainer.explain(entry) }
    var seen = card.memory.trace.entries.count
    var refused = 0
    for round in 0..<3000 {
      var noise: [UInt8] = []
      generator.append(12, to: &noise)
      let ins = instructions[Int(noise[0]) % instructions.count]
      let p1: [UInt8] = [0x00, 0x01, 0x08, 0x9E, 0x80, 0xF1, 0xF3, noise[1]]
      let p2: [UInt8] = [0x00, 0x10, 0x1A, 0x9A, 0x86, 0xB6, 0x6E, noise[2]]
      let command = CommandAPDU.bytes(
        ins: ins, p1: p1[Int(noise[3]) % 8], p2: p2[Int(noise[4]) % 8],
        data: Array(noise[5..<5 + Int(noise[5]) % 7]), ne: round % 3 == 0 ? 256 : nil)
      _ = try card.channel.transmit(command)
      for entry in card.memory.trace.entries[seen...] {
        let explanation = explainer.explain(entry)
        guard let status = explanation.status, status != .success, status.sw1 != 0x61 else {
          continue
        }
        refused += 1
        #expect(
          explanation.refusal != nil, "\(Hex.text(command)) \(status.text) is not explained")
      }
      seen = card.memory.trace.entries.count
    }
    #expect(refused > 2000)
  }

  @Test("puts chains, waiting answers and relative selections together")
  func logical() throws {
    let card = try RecordedCard().issued()
    #expect(try card.explained("00A4010C021100")?.file == "DF1 (3F00/1100)")
    #expect(try card.explained("00A40204021102")?.file == "EF_DatiPersonali (3F00/1100/1102)")
    let rest = try #require(try card.explained("00C0000000"))
    #expect(rest.title.contains("of the answer to SELECT"))
    #expect(rest.details.contains("80 400 bytes"))
    #expect(try card.explained("00B0000004")?.file == "EF_DatiPersonali (3F00/1100/1102)")
    #expect(try card.explained("00A40904021101")?.file == "EF_C_Carta (3F00/1100/1101)")
    #expect(try card.explained("00A4030C")?.file == "MF (3F00)")
  }
}
