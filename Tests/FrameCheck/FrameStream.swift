import VirtualReader

/// What must hold for every stream of bytes from vpcd.
public enum FrameStream {
  /// What is wrong with how a stream is decoded; nil where nothing is. The first byte says how the
  /// rest arrives.
  public static func defect(in input: [UInt8]) -> String? {
    guard let pieces = input.first else { return nil }
    let stream = Array(input.dropFirst())
    let atOnce = frames(of: stream, pieceLength: stream.count)
    let inPieces = frames(of: stream, pieceLength: Int(pieces % 7) + 1)
    if atOnce.bodies != inPieces.bodies { return "the frames depend on how the bytes arrive" }
    if let defect = atOnce.defect ?? inPieces.defect { return defect }
    // Every body comes back out of a frame.
    for body in atOnce.bodies {
      var frame: [UInt8] = []
      VPCDFrame.encode(body, into: &frame)
      guard let decoded = VPCDFrame.decode(frame.span), decoded.length == body.count + 2 else {
        return "a frame of \(body.count) bytes is not decoded"
      }
    }
    return nil
  }

  private static func frames(of stream: [UInt8], pieceLength: Int)
    -> (bodies: [[UInt8]], defect: String?)
  {
    var bodies: [[UInt8]] = []
    var buffer: [UInt8] = []
    var position = 0
    while position < stream.count {
      let next = min(position + max(1, pieceLength), stream.count)
      buffer += stream[position..<next]
      position = next
      while let (frame, length) = VPCDFrame.decode(buffer.span) {
        guard length >= 2, length <= buffer.count else { return (bodies, "length \(length)") }
        guard length == 2 + (Int(buffer[0]) << 8 | Int(buffer[1])) else {
          return (bodies, "a frame of \(length) bytes was announced otherwise")
        }
        let body = Array(buffer[2..<length])
        let controls: [UInt8: VPCDFrame] = [
          0: .powerOff, 1: .powerOn, 2: .reset, 4: .getATR,
        ]
        let expected = body.count == 1 ? controls[body[0]] : nil
        guard frame == expected ?? .command(2..<length) else {
          return (bodies, "\(body.prefix(4)) is not \(frame)")
        }
        bodies.append(body)
        buffer.removeFirst(length)
      }
    }
    return (bodies, nil)
  }
}
