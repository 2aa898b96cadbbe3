import ISO7816
import Testing

@Suite("BER-TLV") struct TLVTests {
  /// Every object in a region, one level deep.
  private static func objects(_ bytes: [UInt8], _ region: Range<Int>? = nil)
    throws(StatusWord) -> [(tag: UInt16, value: [UInt8])]
  {
    var rest = region ?? 0..<bytes.count
    var objects: [(tag: UInt16, value: [UInt8])] = []
    while let object = try TLV.next(in: bytes.span, from: &rest) {
      objects.append((object.tag, Array(bytes[object.value])))
    }
    #expect(rest.isEmpty)
    return objects
  }

  @Test(
    "gives back what was encoded, at every boundary of the length",
    arguments: [
      0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF,
    ])
  func lengths(count: Int) throws {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    for tag: UInt16 in [0x80, 0x30, 0x7F49, 0x5F2D] {
      let bytes = TLV.bytes(tag, value)
      let overhead = (tag > 0xFF ? 2 : 1) + (count > 0xFF ? 3 : count > 0x7F ? 2 : 1)
      #expect(bytes.count == count + overhead)
      let objects = try Self.objects(bytes + [0x90, 0x01, 0x55])
      #expect(objects.map(\.tag) == [tag, 0x90])
      #expect(objects[0].value == value && objects[1].value == [0x55])
    }
  }

  @Test("skips padding between objects, not inside them")
  func padding() throws {
    let objects = try Self.objects([0x00, 0xFF, 0x80, 0x02, 0x00, 0xFF, 0x00, 0x81, 0x00, 0xFF])
    #expect(objects.map(\.tag) == [0x80, 0x81])
    #expect(objects[0].value == [0x00, 0xFF] && objects[1].value.isEmpty)
    #expect(try Self.objects([]).isEmpty)
    #expect(try Self.objects([0x00, 0xFF, 0x00]).isEmpty)
  }

  @Test("takes lengths that are longer than they need be")
  func longLengths() throws {
    #expect(try Self.objects([0x80, 0x81, 0x01, 0x07])[0].value == [0x07])
    #expect(try Self.objects([0x80, 0x82, 0x00, 0x01, 0x07])[0].value == [0x07])
  }

  @Test("finds an object in its own region only")
  func finding() throws {
    let inner = TLV.bytes(0x83, [0x11, 0x02]) + TLV.bytes(0x86, [9])
    let bytes = TLV.bytes(0x62, inner) + TLV.bytes(0x86, [8])
    let whole = 0..<bytes.count
    let template = try #require(try TLV.find(0x62, in: bytes.span, whole))
    let nested = try #require(try TLV.find(0x86, in: bytes.span, template))
    let outer = try #require(try TLV.find(0x86, in: bytes.span, whole))
    #expect(Array(bytes[nested]) == [9] && Array(bytes[outer]) == [8])
    #expect(try TLV.find(0x83, in: bytes.span, whole) == nil)
    #expect(try TLV.find(0x80, in: bytes.span, template) == nil)
  }

  @Test(
    "that is malformed is 6A85",
    arguments: [
      [0x80], [0x80, 0x01], [0x80, 0x02, 0x00], [0x7F], [0x7F, 0x49], [0x7F, 0x49, 0x01],
      [0x7F, 0x81, 0x01, 0x00], [0x80, 0x80], [0x80, 0x81], [0x80, 0x81, 0x01], [0x80, 0x82, 0x00],
      [0x80, 0x83, 0x00, 0x00, 0x01, 0x00], [0x80, 0xFF], [0x80, 0x82, 0xFF, 0xFF, 0x00],
      [0x80, 0x01, 0x00, 0x81],
    ] as [[UInt8]])
  func malformed(bytes: [UInt8]) {
    #expect(throws: StatusWord.lengthInconsistentWithTLV) { try Self.objects(bytes) }
  }

  @Test("cut anywhere throws or gives whole objects")
  func truncations() throws {
    let bytes =
      TLV.bytes(
        0x62, TLV.bytes(0x80, [1, 2]) + TLV.bytes(0x7F49, [UInt8](repeating: 3, count: 200)))
      + [0x00] + TLV.bytes(0x81, [UInt8](repeating: 4, count: 300))
    let ends = [0, 211, 212, bytes.count]
    for count in 0...bytes.count {
      // A region may also promise more than there is.
      for promised in [count, bytes.count, bytes.count + 10] {
        do throws(StatusWord) {
          _ = try Self.objects(Array(bytes[..<count]), 0..<promised)
          #expect(ends.contains(count), "\(count)")
        } catch {
          #expect(error == .lengthInconsistentWithTLV)
          #expect(!ends.contains(count), "\(count)")
        }
      }
    }
  }

  @Test("of random bytes never leads outside them")
  func randomBytes() {
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...30)).map { _ in UInt8.random(in: 0...255) }
      let start = Int.random(in: 0...bytes.count)
      var rest = start..<bytes.count
      while let object = try? TLV.next(in: bytes.span, from: &rest) {
        #expect(object.value.lowerBound > start, "\(bytes)")
        #expect(object.value.upperBound <= bytes.count, "\(bytes)")
        #expect(rest.lowerBound == object.value.upperBound, "\(bytes)")
      }
    }
  }
}
