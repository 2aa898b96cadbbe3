internal import Glibc
public import Terminal

/// A PC/SC world of its own around one card: a stock pcscd with a stock vpcd reader that only
/// programs started with ``environment`` see. The machine's own pcscd, its socket and its readers
/// stay as they are.
///
/// pcscd's socket path is compiled in, so it runs in a mount namespace where `/run` is another
/// directory; an ordinary user gets one through a user namespace. It ends with this object, with
/// ``stop()`` and with this process, however that ends, and leaves nothing behind.
///
/// vpcd 3.3 listens on every address of the machine, and its other mode, connecting out to us,
/// aborts pcscd as soon as a connection ends. While the card is inserted it holds the only
/// connection vpcd serves; who finds the port while it is removed could plug in a card instead.
public final class PrivateWorld: Sendable {
  /// pcscd's socket, as programs outside the namespace reach it.
  public let socketPath: String
  /// The whole name of the reader with the card.
  public let readerName: String
  /// The whole name of the reader's other slot, empty unless something connects to
  /// ``secondPort``.
  public let secondReaderName: String
  /// The port, on the loopback address, of the slot with the card.
  public let port: UInt16
  /// The port, on the loopback address, of the other slot.
  public var secondPort: UInt16 { port + 1 }

  private let process: WorldProcess
  private let cardEnd: VPCDCardEnd

  /// What to add to a program's environment for it to live in this world.
  public var environment: [String: String] { ["PCSCLITE_CSOCK_NAME": socketPath] }

  /// The daemon of this world, for the host's end in this process.
  public var service: PCSCService { PCSCService(socketPath: socketPath) }

  /// Starts a world with `card` in its reader; returns when programs see the card.
  ///
  /// - Parameter observer: Sees each event of the card in the reader.
  /// - Throws: where something is not installed, not allowed, or not ready in time; the advice
  ///   says what to install or to allow.
  public static func start(
    card: any CardChannel, configuration: Configuration = Configuration(),
    observer: @escaping @Sendable (VPCDCardEnd.Event) -> Void = { _ in }
  ) throws(VirtualReaderError) -> PrivateWorld {
    let deadline = ContinuousClock.now + configuration.timeout
    return try WorldProcess.start(configuration) { process throws(VirtualReaderError) in
      try PrivateWorld(process, card, configuration.readerName, deadline: deadline, observer)
    }
  }

  private init(
    _ process: WorldProcess, _ card: any CardChannel, _ name: String,
    deadline: ContinuousClock.Instant,
    _ observer: @escaping @Sendable (VPCDCardEnd.Event) -> Void
  ) throws(VirtualReaderError) {
    self.process = process
    socketPath = process.directory.socketPath
    port = process.port
    // pcscd adds the number of the reader and of the slot.
    readerName = "\(name) 00 00"
    secondReaderName = "\(name) 00 01"
    do throws(VirtualReaderError) {
      cardEnd = try Self.plugIn(card, process, deadline: deadline, observer)
    } catch {
      process.stop()
      throw error
    }
    do throws(VirtualReaderError) {
      // A card that is present may be one that somebody else put there first.
      try process.waitUntilPresent(in: readerName, deadline: deadline) { cardEnd.isSeen }
    } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  /// Whether somebody put the card into the reader, and nobody took it out.
  public var isInserted: Bool { cardEnd.isInserted }

  /// Whether the reader has asked for the card since it was put in: it is not another one's that
  /// programs see.
  public var isSeen: Bool { cardEnd.isSeen }

  /// Puts the card into the reader; programs see it within 0.4 s.
  public func insert() { cardEnd.insert() }

  /// Takes the card out of the reader; programs see it within 0.4 s.
  public func remove() { cardEnd.remove() }

  /// Returns when programs see what was last done to the card, or false after `timeout`.
  public func waitUntilNoticed(timeout: Duration) -> Bool {
    let deadline = ContinuousClock.now + timeout
    let isInserted = isInserted
    // A card that was out for less than a poll: pcscd still shows the one before.
    while isInserted, !cardEnd.isSeen {
      guard ContinuousClock.now < deadline else { return false }
      usleep(1000)
    }
    return
      (try? service.wait(
        for: isInserted ? .present : .absent, in: readerName,
        timeout: deadline - ContinuousClock.now)) ?? false
  }

  /// Ends the world: when this returns, its processes and its directory are gone.
  public func stop() {
    process.stop()
    cardEnd.stop()
  }

  private static func plugIn(
    _ card: any CardChannel, _ process: WorldProcess, deadline: ContinuousClock.Instant,
    _ observer: @escaping @Sendable (VPCDCardEnd.Event) -> Void
  ) throws(VirtualReaderError) -> VPCDCardEnd {
    while true {
      do throws(VirtualReaderError) {
        return try VPCDCardEnd.connect(card, port: process.port, observer: observer)
      } catch {
        guard error.code == Int(ECONNREFUSED) else { throw error }
        try process.check(deadline: deadline, waitingFor: "vpcd does not listen")
        usleep(20)
      }
    }
  }
}
