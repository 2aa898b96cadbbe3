internal import CSystemd

/// A method call that somebody makes on an object of ours. It has to be answered once, now or
/// later; one that is let go of unanswered is refused.
final class IncomingCall {
  private let message: BusMessage
  private var isAnswered = false
  let path: String
  let interface: String
  let member: String
  /// The unique name of who calls.
  let sender: String
  let arguments: [BusValue]

  init(_ message: BusMessage) throws(BusError) {
    self.message = message
    path = message.path
    interface = message.interface
    member = message.member
    sender = message.sender
    arguments = try message.values()
  }

  deinit {
    refuse(BusError.noReply, "\(interface).\(member) was not answered")
  }

  /// Answers with values of the types of `signature`.
  func answer(_ values: [BusValue] = [], as signature: String = "") {
    guard !isAnswered else { return }
    isAnswered = true
    var pointer: OpaquePointer?
    guard sd_bus_message_new_method_return(message.pointer, &pointer) >= 0, let pointer else {
      return
    }
    let reply = BusMessage(owning: pointer)
    do throws(BusError) {
      try reply.append(values, as: signature)
      // A caller that has gone needs no answer.
      _ = sd_bus_message_send(reply.pointer)
    } catch {
      isAnswered = false
      refuse(error.name, error.reason)
    }
  }

  /// Answers with an error of this name (`org.bluez.Error.Rejected`).
  func refuse(_ name: String, _ reason: String) {
    guard !isAnswered else { return }
    isAnswered = true
    name.withCString { name in
      reason.withCString { reason in
        var error = sd_bus_error(name: name, message: reason, _need_free: 0)
        _ = sd_bus_reply_method_error(message.pointer, &error)
      }
    }
  }
}
