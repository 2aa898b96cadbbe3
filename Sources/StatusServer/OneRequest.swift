import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// A connection serves one request, in a time that does not depend on the client. Who speaks HTTP/1.0,
/// as nginx does to an OCSP responder, takes the end of the connection for the end of the answer
/// (RFC 9112, 9.3), and which version a request came in Hummingbird does not tell.
///
/// Each limit is for the whole of something: a byte now and then renews nothing, as it would an idle
/// time (`IdleStateHandler`).
final class OneRequest: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// In which the whole request has come.
  static let requestTime = TimeAmount.seconds(10)
  /// In which the client has taken the answer.
  static let answerTime = TimeAmount.seconds(60)
  /// In which a client that has its answer goes. A connection that is closed under what it still sends
  /// would lose the answer (RFC 9112, 9.6).
  static let farewellTime = TimeAmount.seconds(1)

  private enum Phase {
    /// The request comes.
    case listening(hasHead: Bool)
    /// The request is whole, or an answer has begun.
    case answering
    /// The answer is written; what comes now is dropped.
    case leaving
  }

  private let slots: ConnectionSlots
  private var hasSlot = false
  private var phase = Phase.listening(hasHead: false)
  private var deadline: Scheduled<Void>?

  init(_ slots: ConnectionSlots) { self.slots = slots }

  func handlerAdded(context: ChannelHandlerContext) { hasSlot = slots.take() }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    if hasSlot { slots.giveBack() }
    hasSlot = false
  }

  func channelActive(context: ChannelHandlerContext) {
    context.fireChannelActive()
    guard hasSlot else { return answer(.serviceUnavailable, [.retryAfter: "5"], context) }
    limit(Self.requestTime, context) { [self] in
      // A client that has said nothing is told nothing.
      guard case .listening(hasHead: true) = phase else { return context.close(promise: nil) }
      answer(.requestTimeout, [:], context)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .leaving = phase { return }
    switch unwrapInboundIn(data) {
    case .head(var request):
      guard case .listening(hasHead: false) = phase else { return }
      phase = .listening(hasHead: true)
      // Hummingbird ends the connection after such a request.
      request.headerFields[.connection] = "close"
      context.fireChannelRead(wrapInboundOut(.head(request)))
    case .body:
      context.fireChannelRead(data)
    case .end:
      if case .listening = phase { beginAnswer(context) }
      context.fireChannelRead(data)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard case .listening = phase, error as? HTTPParserError == .headerOverflow else {
      return context.fireErrorCaught(error)
    }
    answer(.requestHeaderFieldsTooLarge, [:], context)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // It was answered from here.
    if case .leaving = phase {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(var response):
      if case .listening = phase { beginAnswer(context) }
      response.headerFields[.connection] = "close"
      context.write(wrapOutboundOut(.head(response)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { [self] _ in leave(context) }
      context.write(data, promise: written)
    }
  }

  private func beginAnswer(_ context: ChannelHandlerContext) {
    phase = .answering
    limit(Self.answerTime, context) { context.close(promise: nil) }
  }

  /// Answers in place of the router, and ends the connection.
  private func answer(
    _ status: HTTPResponse.Status, _ fields: HTTPFields, _ context: ChannelHandlerContext
  ) {
    phase = .leaving
    var fields = fields
    fields[.connection] = "close"
    fields[.contentLength] = "0"
    context.write(
      wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: fields))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.close(mode: .output, promise: nil)
    limit(Self.farewellTime, context) { context.close(promise: nil) }
  }

  private func leave(_ context: ChannelHandlerContext) {
    guard hasSlot, context.channel.isActive else { return }
    phase = .leaving
    limit(Self.farewellTime, context) { context.close(promise: nil) }
  }

  /// One limit at a time.
  private func limit(
    _ time: TimeAmount, _ context: ChannelHandlerContext, _ body: @escaping () -> Void
  ) {
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time, body)
  }
}
