import Firmware
import ISO7816
import Terminal
import TokenHost

/// What must hold for every image, however it was damaged.
public enum DamagedImage {
  /// What goes wrong with an issued token's image after these changes; nil where nothing does.
  ///
  /// Three bytes place a change in the used part of the image (or, with a high first bit, anywhere),
  /// one is the new value. Then everything is tried as it is and with the checksums made right, so
  /// that what is behind them is reached too.
  public static func defect(in input: [UInt8]) -> String? {
    guard let sound = Story.issuedImage else { return "no image" }
    var image = sound
    let used = (image.lastIndex { $0 != 0xFF } ?? 0) + 64
    for start in stride(from: 0, to: input.count - 3, by: 4).prefix(64) {
      let place =
        Int(input[start] & 0x7F) << 16 | Int(input[start + 1]) << 8 | Int(input[start + 2])
      image[place % (input[start] < 0x80 ? min(used, image.count) : image.count)] = input[start + 3]
    }
    return use(image) ?? use(Self.withRightChecksums(image))
  }

  /// Mounts an image and talks to what is in it; nil where that is refused or works.
  private static func use(_ image: [UInt8]) -> String? {
    let slot: Slot
    do throws(ImageError) { slot = try Slot(image: image) } catch { return nil }
    guard (try? slot.powerOn()) != nil else { return "a token that was mounted has no power" }
    var response: [UInt8] = []
    for command in CommandDictionary.commands where command[1] != 0x46 && command[1] != 0x2A {
      guard (try? slot.transmit(command.span, into: &response)) != nil, response.count >= 2 else {
        return "no answer to \(Hex.text(command))"
      }
    }
    // What it became is what it is after the next loss of power.
    let before = slot.inventory
    guard (try? slot.powerOn()) != nil else { return "it does not come up again" }
    return slot.inventory == before ? nil : "it is another one after power-on"
  }

  /// Walks the log of both halves and makes the checksums of its records right.
  static func withRightChecksums(_ image: [UInt8]) -> [UInt8] {
    var image = image
    for base in [0, image.count / 2] {
      var position = base + 16
      while position + 16 <= base + image.count / 2, image[position] != 0xFF {
        let length = Int(image[position + 4]) | Int(image[position + 5]) << 8
        let span = 16 + (length + 7) / 8 * 8
        guard position + span <= base + image.count / 2 else { break }
        image[position + 7] = crc8(image[position..<position + 7])
        let sum = crc32(image[position..<position + 8 + length])
        for byte in 0..<4 {
          image[position + span - 8 + byte] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * byte))
        }
        position += span
      }
    }
    return image
  }

  private static func crc8(_ bytes: ArraySlice<UInt8>) -> UInt8 {
    var register: UInt8 = 0xFF
    for byte in bytes {
      register ^= byte
      for _ in 0..<8 { register = register < 0x80 ? register << 1 : register << 1 ^ 0x07 }
    }
    return register
  }

  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var register = UInt32.max
    for byte in bytes {
      register ^= UInt32(byte)
      for _ in 0..<8 {
        register = register % 2 == 0 ? register >> 1 : register >> 1 ^ 0xEDB8_8320
      }
    }
    return ~register
  }
}
