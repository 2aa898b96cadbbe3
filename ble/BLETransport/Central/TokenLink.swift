internal import Terminal

/// A way for messages to a token and back; used by the thread of the loop it lives in.
protocol TokenLink: AnyObject {
  /// How, in words: "GATT, 504 bytes a fragment".
  var summary: String { get }
  /// Sees every message from the token.
  var received: (Message) -> Void { get set }
  /// Hears of every fragment of a message that is not whole yet.
  var heard: () -> Void { get set }
  /// Hears once that nothing comes any more, and why.
  var ended: (String) -> Void { get set }
  /// Sends a message, after those before it.
  ///
  /// - Parameter refused: called where the token, or the way to it, does not take it.
  func send(_ message: Message, refused: @escaping (ChannelError) -> Void)
}
