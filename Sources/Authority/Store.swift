import Cryptography
import Foundation
import GRDB

/// The SQLite database behind the authority: write-ahead log, so that readers never wait for the
/// writer, and a busy timeout, so that processes wait for each other instead of failing.
struct Store: Sendable {
  static let file = "authority.sqlite"
  private let pool: DatabasePool

  /// Opens or creates the database (mode 0600; SQLite gives its other files the same). The caller
  /// holds the directory's lock.
  init(in directory: Directory) throws(AuthorityError) {
    if !directory.contains(Self.file) {
      try directory.write([], to: Self.file, mode: 0o600)
    }
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(30)
    let waitsForDisk = directory.waitsForDisk
    if !waitsForDisk { configuration.prepareDatabase(Self.trustProcess) }
    let path = directory.path(Self.file)
    pool = try Self.reporting("opening \(path)") {
      let pool = try DatabasePool(path: path, configuration: configuration)
      // The pool has set its own degree of care meanwhile.
      if !waitsForDisk { try pool.writeWithoutTransaction(Self.trustProcess) }
      try Schema.migrator.migrate(pool)
      return pool
    }
  }

  /// What was committed survives this process, not a loss of power.
  private static func trustProcess(_ database: Database) throws {
    try database.execute(sql: "PRAGMA synchronous = OFF")
  }

  /// Runs `body` in a transaction that is committed when it returns and undone when it throws.
  func write<T>(
    _ attempted: String, _ body: (Database) throws -> T
  ) throws(AuthorityError) -> T {
    try Self.reporting(attempted) { try pool.write(body) }
  }

  /// Runs `body` on one snapshot of the database.
  func read<T>(
    _ attempted: String, _ body: (Database) throws -> T
  ) throws(AuthorityError) -> T {
    try Self.reporting(attempted) { try pool.read(body) }
  }

  private static func reporting<T>(
    _ attempted: String, _ body: () throws -> T
  ) throws(AuthorityError) -> T {
    do {
      return try body()
    } catch let error as AuthorityError {
      throw error
    } catch let error as CryptoError {
      throw AuthorityError(attempted, .libcrypto, error.description, code: error.code)
    } catch let error as DatabaseError {
      throw AuthorityError(
        attempted, .database, error.message ?? "no reason given",
        code: UInt(error.extendedResultCode.rawValue))
    } catch {
      throw AuthorityError(attempted, .database, "\(error)")
    }
  }
}
