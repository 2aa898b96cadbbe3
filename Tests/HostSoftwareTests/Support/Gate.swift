import Foundation

/// Lets a few tests in at a time: each runs several processes, and readers have deadlines.
actor Gate {
  static let tests = Gate(width: max(2, ProcessInfo.processInfo.activeProcessorCount) + 1)

  /// Set inside the gate: a test whose suite has passed it must not wait for itself.
  @TaskLocal private static var isInside = false

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(width: Int) { free = width }

  /// Runs `body` inside.
  nonisolated func pass(_ body: @Sendable () async throws -> Void) async throws {
    guard !Self.isInside else { return try await body() }
    await enter()
    do { try await Self.$isInside.withValue(true, operation: body) } catch {
      await leave()
      throw error
    }
    await leave()
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
