import TokenModel

/// Bytes are a story of commands, resets and power cuts; token and model must agree all along.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let outcome = Story.tell(Array(UnsafeBufferPointer(start: bytes, count: count)))
  if let disagreement = outcome.disagreement { fatalError(disagreement) }
  return 0
}
