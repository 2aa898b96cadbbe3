import Hummingbird
import NIOCore
import NIOHTTPTypes

/// A connection serves one request. Who speaks HTTP/1.0, as nginx does to an OCSP responder, takes
/// the end of the connection for the end of the answer (RFC 9112, 9.3), and which version a request
/// came in Hummingbird does not tell.
final class OneRequest: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var request) = unwrapInboundIn(data) else {
      return context.fireChannelRead(data)
    }
    // Hummingbird ends the connection after such a request.
    request.headerFields[.connection] = "close"
    context.fireChannelRead(wrapInboundOut(.head(request)))
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .head(var response) = unwrapOutboundIn(data) else {
      return context.write(data, promise: promise)
    }
    response.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(response)), promise: promise)
  }
}
