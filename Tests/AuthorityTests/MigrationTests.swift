import Foundation
import GRDB
import Testing

@testable import Authority

@Suite("Books of an earlier version")
struct MigrationTests {
  @Test("changes count from when they were told; list numbers go on; remote credentials stay")
  func answersWithoutWriting() throws {
    let workplace = try Workplace()
    let queue = try DatabaseQueue(path: workplace.file("old.sqlite"))
    try Schema.migrator.migrate(queue, upTo: "3 when a request was judged")
    try queue.write { database in
      try database.execute(
        sql: """
          INSERT INTO settings VALUES (1, NULL, 'http://127.0.0.1:8750', 0);
          INSERT INTO issuer VALUES ('a-cns', x''), ('a-qualified', x'');
          INSERT INTO holder VALUES (1, 'X', '{}', 0);
          INSERT INTO device (id, cardNumber, holderId, chip, kind, chipSerial, transportKey,
            userCodeSalt, userCodeHash, administration, personalData, issueDay, expiryDay)
            VALUES (1, '1', 1, 'current', 'token', x'', x'', x'', x'', '{}', x'', '', '');
          INSERT INTO statusChange (issuer, serialNumber, at, reason) VALUES
            ('a-cns', 'AA', 100, 6), ('a-cns', 'BB', 150, 1), ('a-cns', 'AA', 100, 1),
            ('a-qualified', 'CC', 120, 9);
          INSERT INTO event (at, deviceId, kind, detail) VALUES
            (100, 1, 'certificate-suspended', '{"serialNumber":"AA"}'),
            (150, 1, 'certificate-revoked', '{"serialNumber":"BB"}'),
            (160, 1, 'message-sent', '{}'),
            (200, 1, 'certificate-revoked', '{"serialNumber":"AA"}'),
            (900, 1, 'certificate-revoked', '{"serialNumber":"CC"}');
          INSERT INTO crl VALUES ('a-cns', 41, NULL, 0, 0, 0, x''), ('a-cns', 42, 41, 0, 0, 0, x'');
          INSERT INTO remoteCredential VALUES ('TEST-1', 1, x'', 'a-cns', 'DD', x'', x'', 0, 1);
          INSERT INTO oneTimePassword VALUES ('TEST-1', x'', x'', 1, 3);
          """)
    }
    try Schema.migrator.migrate(queue)
    try queue.read { database in
      #expect(
        try Int.fetchAll(database, sql: "SELECT knownFrom FROM statusChange ORDER BY id")
          == [100, 150, 200, 120])
      #expect(
        try Int.fetchAll(database, sql: "SELECT lastStoredList FROM issuer ORDER BY name")
          == [42, 0])
      #expect(try String.fetchAll(database, sql: "SELECT id FROM remoteCredential") == ["TEST-1"])
      #expect(try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM oneTimePassword") == 1)
      let broken = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check")
      #expect(broken.isEmpty)
    }
  }
}
