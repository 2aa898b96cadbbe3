/// One question to bluetoothd, asked and waited for on the calling thread.
enum BlueZQuery {
  /// Does something once bluetoothd's objects are known, and waits for what comes of it.
  ///
  /// - Parameter attempt: what is attempted, in words.
  /// - Throws: where there is no bus or no bluetoothd, or what `body` came to.
  static func run<Value>(
    _ attempt: String, _ body: (BlueZ, @escaping (Result<Value, BusError>) -> Void) -> Void
  ) throws(BusError) -> Value {
    let loop = EventLoop()
    let bus = try Bus.system()
    loop.add(bus)
    var result: Result<Value, BusError>?
    var isReady = false
    let blueZ = try BlueZ(on: bus) { change in
      switch change {
      case .appeared: isReady = true
      case .vanished:
        result = .failure(
          BusError(
            attempt, name: BusError.serviceUnknown,
            reason: "bluetoothd does not run; systemctl start bluetooth"))
      case .added, .removed, .changed: break
      }
    }
    loop.after(.seconds(10)) {
      result = .failure(
        BusError(attempt, name: BusError.noReply, reason: "bluetoothd does not answer"))
    }
    loop.run { result == nil && !isReady && !bus.isClosed }
    if isReady {
      body(blueZ) { result = $0 }
      loop.run { result == nil && !bus.isClosed }
    }
    guard let result else {
      throw BusError(attempt, name: BusError.disconnected, reason: "the bus was closed")
    }
    return try result.get()
  }
}
