import BLETransport
import ISO7816
import Testing

@Suite("What frames carry") struct PayloadTests {
  @Test("Info says what a token takes and can do, byte by byte")
  func info() {
    let info = Info(
      maximumMessage: 4096, maximumFragment: 504, features: [.channel, .cancel],
      atr: ATR([0x3B, 0x00]), state: .present, session: [1, 2, 3, 4, 5, 6, 7, 8])
    let value: [UInt8] = [
      1, 1, 0x10, 0x00, 0x01, 0xF8, 0x00, 0x05, 2, 0x3B, 0x00, 1, 1, 2, 3, 4, 5, 6, 7, 8,
    ]
    #expect(info.value == value)
    #expect(Info(value) == info)
    #expect(Info(value + [0xAA]) == info, "a later version may add something")
    for count in 0..<value.count { #expect(Info(Array(value.prefix(count))) == nil) }
  }

  @Test("WAIT says why and how long")
  func wait() {
    let payload: [UInt8] = [2, 0x00, 0x01, 0x02, 0x03]
    #expect(Wait(.consent, elapsed: 0x0001_0203).payload == payload)
    #expect(Wait(payload) == Wait(.consent, elapsed: 0x0001_0203))
    #expect(Wait([0x77, 0, 0, 0, 1]) == Wait(.processing, elapsed: 1))
    #expect(Wait(Array(payload.dropLast())) == nil)
  }

  @Test("an L2CAP unit is opcode, id and payload")
  func unit() throws {
    let bytes: [UInt8] = [0x81, 3, 0x90, 0x00]
    let message = Message(.response, id: 3, payload: [0x90, 0x00])
    #expect(message.serviceDataUnit == bytes)
    #expect(
      try Message(serviceDataUnit: bytes, from: .token, maximumPayload: 2) == message)
    #expect(throws: FrameRefusal(.tooLong, id: 3)) {
      try Message(serviceDataUnit: bytes, from: .token, maximumPayload: 1)
    }
    #expect(throws: FrameRefusal(.unknownOpcode, id: 3)) {
      try Message(serviceDataUnit: bytes, from: .host, maximumPayload: 2)
    }
  }
}
