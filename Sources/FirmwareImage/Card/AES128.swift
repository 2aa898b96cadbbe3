/// AES with a key of 16 bytes (FIPS 197), for authentication codes only: it does not decrypt.
///
/// The S-box is computed, not looked up: 256 bytes less, and the time tells nothing about the data.
struct AES128 {
  private var roundKeys: [176 of UInt8] = .init(repeating: 0)

  /// Expands a key of 16 bytes (FIPS 197, 5.2).
  init(key: Span<UInt8>) {
    for index in 0..<16 { roundKeys[index] = key[index] }
    var roundConstant: UInt8 = 1
    for index in stride(from: 16, to: 176, by: 4) {
      var word: [4 of UInt8] = [0, 0, 0, 0]
      for offset in 0..<4 { word[offset] = roundKeys[index - 4 + offset] }
      if index % 16 == 0 {
        word = [
          Self.substitute(word[1]) ^ roundConstant, Self.substitute(word[2]),
          Self.substitute(word[3]), Self.substitute(word[0]),
        ]
        roundConstant = Self.double(roundConstant)
      }
      for offset in 0..<4 {
        roundKeys[index + offset] = roundKeys[index - 16 + offset] ^ word[offset]
      }
    }
  }

  /// Encrypts one block in place (FIPS 197, 5.1).
  func encrypt(_ block: inout [16 of UInt8]) {
    addRoundKey(0, to: &block)
    for round in 1...10 {
      // SubBytes and ShiftRows: row r of column c comes from column c + r.
      var shifted = block
      for index in 0..<16 {
        shifted[index] = Self.substitute(block[(index + 4 * (index % 4)) % 16])
      }
      block = shifted
      if round < 10 { mixColumns(&block) }
      addRoundKey(round, to: &block)
    }
  }

  private func addRoundKey(_ round: Int, to block: inout [16 of UInt8]) {
    for index in 0..<16 { block[index] ^= roundKeys[16 * round + index] }
  }

  private func mixColumns(_ block: inout [16 of UInt8]) {
    for column in stride(from: 0, to: 16, by: 4) {
      let first = block[column]
      let all = first ^ block[column + 1] ^ block[column + 2] ^ block[column + 3]
      for row in 0..<4 {
        let next = row == 3 ? first : block[column + row + 1]
        block[column + row] ^= all ^ Self.double(block[column + row] ^ next)
      }
    }
  }

  // MARK: The field with 256 elements (FIPS 197, 4)

  private static func double(_ value: UInt8) -> UInt8 { value << 1 ^ (0x1B & (0 &- value >> 7)) }

  private static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var product: UInt8 = 0
    var power = left
    for bit: UInt8 in 0..<8 {
      product ^= power & (0 &- (right >> bit & 1))
      power = double(power)
    }
    return product
  }

  /// The S-box: the inverse, which is the 254th power, and an affine map (FIPS 197, 5.1.1).
  private static func substitute(_ value: UInt8) -> UInt8 {
    var inverse: UInt8 = 1
    var power = value
    for _ in 0..<7 {
      power = multiply(power, power)
      inverse = multiply(inverse, power)
    }
    var result = inverse ^ 0x63
    for _ in 0..<4 {
      inverse = inverse << 1 | inverse >> 7
      result ^= inverse
    }
    return result
  }
}

extension AES128 {
  /// Appends the CMAC of a message, 16 bytes (NIST SP 800-38B, 6.2).
  func appendCMAC(of message: Span<UInt8>, to code: inout [UInt8]) {
    var block: [16 of UInt8] = .init(repeating: 0)
    var subkey = block
    encrypt(&subkey)
    Self.doubleBlock(&subkey)
    let isWhole = message.count > 0 && message.count % 16 == 0
    if !isWhole { Self.doubleBlock(&subkey) }
    let lastBlock = message.count == 0 ? 0 : (message.count - 1) / 16 * 16
    for index in 0..<message.count {
      if index > 0, index % 16 == 0 { encrypt(&block) }
      block[index % 16] ^= message[index]
    }
    if !isWhole { block[message.count - lastBlock] ^= 0x80 }
    for index in 0..<16 { block[index] ^= subkey[index] }
    encrypt(&block)
    for index in 0..<16 { code.append(block[index]) }
  }

  /// Doubling in the field with 2^128 elements makes the subkeys (6.1).
  private static func doubleBlock(_ block: inout [16 of UInt8]) {
    let reduction = 0x87 & (0 &- block[0] >> 7)
    for index in 0..<15 { block[index] = block[index] << 1 | block[index + 1] >> 7 }
    block[15] = block[15] << 1 ^ reduction
  }
}
