public import Foundation
import GRDB

/// A message to a holder: a row of the outbox, and an .eml file beside the database.
public struct Message: Codable, Equatable, Sendable, Identifiable {
  /// What it is about.
  public enum Kind: String, Codable, Sendable {
    /// The certificates will expire.
    case expiry
    /// The subscription certificate was revoked because of its chip.
    case chipRevocation = "chip-revocation"
    /// A remote one-shot signature is offered.
    case remoteSignatureOffer = "remote-signature-offer"
    /// The one-time password of a remote signature.
    case oneTimePassword = "one-time-password"
    /// Wrong one-time passwords have locked the remote signature for the day.
    case remoteSignatureLock = "remote-signature-lock"
  }

  /// Its place in the outbox.
  public let id: Int64
  /// The device it is about.
  public let deviceID: Int64
  /// What it is about.
  public let kind: Kind
  /// The address.
  public let recipient: String
  /// The subject, ASCII.
  public let subject: String
  /// The text.
  public let body: String
  /// When it was written.
  public let at: Date

  /// The file's name in `outbox/`.
  public var fileName: String {
    let digits = String(id)
    return String(repeating: "0", count: max(0, 6 - digits.count))
      + "\(digits)-\(kind.rawValue).eml"
  }
}

extension Authority {
  static let outboxFolder = "outbox"

  /// Every message written so far, oldest first.
  ///
  /// - Throws: rule `database`.
  public func messages(to device: Device? = nil) throws(AuthorityError) -> [Message] {
    try store.read("reading the outbox") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM message WHERE ?1 IS NULL OR deviceId = ?1 ORDER BY id",
        arguments: [device?.id]
      ).map { try Message($0) }
    }
  }

  /// Writes the .eml files that are not there yet. The row is what counts: a file that a crash kept
  /// from being written is written the next time.
  func deliver() throws(AuthorityError) {
    let pending = try messages().filter {
      !state.contains("\(Self.outboxFolder)/\($0.fileName)")
    }
    guard !pending.isEmpty else { return }
    let outbox = state.directory(Self.outboxFolder)
    try outbox.create()
    // Other processes and threads may deliver the same message: it is the same file then.
    for message in pending {
      try outbox.write(Array(message.text.utf8), to: message.fileName, mode: 0o600)
    }
  }

  // MARK: - Inside a transaction

  /// Puts a message into the outbox, unless there is one of this kind about the same thing.
  @discardableResult
  func post(
    _ kind: Message.Kind, about: String, to device: Device, _ subject: String, _ body: String,
    _ log: EventLog
  ) throws -> Message? {
    guard let holder = try fetchHolder(device.holderID, log.database)?.holder else { return nil }
    try log.database.execute(
      sql: """
        INSERT OR IGNORE INTO message (deviceId, kind, about, recipient, subject, body, at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        device.id, kind.rawValue, about, holder.eMail, subject, body, log.now.seconds,
      ])
    guard log.database.changesCount == 1 else { return nil }
    let message = Message(
      id: log.database.lastInsertedRowID, deviceID: device.id, kind: kind,
      recipient: holder.eMail, subject: subject, body: body, at: log.now)
    try log.append(
      .messageSent, device: device.id, ["kind": kind.rawValue, "recipient": holder.eMail])
    return message
  }
}

extension Message {
  init(_ row: Row) throws {
    id = row["id"]
    deviceID = row["deviceId"]
    kind = try row.decoded("kind")
    recipient = row["recipient"]
    subject = row["subject"]
    body = row["body"]
    at = row.instant("at")
  }
}
