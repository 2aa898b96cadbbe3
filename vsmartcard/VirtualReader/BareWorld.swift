/// A private pcscd whose card is another program's: the floor under ``PrivateWorld``.
///
/// pcscd, driver and namespaces are the same; nothing of this process takes part but that it looks
/// whether the card is present.
public final class BareWorld: Sendable {
  private let process: WorldProcess
  private let card: CardProgram

  /// Starts pcscd and a program with a card; returns when programs see the card.
  ///
  /// - Parameter program: the program and its arguments, without the host and the port of vpcd,
  ///   which come last. It has to try until vpcd listens.
  /// - Throws: as `PrivateWorld.start`.
  public static func start(
    program: [String],
    configuration: PrivateWorld.Configuration = PrivateWorld.Configuration()
  ) throws(VirtualReaderError) -> BareWorld {
    let deadline = ContinuousClock.now + configuration.timeout
    return try WorldProcess.start(configuration) { process throws(VirtualReaderError) in
      try BareWorld(process, program, configuration.readerName + " 00 00", deadline)
    }
  }

  private init(
    _ process: WorldProcess, _ program: [String], _ readerName: String,
    _ deadline: ContinuousClock.Instant
  ) throws(VirtualReaderError) {
    self.process = process
    do throws(VirtualReaderError) {
      card = try CardProgram(program + [VPCDCardEnd.defaultHost, String(process.port)])
    } catch {
      process.stop()
      throw error
    }
    do throws(VirtualReaderError) {
      try process.waitUntilPresent(in: readerName, deadline: deadline) { true }
    } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  /// Ends the world: when this returns, its processes and its directory are gone.
  public func stop() {
    process.stop()
    card.stop()
  }
}
