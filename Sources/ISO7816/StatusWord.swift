/// SW1-SW2, the two bytes that end every response APDU (ISO/IEC 7816-4, 5.6).
///
/// The firmware throws it: a card has no other kind of error.
public struct StatusWord: Error, Hashable, Sendable {
  /// SW1 in the high byte, SW2 in the low one.
  public let rawValue: UInt16

  /// A status word from its 16 bits.
  public init(_ rawValue: UInt16) { self.rawValue = rawValue }

  /// A status word from its two bytes.
  public init(sw1: UInt8, sw2: UInt8) { rawValue = UInt16(sw1) << 8 | UInt16(sw2) }

  /// The first byte, which names the class of the answer.
  public var sw1: UInt8 { UInt8(rawValue >> 8) }
  /// The second byte, which qualifies it.
  public var sw2: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

  /// `9000`: the command was carried out.
  public static let success = StatusWord(0x9000)
  /// `6282`: the file ended before Ne bytes were read; the data are valid.
  public static let endOfFileReached = StatusWord(0x6282)
  /// `6283`: the selected file is deactivated.
  public static let selectedFileDeactivated = StatusWord(0x6283)
  /// `6285`: the selected file is terminated.
  public static let selectedFileTerminated = StatusWord(0x6285)
  /// `6300`: authentication failed, without a counter.
  public static let authenticationFailed = StatusWord(0x6300)
  /// `6581`: non-volatile memory failed; nothing was changed.
  public static let memoryFailure = StatusWord(0x6581)
  /// `6700`: Lc, Le or the length of the data is wrong.
  public static let wrongLength = StatusWord(0x6700)
  /// `6881`: the logical channel is not supported.
  public static let logicalChannelNotSupported = StatusWord(0x6881)
  /// `6882`: secure messaging is not supported.
  public static let secureMessagingNotSupported = StatusWord(0x6882)
  /// `6883`: the last command of the chain was expected.
  public static let lastCommandOfChainExpected = StatusWord(0x6883)
  /// `6884`: command chaining is not supported for this command.
  public static let commandChainingNotSupported = StatusWord(0x6884)
  /// `6981`: the command does not fit the structure of the file.
  public static let commandIncompatibleWithFile = StatusWord(0x6981)
  /// `6982`: a PIN, PUK or authentication the access rule asks for is missing.
  public static let securityStatusNotSatisfied = StatusWord(0x6982)
  /// `6983`: the retry counter of the reference data is spent.
  public static let authenticationMethodBlocked = StatusWord(0x6983)
  /// `6984`: the reference data cannot be used.
  public static let referenceDataNotUsable = StatusWord(0x6984)
  /// `6985`: the command is not possible in the present state.
  public static let conditionsOfUseNotSatisfied = StatusWord(0x6985)
  /// `6986`: no elementary file is selected.
  public static let noCurrentFile = StatusWord(0x6986)
  /// `6A80`: the data field is wrong.
  public static let incorrectData = StatusWord(0x6A80)
  /// `6A81`: the function is not supported.
  public static let functionNotSupported = StatusWord(0x6A81)
  /// `6A82`: no such file or application.
  public static let fileNotFound = StatusWord(0x6A82)
  /// `6A83`: no such record.
  public static let recordNotFound = StatusWord(0x6A83)
  /// `6A84`: the file or the memory is full; nothing was changed.
  public static let notEnoughMemory = StatusWord(0x6A84)
  /// `6A85`: Lc does not agree with the TLV structure.
  public static let lengthInconsistentWithTLV = StatusWord(0x6A85)
  /// `6A86`: P1 or P2 is wrong.
  public static let incorrectP1P2 = StatusWord(0x6A86)
  /// `6A87`: Lc does not agree with P1-P2.
  public static let lengthInconsistentWithP1P2 = StatusWord(0x6A87)
  /// `6A88`: no such reference data, key or data object.
  public static let referencedDataNotFound = StatusWord(0x6A88)
  /// `6A89`: the file or object exists already.
  public static let fileAlreadyExists = StatusWord(0x6A89)
  /// `6B00`: the offset is outside the file.
  public static let offsetOutsideFile = StatusWord(0x6B00)
  /// `6D00`: the instruction is not known.
  public static let instructionNotSupported = StatusWord(0x6D00)
  /// `6E00`: the class is not known.
  public static let classNotSupported = StatusWord(0x6E00)
  /// `6F00`: no precise diagnosis.
  public static let noPreciseDiagnosis = StatusWord(0x6F00)

  /// `63Cx`: verification failed; `triesLeft` more are allowed (at most 15 can be told).
  public static func verificationFailed(triesLeft: UInt8) -> StatusWord {
    StatusWord(0x63C0 | UInt16(min(triesLeft, 15)))
  }

  /// `61xx`: `count` more bytes wait for GET RESPONSE; 256 or more is told as `6100`.
  public static func bytesRemaining(_ count: Int) -> StatusWord {
    StatusWord(0x6100 | UInt16(count > 255 ? 0 : count))
  }

  /// x of `63Cx`, or nil for any other status word.
  public var triesLeft: UInt8? { rawValue & 0xFFF0 == 0x63C0 ? UInt8(rawValue & 0xF) : nil }
}
