import FlashTesting
import ISO7816
import Terminal
import Testing

@testable import Firmware

@Suite("Power cuts in the token") struct TokenPowerCutTests {
  static func code(_ code: String) -> String { Hex.text(CardSession.padded(code)) }

  @Test("a try is spent before the PIN is looked at", arguments: ["10", "1A"])
  func spentFirst(reference: String) throws {
    let right = reference == "10" ? "12345678" : "11223344"
    var ofRight = try BareToken(try BareToken.issuedMemory())
    var ofWrong = try BareToken(try BareToken.issuedMemory())
    let statuses = [
      ofRight.send("002000\(reference)08" + Self.code(right)),
      ofWrong.send("002000\(reference)08" + Self.code("00000000")),
    ]
    #expect(statuses == ["9000", "63C2"])
    // A wrong PIN writes one record of three units, and waits until it is durable.
    let (wrongWrites, wrongBarriers) = (ofWrong.operations, ofWrong.barriers)
    #expect(wrongWrites.count == 3)
    #expect(wrongBarriers == [3])
    // The right PIN begins with the very same.
    let (rightWrites, rightBarriers) = (ofRight.operations, ofRight.barriers)
    #expect(rightWrites.count == 6)
    #expect(Array(rightWrites.prefix(3)) == wrongWrites)
    #expect(rightBarriers == [3, 6])
    // Power that goes right then finds one try less.
    var image = try IssuedImage.get().bytes
    for operation in wrongWrites {
      HostileFlash.interrupt(operation, .unacknowledged, in: &image, pageSize: 4096)
    }
    var again = try BareToken(HostileFlash(pageSize: 4096, bytes: image))
    let left = again.send("002000\(reference)")
    #expect(left == "63C2")
  }

  @Test("power that goes during VERIFY never gives a try", arguments: HostileFlash.Cut.allCases)
  func verifying(manner: HostileFlash.Cut) throws {
    for (code, isRight) in [("12345678", true), ("00000000", false)] {
      for operation in 0... {
        var memory = try BareToken.issuedMemory()
        memory.cutPower(during: operation, manner, seed: UInt64(operation))
        var bare = try BareToken(memory)
        let answer = bare.send("00200010 08" + Self.code(code))
        if answer != "6581" {
          #expect(answer == (isRight ? "9000" : "63C2"))
          #expect(operation == (isRight ? 6 : 3))
          break
        }
        // No authority without a durable counter.
        let status = bare.send("00200010")
        #expect(status != "9000")
        var again = try bare.rebooted()
        let tries = again.send("00200010")
        #expect(tries == "63C3" || tries == "63C2", "operation \(operation)")
        // Two units do not spend a try; from the third on it is gone until the right PIN is counted.
        if operation < 2 { #expect(tries == "63C3") }
        if operation == 3 || operation == 4 { #expect(tries == "63C2") }
      }
    }
  }

  @Test(
    "a change of PIN and an unblocking hold whole or not at all",
    arguments: HostileFlash.Cut.allCases)
  func wholeOrNot(manner: HostileFlash.Cut) throws {
    let old = "12345678"
    let new = "87651234"
    for command in [
      "0024001010" + Self.code(old) + Self.code(new),
      "002C001010" + Self.code("87654321") + Self.code(new),
    ] {
      for operation in 0... {
        var memory = try BareToken.issuedMemory()
        memory.cutPower(during: operation, manner, seed: UInt64(operation))
        var bare = try BareToken(memory)
        let answer = bare.send(command)
        guard answer == "6581" else {
          #expect(answer == "9000")
          #expect(operation > 8)
          break
        }
        let image = bare.image
        var isOld = false
        for code in [old, new] {
          var again = try BareToken(HostileFlash(pageSize: 4096, bytes: image))
          let tries = again.send("00200010")
          #expect(["63C3", "63C2"].contains(tries), "operation \(operation)")
          let status = again.send("0020001008" + Self.code(code))
          if code == old {
            isOld = status == "9000"
          } else {
            #expect((status == "9000") != isOld, "operation \(operation)")
          }
        }
      }
    }
  }

  @Test("a right PIN that cannot be counted opens nothing, and reading goes on")
  func failingMemory() throws {
    for operation in 0..<6 {
      var memory = try BareToken.issuedMemory()
      memory.cutPower(during: operation, .notStarted)
      var bare = try BareToken(memory)
      let answers = [
        bare.send("0022F1B603830101"), bare.send("0020001008" + Self.code("12345678")),
        bare.send("002A9E9A03010203 00"), bare.send("0020001008" + Self.code("12345678")),
        bare.send("00A4080C0410001003"), bare.send("00B0000004"),
      ]
      #expect(
        answers == ["9000", "6581", "6982", "6581", "9000", "363039309000"],
        "operation \(operation)")
    }
  }
}
