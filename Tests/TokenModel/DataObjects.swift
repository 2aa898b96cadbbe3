import Firmware
import ISO7816

/// What must hold for all data objects, well-formed or not.
public enum DataObjects {
  /// What the parser says of these bytes that is not true; nil where all is.
  public static func defect(in bytes: [UInt8]) -> String? {
    var region = 0..<bytes.count
    var position = 0
    do throws(StatusWord) {
      while let object = try TLV.next(in: bytes.span, from: &region) {
        let value = object.value
        guard value.lowerBound > position, value.upperBound <= bytes.count,
          region.lowerBound == value.upperBound, region.upperBound == bytes.count
        else { return "object \(object) is not between \(position) and \(bytes.count)" }
        if let defect = reading(object, bytes) { return defect }
        position = value.upperBound
      }
      guard bytes[position...].allSatisfy({ $0 == 0x00 || $0 == 0xFF }) else {
        return "bytes after \(position) are left"
      }
    } catch {
      guard error == .lengthInconsistentWithTLV else { return "status \(error)" }
    }
    return nil
  }

  /// Written again, the object reads the same; found by its tag, it is the first one of it.
  private static func reading(_ object: TLV, _ bytes: [UInt8]) -> String? {
    let value = Array(bytes[object.value])
    let again = TLV.bytes(object.tag, value)
    var whole = 0..<again.count
    do throws(StatusWord) {
      guard let copy = try TLV.next(in: again.span, from: &whole), copy.tag == object.tag,
        Array(again[copy.value]) == value, whole.isEmpty
      else { return "tag \(object.tag) with \(value.count) bytes does not survive" }
      guard let found = try TLV.find(object.tag, in: bytes.span, 0..<bytes.count),
        found.lowerBound <= object.value.lowerBound
      else { return "tag \(object.tag) is not found" }
    } catch {
      return "tag \(object.tag): \(error)"
    }
    return nil
  }
}
