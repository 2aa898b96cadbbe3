internal import CSystemd
internal import Glibc

/// A connection to a message bus, used by one thread: the one whose `EventLoop` it is added to.
///
/// Nothing here waits. A daemon may call back before it answers (bluetoothd does), so calls take a
/// closure for their answer.
final class Bus: EventSource {
  private let pointer: OpaquePointer
  /// Calls without an answer yet.
  private var pending: [ObjectIdentifier: Hook] = [:]
  /// The connection failed, or the bus closed it; nothing comes any more.
  private(set) var isClosed = false

  /// Connects to the system's bus.
  static func system() throws(BusError) -> Bus {
    var pointer: OpaquePointer?
    let code = sd_bus_open_system(&pointer)
    guard code >= 0, let pointer else {
      throw BusError("connect to the system's message bus (D-Bus)", code: code)
    }
    return Bus(pointer)
  }

  private init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { sd_bus_flush_close_unref(pointer) }

  /// Calls a method; `completion` sees what it answers.
  ///
  /// - Parameters:
  ///   - attempt: what is attempted, in words, for the error.
  ///   - signature: the types of `arguments`.
  ///   - timeout: how long the answer is waited for.
  func call(
    _ attempt: String, service: String, path: String, interface: String, member: String,
    _ arguments: [BusValue] = [], as signature: String = "", timeout: Duration = .seconds(25),
    completion: @escaping (Result<[BusValue], BusError>) -> Void = { _ in }
  ) {
    do throws(BusError) {
      var created: OpaquePointer?
      let code = sd_bus_message_new_method_call(
        pointer, &created, service, path, interface, member)
      guard code >= 0, let created else { throw BusError(attempt, code: code) }
      let message = BusMessage(owning: created)
      try message.append(arguments, as: signature)
      try send(message, attempt, timeout, completion)
    } catch {
      completion(.failure(error))
    }
  }

  private func send(
    _ message: BusMessage, _ attempt: String, _ timeout: Duration,
    _ completion: @escaping (Result<[BusValue], BusError>) -> Void
  ) throws(BusError) {
    let hook = Hook()
    hook.handle = { [unowned self, unowned hook] reply in
      // The hook lives until its closure has returned: the caller holds it.
      pending[ObjectIdentifier(hook)] = nil
      do throws(BusError) {
        if let error = reply.error {
          throw BusError(attempt, name: error.name, reason: error.reason)
        }
        completion(.success(try reply.values()))
      } catch {
        completion(.failure(error))
      }
      return 1
    }
    let code = sd_bus_call_async(
      pointer, &hook.slot, message.pointer, Hook.callback, hook.opaque, timeout.microseconds)
    guard code >= 0 else { throw BusError(attempt, code: code) }
    pending[ObjectIdentifier(hook)] = hook
  }

  /// Emits a signal from an object of ours.
  func emit(
    path: String, interface: String, member: String, _ arguments: [BusValue],
    as signature: String
  ) throws(BusError) {
    var created: OpaquePointer?
    let code = sd_bus_message_new_signal(pointer, &created, path, interface, member)
    guard code >= 0, let created else { throw BusError("emit \(member)", code: code) }
    let message = BusMessage(owning: created)
    try message.append(arguments, as: signature)
    try BusMessage.check(sd_bus_send(pointer, message.pointer, nil))
  }

  /// Tells of properties of an object of ours that have new values.
  func emitChanged(path: String, interface: String, _ properties: [String: BusValue])
    throws(BusError)
  {
    try emit(
      path: path, interface: Self.properties, member: "PropertiesChanged",
      [.string(interface), .dictionary(properties), .array([])], as: "sa{sv}as")
  }

  /// Gives every call to an object at or below `prefix` to `body`, as long as the hook is held.
  func serve(
    under prefix: String, _ body: @escaping (IncomingCall) -> Void
  ) throws(BusError) -> Hook {
    let hook = Hook()
    hook.handle = { message in
      guard let call = try? IncomingCall(message) else { return 0 }
      body(call)
      return 1
    }
    let code = sd_bus_add_fallback(pointer, &hook.slot, prefix, Hook.callback, hook.opaque)
    guard code >= 0 else { throw BusError("serve objects at \(prefix)", code: code) }
    return hook
  }

  /// Gives every signal that matches to `body`, as long as the hook is held; nil matches any.
  func subscribe(
    sender: String?, path: String? = nil, interface: String, member: String,
    _ body: @escaping (BusMessage, [BusValue]) -> Void
  ) throws(BusError) -> Hook {
    let hook = Hook()
    hook.handle = { message in
      // Signals nobody can read are nobody's.
      if let values = try? message.values() { body(message, values) }
      return 0
    }
    let code = sd_bus_match_signal_async(
      pointer, &hook.slot, sender, path, interface, member, Hook.callback, nil, hook.opaque)
    guard code >= 0 else { throw BusError("subscribe to \(member)", code: code) }
    return hook
  }

  /// Follows who owns a well-known name: `body` sees the unique name of the owner now and of every
  /// later one, nil where there is none.
  func follow(name: String, _ body: @escaping (String?) -> Void) throws(BusError) -> Hook {
    let hook = try subscribe(
      sender: Self.daemon, path: Self.daemonPath, interface: Self.daemon,
      member: "NameOwnerChanged"
    ) { _, values in
      guard values.count == 3, values[0].string == name, let owner = values[2].string else {
        return
      }
      body(owner.isEmpty ? nil : owner)
    }
    call(
      "ask who \(name) is", service: Self.daemon, path: Self.daemonPath, interface: Self.daemon,
      member: "GetNameOwner", [.string(name)], as: "s"
    ) { answer in
      body((try? answer.get())?.first?.string)
    }
    return hook
  }

  /// The interface of properties, of every object.
  static let properties = "org.freedesktop.DBus.Properties"
  /// The interface that lists objects.
  static let objectManager = "org.freedesktop.DBus.ObjectManager"
  private static let daemon = "org.freedesktop.DBus"
  private static let daemonPath = "/org/freedesktop/DBus"
}

/// As a source of events.
extension Bus {
  var descriptor: Int32 { sd_bus_get_fd(pointer) }

  var events: Int16 { Int16(truncatingIfNeeded: max(0, sd_bus_get_events(pointer))) }

  var timeLeft: Duration? {
    var deadline: UInt64 = 0
    guard sd_bus_get_timeout(pointer, &deadline) >= 0, deadline != .max else { return nil }
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec / 1_000)
    return .microseconds(deadline > now ? deadline - now : 0)
  }

  func ready(_ events: Int16) {
    while !isClosed {
      let code = sd_bus_process(pointer, nil)
      if code < 0 || sd_bus_is_open(pointer) <= 0 { isClosed = true }
      if code <= 0 { return }
    }
  }
}

/// A closure that libsystemd calls, and the place it is registered at: let go of it to unregister.
final class Hook {
  fileprivate var slot: OpaquePointer?
  fileprivate var handle: (BusMessage) -> Int32 = { _ in 0 }

  deinit { sd_bus_slot_unref(slot) }

  fileprivate var opaque: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  fileprivate static let callback: sd_bus_message_handler_t = { message, userdata, _ in
    guard let message, let userdata else { return 0 }
    let hook = Unmanaged<Hook>.fromOpaque(userdata).takeUnretainedValue()
    return hook.handle(BusMessage(sharing: message))
  }
}

extension Duration {
  /// Rounded down; 0 where negative.
  var microseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
  }

  /// Rounded up; 0 where negative.
  var milliseconds: Int { Int((microseconds + 999) / 1_000) }
}
