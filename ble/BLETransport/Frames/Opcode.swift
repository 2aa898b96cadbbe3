/// What a frame is for: its first byte.
public enum Opcode: UInt8, CaseIterable, Sendable {
  // Host to token.

  /// A command APDU; answered by `response`.
  case command = 0x01
  /// Apply power, or reset; answered by `atr`.
  case powerOn = 0x02
  /// Take power away; not answered.
  case powerOff = 0x03
  /// Give up the request with this id; the request is answered by `error`, or by its response where
  /// that was quicker.
  case cancel = 0x04
  /// Are you there? Answered by `pong` with the same id.
  case ping = 0x05

  // Token to host.

  /// A response APDU.
  case response = 0x81
  /// An Answer to Reset.
  case atr = 0x82
  /// The request with this id is being worked at; see `Wait`.
  case wait = 0x83
  /// The card is there, or is not; see `CardState`. Its id is 0: nobody asked.
  case state = 0x84
  /// I am here.
  case pong = 0x85
  /// The request with this id has no other answer; see `ErrorCode`.
  case error = 0x8F

  /// Who says it.
  public enum Sender: Sendable {
    /// The computer with the PC/SC programs.
    case host
    /// The token.
    case token
  }

  /// Who says it.
  public var sender: Sender { rawValue < 0x80 ? .host : .token }

  /// It says something about a request, whole in one frame and harmless when it comes twice. The
  /// others are requests and answers: they may come in fragments, and each of them once.
  public var isNotice: Bool {
    switch self {
    case .command, .powerOn, .powerOff, .response, .atr: false
    case .cancel, .ping, .wait, .state, .pong, .error: true
    }
  }
}

extension Opcode {
  /// It says everything by itself: a host that sends it with a payload means something else.
  public var isBare: Bool {
    switch self {
    case .powerOn, .powerOff, .cancel: true
    case .command, .ping, .response, .atr, .wait, .state, .pong, .error: false
    }
  }
}

/// A request, an answer or a notice, whole.
public struct Message: Equatable, Sendable {
  /// What it is for.
  public let opcode: Opcode
  /// The number of the request it belongs to.
  public let id: UInt8
  /// Its contents, up to 65,535 bytes.
  public let payload: [UInt8]

  /// A message from its parts.
  public init(_ opcode: Opcode, id: UInt8, payload: [UInt8] = []) {
    self.opcode = opcode
    self.id = id
    self.payload = payload
  }

  /// The longest payload a frame's two bytes can announce.
  public static let maximumPayload = 0xFFFF
}
