internal import ISO7816

/// What bluetoothd wants.
extension PeripheralCore {
  func answer(_ call: IncomingCall) {
    guard !application.answer(call) else { return }
    switch (call.path, call.member) {
    case (TokenApplication.agent, _): pairing.answer(call)
    case (TokenApplication.advertisement, "Release"): call.answer()
    case (TokenApplication.command, "WriteValue"): write(call)
    case (TokenApplication.info, "ReadValue"): read(info.value, call)
    case (TokenApplication.channelPSM, "ReadValue"):
      let psm = listener?.psm ?? 0
      read([UInt8(psm & 0xFF), UInt8(psm >> 8)], call)
    // bluetoothd has no rule for what a characteristic does not offer: an unpaired host's read of
    // Response comes through, too.
    case (TokenApplication.response, "ReadValue"), (TokenApplication.command, "ReadValue"):
      call.refuse("org.bluez.Error.NotPermitted", "it cannot be read")
    case (_, "WriteValue"): call.refuse("org.bluez.Error.NotPermitted", "it cannot be written")
    case (TokenApplication.response, "StartNotify"):
      pipe.setNotifying(true)
      call.answer()
    case (TokenApplication.response, "StopNotify"):
      pipe.setNotifying(false)
      call.answer()
    case (TokenApplication.response, "AcquireNotify"):
      let options = call.arguments.first?.dictionary ?? [:]
      guard let end = pipe.acquire(for: options["device"]?.path ?? "") else {
        return call.refuse("org.bluez.Error.Failed", "no socket: \(Descriptor.lastError)")
      }
      call.answer([.descriptor(end), options["mtu"] ?? .uint16(517)], as: "hq")
    default:
      call.refuse(
        "org.freedesktop.DBus.Error.UnknownMethod", "no \(call.interface).\(call.member) here")
    }
  }

  private var info: Info {
    var features: Info.Features = [.presence, .cancel]
    if listener != nil { features.insert(.channel) }
    return Info(
      maximumMessage: UInt16(Peripheral.maximumMessage),
      maximumFragment: UInt16(Fragmentation.dataLength(mtu: 517)), features: features, atr: atr,
      state: requests.isPresent ? .present : .removed, session: session)
  }

  /// A host reads a value, perhaps piece by piece.
  private func read(_ value: [UInt8], _ call: IncomingCall) {
    if let host = call.arguments.first?.dictionary?["device"]?.path { act(hosts.used(host)) }
    let offset = Int(call.arguments.first?.dictionary?["offset"]?.uint16 ?? 0)
    guard offset <= value.count else {
      return call.refuse("org.bluez.Error.InvalidOffset", "the value has \(value.count) bytes")
    }
    call.answer([.bytes(Array(value[offset...]))], as: "ay")
  }

  private func write(_ call: IncomingCall) {
    guard call.arguments.count == 2, let value = call.arguments[0].bytes,
      let options = call.arguments[1].dictionary, let host = options["device"]?.path
    else { return refuse(call, .badFrame) }
    guard options["offset"]?.uint16 ?? 0 == 0 else {
      return call.refuse("org.bluez.Error.InvalidOffset", "frames are written whole")
    }
    // Only requests are answered, so only they may be written. BlueZ, up to 5.86 at least, does not
    // tell one from the other.
    guard options["type"]?.string != "command" else {
      return call.refuse("org.bluez.Error.NotSupported", "Command takes write requests only")
    }
    guard admit(host, over: "gatt") else { return refuse(call, .busy) }
    guard pipe.isOpen(for: host) else { return refuse(call, .notSubscribed) }
    do throws(ATTError) {
      try link.write(value, mtu: Int(options["mtu"]?.uint16 ?? 23))
      call.answer()
    } catch {
      refuse(call, error)
    }
  }

  /// BlueZ makes an application's error of the attribute protocol out of this text.
  private func refuse(_ call: IncomingCall, _ error: ATTError) {
    call.refuse("org.bluez.Error.Failed", "0x" + String(error.rawValue, radix: 16))
  }
}
