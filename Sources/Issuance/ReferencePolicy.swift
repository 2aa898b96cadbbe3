/// What an issuer chooses about the PINs, the PUKs and the signature key of a token.
public struct ReferencePolicy: Sendable {
  /// Most consecutive wrong PINs, 1...15.
  public var pinTries: UInt8 = 3
  /// Most consecutive wrong PUKs, 1...15; the last one is final.
  public var pukTries: UInt8 = 10
  /// Fewest digits of a PIN, 1...8; the most are eight.
  public var shortestPIN: UInt8 = 5
  /// The signature PIN is good for one signature and must be verified anew for the next.
  public var isSignaturePINPerUse = false
  /// The PINs must be changed by the holder before they open anything.
  public var hasTransportPINs = false
  /// The signature key works only after somebody pressed the token's button.
  public var asksForButton = false

  /// What chambers of commerce hand out.
  public static let standard = ReferencePolicy()

  /// A policy to change from the standard.
  public init() {}

  /// What is wrong with it, or nil.
  public var defect: String? {
    if !(1...15).contains(pinTries) { return "a PIN has 1 to 15 tries, not \(pinTries)" }
    if !(1...15).contains(pukTries) { return "a PUK has 1 to 15 tries, not \(pukTries)" }
    if !(1...8).contains(shortestPIN) {
      return "the shortest PIN has 1 to 8 digits, not \(shortestPIN)"
    }
    return nil
  }
}
