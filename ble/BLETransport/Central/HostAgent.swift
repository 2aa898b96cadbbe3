/// The host's part in pairing, as `org.bluez.Agent1`: asks the person, and refuses what protects
/// nobody.
///
/// It is registered, but not the default agent of the machine: bluetoothd uses the agent of whoever
/// calls Pair.
final class HostAgent {
  /// It can show digits and have digits typed: the token's abilities decide which of both it is.
  static let capability = "KeyboardDisplay"
  private static let interface = "org.bluez.Agent1"

  private let bluez: BlueZ
  private let ask: (PairingQuestion) -> Void
  private var hook: Hook?
  /// The question without an answer yet.
  private var open: (question: PairingQuestion, call: IncomingCall)?
  /// A question was put since this was last set to false.
  var hasAsked = false

  let path = "/softdna/host"

  /// `ask` puts a question to a person; `answer` is for what comes back.
  init(_ bluez: BlueZ, ask: @escaping (PairingQuestion) -> Void) throws(BusError) {
    self.bluez = bluez
    self.ask = ask
    hook = try bluez.bus.serve(under: path) { [unowned self] call in take(call) }
  }

  /// Has bluetoothd know of it; again after each start of bluetoothd.
  func register(completion: @escaping (BusError?) -> Void) {
    bluez.call(
      "register a pairing agent", "/org/bluez", "org.bluez.AgentManager1", "RegisterAgent",
      [.path(path), .string(Self.capability)], as: "os"
    ) { answer in
      if case .failure(let error) = answer { completion(error) } else { completion(nil) }
    }
  }

  private func take(_ call: IncomingCall) {
    guard call.interface == Self.interface, call.sender == bluez.owner else {
      return call.refuse("org.freedesktop.DBus.Error.AccessDenied", "bluetoothd only")
    }
    let token = call.arguments.first?.path.map(address) ?? ""
    switch (call.member, call.arguments.dropFirst().first?.uint32) {
    case ("RequestPasskey", _): put(.passkey(token: token), call)
    case ("RequestConfirmation", let passkey?):
      put(.comparison(passkey: passkey, token: token), call)
    case ("DisplayPasskey", let passkey?):
      // It comes again for every digit entered over there.
      if call.arguments.last?.uint16 == 0 {
        hasAsked = true
        ask(.display(passkey: passkey, token: token))
      }
      call.answer()
    case ("Cancel", _):
      open = nil
      ask(.withdrawn)
      call.answer()
    case ("Release", _): call.answer()
    // RequestAuthorization is Just Works, which protects against nobody; PIN codes are of classic
    // Bluetooth.
    default: call.refuse("org.bluez.Error.Rejected", "only passkeys and comparisons are taken")
    }
  }

  private func put(_ question: PairingQuestion, _ call: IncomingCall) {
    open = (question, call)
    hasAsked = true
    ask(question)
  }

  /// Answers the open question; nothing where there is none.
  func answer(_ answer: PairingAnswer) {
    guard let (question, call) = open else { return }
    open = nil
    switch (question, answer) {
    case (.passkey, .passkey(let passkey)): call.answer([.uint32(passkey)], as: "u")
    case (.comparison, .same): call.answer()
    default: call.refuse("org.bluez.Error.Rejected", "refused by the user")
    }
  }

  private func address(of path: String) -> String {
    bluez.property("Address", of: path, BlueZ.device)?.string ?? path
  }
}
