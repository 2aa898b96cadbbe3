extension CommandAPDU {
  /// The bytes of a command APDU: short where the lengths allow it, extended where they do not
  /// (ISO/IEC 7816-3, 12.1.3).
  ///
  /// - Parameters:
  ///   - data: the data field, at most 65,535 bytes.
  ///   - ne: the most bytes expected back, 1...65,536; nil for none.
  public static func bytes(
    cla: UInt8 = 0x00, ins: UInt8, p1: UInt8 = 0x00, p2: UInt8 = 0x00, data: [UInt8] = [],
    ne: Int? = nil
  ) -> [UInt8] {
    precondition(data.count <= 65_535, "a data field holds at most 65,535 bytes")
    precondition(ne.map { (1...65_536).contains($0) } ?? true, "Ne is 1...65,536")
    var apdu = [cla, ins, p1, p2]
    let extended = data.count > 255 || (ne ?? 0) > 256
    if !data.isEmpty {
      if extended {
        apdu += [0, UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
      } else {
        apdu.append(UInt8(data.count))
      }
      apdu += data
    }
    if let ne {
      if extended {
        if data.isEmpty { apdu.append(0) }
        apdu += [UInt8(ne >> 8 & 0xFF), UInt8(ne & 0xFF)]
      } else {
        apdu.append(UInt8(ne & 0xFF))
      }
    }
    return apdu
  }
}
