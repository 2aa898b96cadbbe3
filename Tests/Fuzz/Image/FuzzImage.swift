import TokenModel

/// Bytes are changes to a token's image: it is refused, or the token in it answers.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  if let defect = DamagedImage.defect(in: input) { fatalError(defect) }
  return 0
}
