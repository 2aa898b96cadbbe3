import Foundation
import GRDB

extension Authority {
  /// Years that certificates, and a renewal, last.
  public static let validityYears = 3

  /// Registers a holder.
  ///
  /// - Throws: rule `field` where a field is wrong; nothing is written then.
  public func register(_ holder: Holder) throws(AuthorityError) -> RegisteredHolder {
    let attempted = "registering a holder"
    try holder.validate()
    let now = clock.now
    guard holder.birthDate < Day(now) else {
      throw AuthorityError(attempted, .field("birthDate"), "\(holder.birthDate) is not past")
    }
    return try store.write(attempted) { try insert(holder, now, $0) }
  }

  /// A card number of the test range that no device has. It is taken once a device is ordered
  /// with it; seeded, it is the same again until then.
  ///
  /// - Throws: rules `database`, `libcrypto`.
  public func allocateCardNumber() throws(AuthorityError) -> CardNumber {
    try store.read("allocating a card number") { try freeCardNumber($0) }
  }

  // MARK: - Inside a transaction

  func insert(_ holder: Holder, _ now: Date, _ database: Database) throws -> RegisteredHolder {
    try database.execute(
      sql: "INSERT INTO holder (codiceFiscale, data, registeredAt) VALUES (?, ?, ?)",
      arguments: [holder.codiceFiscale, try JSON.encode(holder), now.seconds])
    let id = database.lastInsertedRowID
    try EventLog(database, now).append(.holderRegistered, holder: id)
    return RegisteredHolder(id: id, holder: holder, registeredAt: now)
  }
}
