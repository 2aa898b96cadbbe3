import Testing

@testable import BLETransport

@Suite struct BusSignatureTests {
  @Test(arguments: [
    "": [], "oa{sv}": ["o", "a{sv}"], "a{oa{sa{sv}}}": ["a{oa{sa{sv}}}"],
    "(is)ayv": ["(is)", "ay", "v"],
  ])
  func `A signature comes apart into its complete types`(signature: String, types: [Substring]) {
    #expect(BusSignature.types(of: signature[...]) == types)
  }

  @Test(arguments: ["a", "(", "(i", "{sv", "z", "ia"])
  func `What is no signature has no types`(signature: String) {
    #expect(BusSignature.types(of: signature[...]) == nil)
  }
}
