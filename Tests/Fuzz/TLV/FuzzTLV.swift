import TokenModel

/// Bytes are data objects: what the parser says of them must be true.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  if let defect = DataObjects.defect(in: input) { fatalError(defect) }
  return 0
}
