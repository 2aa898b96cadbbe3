import ISO7816

/// Everything that reset and loss of power clear: what is selected, who is known, which keys are
/// current.
struct Session {
  /// Position of the current directory in `Directory.files`.
  var directory = 0
  /// Position of the current elementary file, or nil.
  var elementaryFile: Int?
  /// What was verified.
  var status = SecurityStatus()
  /// Key identifiers that MANAGE SECURITY ENVIRONMENT made current; 0 for none.
  var signatureKey: UInt8 = 0
  var confidentialityKey: UInt8 = 0
  var authenticationKey: UInt8 = 0
  /// The last challenge, for EXTERNAL AUTHENTICATE; good for one attempt.
  var challenge: [UInt8] = []

  /// The challenge is as long as that of other CNS cards.
  static let challengeLength = 8
}

/// Which base security objects are verified, and for how many uses yet.
struct SecurityStatus {
  private var uses: [256 of UInt8] = .init(repeating: 0)

  /// The object is verified.
  func holds(_ object: SecurityObject) -> Bool { uses[Int(object.number & 0xFF)] > 0 }

  /// How many operations it is still good for; `FF` for any number, 0 where it is not verified.
  func usesLeft(of object: SecurityObject) -> UInt8 { uses[Int(object.number & 0xFF)] }

  /// The object was verified just now.
  mutating func grant(_ object: SecurityObject) {
    uses[Int(object.number & 0xFF)] = object.useCount
  }

  /// The object is not verified any more.
  mutating func revoke(_ object: SecurityObject) { uses[Int(object.number & 0xFF)] = 0 }

  /// One use less, where uses are counted at all.
  mutating func spendUse(of object: SecurityObject) {
    let index = Int(object.number & 0xFF)
    if uses[index] > 0, uses[index] < 0xFF { uses[index] -= 1 }
  }
}
