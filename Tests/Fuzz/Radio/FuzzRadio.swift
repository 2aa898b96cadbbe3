import RadioCheck

/// Bytes are what comes over the air, in attribute values: messages come out as they were sent, or
/// not at all.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  if let defect = RadioTraffic.defect(in: input) { fatalError(defect) }
  return 0
}
