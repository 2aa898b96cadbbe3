import HostProcesses

/// What the host steps of one world share: the processes they have started, which may serve later
/// steps in the background, and the memory of libfaketime.
final class HostSide {
  private var started: ProcessFamily?
  private var memory: ClockMemory?

  /// The processes; they end together, at the latest with the world.
  func family() throws -> ProcessFamily {
    if let started { return started }
    let new = try ProcessFamily()
    started = new
    return new
  }

  /// What programs on another day need beside that day.
  var clockEnvironment: [String: String] {
    if memory == nil { memory = ClockMemory() }
    return memory?.environment ?? [:]
  }

  /// Ends them all.
  func end() {
    started?.end()
    started = nil
    memory?.remove()
    memory = nil
  }
}
