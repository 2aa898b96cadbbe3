public import Authority
import Foundation
import Hummingbird
import HummingbirdCore
import Logging

/// The authority on the network: lists, CA certificates, OCSP answers and remote signatures, at the
/// URLs that its certificates name.
public struct StatusServer: Sendable {
  /// The URLs in the certificates are not where a server can be.
  public struct AddressError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with them.
    public let description: String
  }

  /// The address it listens at.
  public let host: String
  /// The port it listens at.
  public let port: Int
  private let authority: Authority

  /// A server at the address in the authority's certificates, which is of this machine alone.
  ///
  /// - Parameter port: where given, the port that the certificates name.
  public init(_ authority: Authority, port: Int? = nil) throws(AddressError) {
    let address: StatusAddress
    do throws(AuthorityError) { address = try StatusAddress(baseURL: authority.baseURL) } catch {
      throw AddressError(description: error.reason)
    }
    let named = address.port
    guard port == nil || port == named else {
      throw AddressError(
        description: "the authority's certificates name port \(named): it cannot serve elsewhere")
    }
    host = address.host
    self.port = named
    self.authority = authority
  }

  /// Serves until the process is told to end, or the task is cancelled. A connection lasts a limited
  /// time, and there are as many as the process has descriptors for; others are answered 503.
  ///
  /// - Parameter onReady: called once it listens.
  /// - Throws: where the port cannot be had, or the process may have too few descriptors.
  public func run(onReady: @escaping @Sendable () -> Void = {}) async throws {
    let slots = try ConnectionSlots()
    let router = Router(options: .autoGenerateHeadEndpoints)
    StatusRoutes(authority).add(to: router)
    RemoteSignatureRoutes(authority).add(to: router)
    var logger = Logger(label: "softdna.authority")
    logger.logLevel = .error
    let application = Application(
      router: router,
      server: .http1(configuration: .init(additionalChannelHandlers: [OneRequest(slots)])),
      configuration: .init(
        address: .hostname(host, port: port), serverName: "softdna TEST authority",
        availableConnectionsDelegate: MaximumAvailableConnections(slots.served + slots.refused)),
      onServerRunning: { _ in onReady() }, logger: logger)
    try await application.runService()
  }
}

extension Response {
  /// An answer of bytes.
  init(_ bytes: [UInt8], type: String) {
    self.init(
      status: .ok, headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

extension Request {
  /// Requests here are small; what is larger is refused.
  static let largestBody = 65_536

  /// All bytes of the body.
  func bytes() async throws -> [UInt8] {
    let buffer = try await body.collect(upTo: Self.largestBody)
    return Array(buffer.readableBytesView)
  }
}
