import Foundation
import Synchronization

/// How many connections a server holds at once: as many as its process may have descriptors for, with
/// enough left for the database, files and threads.
final class ConnectionSlots: Sendable {
  /// The process may have too few descriptors open.
  struct TooFew: Error, CustomStringConvertible {
    let allowed: Int
    let needed: Int
    var description: String {
      "the process may have \(allowed) files open (ulimit -n); the server needs \(needed) at least"
    }
  }

  /// More would serve nobody on one machine.
  private static let most = 4096
  private static let fewest = 8
  /// SQLite's readers and writer with three files each, messages, CAs.
  private static let spare = 48

  /// So many are answered.
  let served: Int
  /// So many more are told that the server is busy; what comes then waits to be accepted.
  let refused: Int
  private let open = Mutex(0)

  /// Slots for the present limit (RLIMIT_NOFILE) of this process.
  init() throws(TooFew) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let allowed = Int(clamping: limit.rlim_cur)
    let inUse = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 16
    // An event loop, one for each processor, has three.
    let kept = inUse + Self.spare + 3 * (ProcessInfo.processInfo.activeProcessorCount + 1)
    let free = allowed - kept
    guard free >= 2 * Self.fewest else {
      throw TooFew(allowed: allowed, needed: kept + 2 * Self.fewest)
    }
    refused = min(max(Self.fewest, free / 8), 256)
    served = min(free - refused, Self.most)
  }

  /// Takes a slot; false where all are taken.
  func take() -> Bool {
    open.withLock { open in
      guard open < served else { return false }
      open += 1
      return true
    }
  }

  /// Gives a slot back that was taken.
  func giveBack() { open.withLock { $0 -= 1 } }
}
