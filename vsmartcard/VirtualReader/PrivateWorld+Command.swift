internal import HostProcesses

extension PrivateWorld {
  /// Runs a command in this world, in the foreground of our terminal, and waits for it; see
  /// ``ForegroundCommand``.
  ///
  /// - Parameter additions: Variables added to our environment beside those of the world.
  /// - Returns: Its exit status; 128 + n for signal n, 127 not found, 126 not executable.
  public func run(_ arguments: [String], environment additions: [String: String] = [:]) -> Int32 {
    ForegroundCommand.run(
      arguments, adding: additions.merging(environment) { _, world in world })
  }
}
