public import ISO7816

/// The chips a token can pass for. They differ in what the ATR says; each says CNS version 1.1, so
/// that every release of OpenSC uses its RSA-2048 keys.
public enum Persona: UInt8, CaseIterable, Sendable {
  /// The chip handed out now: historical bytes like an NXP ChipDoc's (IC 15, mask 0C).
  case current = 0
  /// ID-One CNS on Cosmo V9 (IC 05, mask 05): not renewable any more.
  case cosmoV9 = 1
  /// JSign3 (IC 02, mask 09): not renewable any more; hosts add `80` to its PIN references.
  case jsign3 = 2

  /// The Answer to Reset, with a correct TCK.
  public var atr: ATR {
    let chip: [UInt8]
    let waitingTimes: UInt8
    switch self {
    case .current: (chip, waitingTimes) = ([0x15, 0x0C, 0x03, 0x02, 0x01, 0x01], 0x45)
    case .cosmoV9: (chip, waitingTimes) = ([0x05, 0x05, 0x20, 0x00, 0x01, 0x21], 0x45)
    case .jsign3: (chip, waitingTimes) = ([0x02, 0x09, 0x06, 0x03, 0x01, 0x01], 0x55)
    }
    let interface: [UInt8] = [0x3B, 0xFF, 0x18, 0x00, 0x00, 0x81, 0x31, 0xFE, waitingTimes]
    let application: [UInt8] = [0x01, 0x43, 0x4E, 0x53, 0x11, 0x31, 0x80]
    return ATR(withoutTCK: interface + [0x00, 0x6B] + chip + application)
  }
}
