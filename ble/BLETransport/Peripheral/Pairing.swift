/// Who may be paired with the token, and when: bluetoothd's agent, and a window that the user opens.
///
/// LE Secure Connections with a passkey that is shown here and typed at the host, or a number that
/// both show. Just Works is refused: it tells nothing about who is at the other end.
final class Pairing {
  /// How the pairing of a host goes on.
  enum Progress {
    /// A person is shown a number for it.
    case asked
    /// It is refused, and that was told.
    case refused
    /// It is refused, and bluetoothd does not ask for an answer: only the end of the link ends it.
    case unstoppable
  }

  private static let rejected = "org.bluez.Error.Rejected"

  /// What the token can do while pairing: show, or show and be told yes or no.
  let capability: String
  private let loop: EventLoop
  private let addressOf: (String) -> String
  private let progress: (String, Progress) -> Void
  private let observer: (PeripheralEvent) -> Void
  /// Tells bluetoothd whether hosts can be paired and found, and the observer once that is so.
  private let setOpen: (Bool, PeripheralEvent) -> Void
  private var end: Alarm?
  /// A comparison that the user has not answered yet.
  private var comparison: IncomingCall?

  /// - Parameters:
  ///   - confirms: the user can be asked yes or no.
  ///   - addressOf: the address of the host at a path.
  ///   - progress: sees, with its path, how the pairing of a host goes on.
  init(
    on loop: EventLoop, confirms: Bool, addressOf: @escaping (String) -> String,
    setOpen: @escaping (Bool, PeripheralEvent) -> Void,
    progress: @escaping (String, Progress) -> Void,
    observer: @escaping (PeripheralEvent) -> Void
  ) {
    self.loop = loop
    capability = confirms ? "DisplayYesNo" : "DisplayOnly"
    self.addressOf = addressOf
    self.setOpen = setOpen
    self.progress = progress
    self.observer = observer
  }

  /// Hosts can be paired now.
  var isOpen: Bool { end != nil }

  /// Lets hosts be paired for as long; a window that is open ends then.
  func open(for duration: Duration) {
    loop.cancel(&end)
    end = loop.after(duration) { [unowned self] in close() }
    setOpen(true, .pairingOpened(seconds: Int(duration.components.seconds)))
  }

  /// Ends the window.
  func close() {
    guard isOpen else { return }
    loop.cancel(&end)
    setOpen(false, .pairingClosed)
  }

  /// The user's answer to a comparison; false where nothing is being compared.
  @discardableResult
  func confirm(_ isSame: Bool) -> Bool {
    guard let call = comparison else { return false }
    comparison = nil
    if isSame {
      call.answer()
    } else {
      refuse(call, "the numbers are not the same")
    }
    return true
  }

  /// Forgets what bluetoothd asked: it is gone.
  func reset() { comparison = nil }

  /// Answers a call to the agent.
  func answer(_ call: IncomingCall) {
    switch call.member {
    case "Release": call.answer()
    case "Cancel":
      call.answer()
      if let comparison {
        self.comparison = nil
        refuse(comparison, "the pairing failed, or the host has given it up")
      }
    case "DisplayPasskey":
      guard let passkey = passkey(of: call) else { return progress(path(of: call), .unstoppable) }
      // BlueZ tells of each key typed at the host, and has a zero for the first time.
      if call.arguments.count > 2, call.arguments[2].uint16 == 0 {
        progress(path(of: call), .asked)
        observer(.passkey(host: host(of: call), passkey: passkey))
      }
      call.answer()
    case "RequestConfirmation":
      guard let passkey = passkey(of: call) else { return }
      guard capability == "DisplayYesNo" else { return refuse(call, "nobody can confirm here") }
      comparison = call
      progress(path(of: call), .asked)
      observer(.comparison(host: host(of: call), passkey: passkey))
    case "RequestAuthorization":
      refuse(call, "it can neither show nor ask for a number (Just Works)")
    default:
      refuse(call, "it asked for \(call.member), which is not of Bluetooth LE")
    }
  }

  /// The number of a call that comes at the right time; refuses it otherwise.
  private func passkey(of call: IncomingCall) -> String? {
    guard isOpen else {
      refuse(call, "it is not the time for pairing; softdna ctl pair")
      return nil
    }
    guard call.arguments.count > 1, let number = call.arguments[1].uint32 else {
      refuse(call, "there was no number")
      return nil
    }
    return PairingQuestion.digits(of: number)
  }

  private func path(of call: IncomingCall) -> String { call.arguments.first?.path ?? "" }

  private func host(of call: IncomingCall) -> String { addressOf(path(of: call)) }

  private func refuse(_ call: IncomingCall, _ reason: String) {
    call.refuse(Self.rejected, reason)
    progress(path(of: call), .refused)
    observer(.pairingRefused(host: host(of: call), reason: reason))
  }
}
