public import Foundation
import Synchronization

/// Where the authority takes its time from: every operation asks it, none asks the system.
public struct AuthorityClock: Sendable {
  private let read: @Sendable () -> Date

  private init(_ read: @escaping @Sendable () -> Date) { self.read = read }

  /// The system's time.
  public static let real = AuthorityClock { Date() }

  /// A time that stands still.
  public static func fixed(_ date: Date) -> AuthorityClock { AuthorityClock { date } }

  /// Midnight UTC of `day`, standing still.
  public static func fixed(_ day: Day) -> AuthorityClock { fixed(day.start) }

  /// A time that a scenario moves.
  public static func moved(by clock: MovableClock) -> AuthorityClock {
    AuthorityClock { clock.now }
  }

  /// The system's time of day, so many days away as is said at each question.
  public static func moved(byDays days: @escaping @Sendable () -> Int) -> AuthorityClock {
    AuthorityClock { Date() + Double(days()) * 86_400 }
  }

  /// Now, in whole seconds: what a certificate can say (RFC 5280, 4.1.2.5).
  public var now: Date { Date(timeIntervalSince1970: read().timeIntervalSince1970.rounded(.down)) }

  /// Today, in UTC.
  public var today: Day { Day(now) }
}

/// A time that stands still until somebody moves it; may be shared between threads.
public final class MovableClock: Sendable {
  private let instant: Mutex<Date>

  /// A clock that shows `start`.
  public init(_ start: Date) { instant = Mutex(start) }

  /// What the clock shows.
  public var now: Date { instant.withLock { $0 } }

  /// Sets the clock to `date`, forwards or backwards.
  public func move(to date: Date) { instant.withLock { $0 = date } }

  /// Moves the clock by `seconds` (backwards where negative).
  public func advance(seconds: TimeInterval) { instant.withLock { $0 += seconds } }

  /// Moves the clock by whole days of 86,400 seconds.
  public func advance(days: Int) { advance(seconds: Double(days) * 86_400) }
}
