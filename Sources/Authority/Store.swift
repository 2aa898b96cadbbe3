import Cryptography
import Foundation
import GRDB
import HostFiles

/// The SQLite database behind the authority: write-ahead log, so that readers never wait for the
/// writer, and a busy timeout, so that processes wait for each other instead of failing. A
/// transaction that was committed survives a power cut.
struct Store: Sendable {
  static let file = "authority.sqlite"
  /// Seconds to wait for another process.
  private static let patience = 30.0
  private let pool: DatabasePool
  private let path: String

  /// Opens or creates the database (mode 0600; SQLite gives its other files the same). The caller
  /// holds the directory's lock.
  init(in directory: Directory) throws(AuthorityError) {
    if !directory.contains(Self.file) {
      try directory.write([], to: Self.file, mode: 0o600)
    }
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(Self.patience)
    // FULL: each commit waits for the disk. OFF: what was committed survives the process only.
    let care = directory.waitsForDisk ? "FULL" : "OFF"
    let take = { @Sendable (database: Database) throws in
      try database.execute(sql: "PRAGMA synchronous = \(care)")
    }
    configuration.prepareDatabase(take)
    let path = directory.path(Self.file)
    self.path = path
    pool = try Self.reporting("opening \(path)", path) {
      let pool = try DatabasePool(path: path, configuration: configuration)
      // The pool has set NORMAL meanwhile, with which a power cut takes the last commits away.
      try pool.writeWithoutTransaction(take)
      try Schema.migrator.migrate(pool)
      return pool
    }
  }

  /// Runs `body` in a transaction that is committed when it returns and undone when it throws.
  func write<T>(
    _ attempted: String, _ body: (Database) throws -> T
  ) throws(AuthorityError) -> T {
    try Self.reporting(attempted, path) { try pool.write(body) }
  }

  /// Runs `body` on one snapshot of the database.
  func read<T>(
    _ attempted: String, _ body: (Database) throws -> T
  ) throws(AuthorityError) -> T {
    try Self.reporting(attempted, path) { try pool.read(body) }
  }

  private static func reporting<T>(
    _ attempted: String, _ path: String, _ body: () throws -> T
  ) throws(AuthorityError) -> T {
    do {
      return try body()
    } catch let error as AuthorityError {
      throw error
    } catch let error as CryptoError {
      throw AuthorityError(attempted, .libcrypto, error.description, code: error.code)
    } catch let error as DatabaseError {
      throw AuthorityError(
        attempted, .database, reason(of: error, path),
        code: UInt(error.extendedResultCode.rawValue))
    } catch {
      throw AuthorityError(attempted, .database, SystemReason.sentence(of: error))
    }
  }

  /// SQLite's reason, with the file and the system's words where the file system is to blame.
  private static func reason(of error: DatabaseError, _ path: String) -> String {
    let words = error.message ?? "no reason given"
    return switch error.resultCode {
    case .SQLITE_FULL: "\(path) cannot be written: \(SystemReason.text(ENOSPC))"
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      // SQLite keeps the system's reason to itself.
      "\(path) cannot be read or written: "
        + (HostFolder.isFull(HostFolder.parent(of: path)) ? SystemReason.text(ENOSPC) : words)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: "\(path) cannot be written: \(words)"
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      "\(path) is in use: another process has not let go of it for \(Int(patience)) s"
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: "\(path) is damaged: \(words)"
    default: words
    }
  }
}
