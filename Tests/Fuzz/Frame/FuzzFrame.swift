import FrameCheck

/// Bytes are what vpcd sends, in pieces: frames come out whole, whatever the pieces.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  if let defect = FrameStream.defect(in: input) { fatalError(defect) }
  return 0
}
