import TraceCheck

/// Bytes are a trace, or a log of pcscd, pcsc-spy or OpenSC.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  if let defect = TraceInput.defect(in: input) { fatalError(defect) }
  return 0
}
