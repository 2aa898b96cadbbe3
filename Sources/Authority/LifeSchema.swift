/// The tables of what happens to a device after its issue, and of what is told about it.
enum LifeSchema {
  static let tables = """
    CREATE TABLE chamber (
      name TEXT PRIMARY KEY,
      policy TEXT NOT NULL,
      adoptedAt INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE application (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      holderId INTEGER NOT NULL REFERENCES holder(id),
      chamber TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('accepted', 'deposited')),
      data TEXT NOT NULL,
      registeredAt INTEGER NOT NULL
    ) STRICT;

    ALTER TABLE device ADD COLUMN chamber TEXT NOT NULL DEFAULT 'test';
    ALTER TABLE device ADD COLUMN provider TEXT NOT NULL DEFAULT 'infocamere-like';
    ALTER TABLE device ADD COLUMN applicationId INTEGER REFERENCES application(id);
    ALTER TABLE device ADD COLUMN replaces INTEGER REFERENCES device(id);
    ALTER TABLE device ADD COLUMN wrongUserCodes INTEGER NOT NULL DEFAULT 0;
    -- What its activation costs; null where the chamber states nothing.
    ALTER TABLE enrolment ADD COLUMN fee TEXT;

    -- What happened to certificates, in order; a null reason means good again. Delta CRLs are
    -- made of it.
    CREATE TABLE statusChange (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      issuer TEXT NOT NULL REFERENCES issuer(name),
      serialNumber TEXT NOT NULL,
      at INTEGER NOT NULL,
      reason INTEGER
    ) STRICT;
    CREATE INDEX statusChangeByIssuer ON statusChange(issuer, id);
    INSERT INTO statusChange (issuer, serialNumber, at, reason)
      SELECT issuer, serialNumber, revokedAt, revocationReason FROM certificate
      WHERE revokedAt IS NOT NULL ORDER BY revokedAt, id;

    CREATE TABLE crl (
      issuer TEXT NOT NULL REFERENCES issuer(name),
      number INTEGER NOT NULL,
      baseNumber INTEGER,
      lastChange INTEGER NOT NULL,
      thisUpdate INTEGER NOT NULL,
      nextUpdate INTEGER NOT NULL,
      der BLOB NOT NULL
    ) STRICT;
    -- A full list and the delta list made with it share their number (RFC 5280, 5.2.3).
    CREATE UNIQUE INDEX crlByNumber ON crl(issuer, number, baseNumber IS NULL);

    -- Delegated OCSP responders, the last of an issuer in use.
    CREATE TABLE responder (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      issuer TEXT NOT NULL REFERENCES issuer(name),
      certificate BLOB NOT NULL,
      privateKey BLOB NOT NULL,
      notBefore INTEGER NOT NULL,
      notAfter INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE receipt (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      number TEXT NOT NULL UNIQUE,
      deviceId INTEGER NOT NULL REFERENCES device(id),
      operation TEXT NOT NULL,
      fee TEXT,
      at INTEGER NOT NULL
    ) STRICT;

    -- The outbox; one message of a kind about one thing.
    CREATE TABLE message (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      deviceId INTEGER NOT NULL REFERENCES device(id),
      kind TEXT NOT NULL,
      about TEXT NOT NULL,
      recipient TEXT NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL,
      at INTEGER NOT NULL,
      UNIQUE (deviceId, kind, about)
    ) STRICT;

    -- The last day whose duties are done.
    CREATE TABLE dayRun (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      day TEXT NOT NULL
    ) STRICT;

    CREATE TABLE remoteCredential (
      id TEXT PRIMARY KEY,
      deviceId INTEGER NOT NULL UNIQUE REFERENCES device(id),
      accessTokenHash BLOB NOT NULL,
      issuer TEXT NOT NULL REFERENCES issuer(name),
      serialNumber TEXT NOT NULL,
      certificate BLOB NOT NULL,
      privateKey BLOB NOT NULL,
      notBefore INTEGER NOT NULL,
      notAfter INTEGER NOT NULL,
      UNIQUE (issuer, serialNumber)
    ) STRICT;
    CREATE TABLE oneTimePassword (
      credentialId TEXT PRIMARY KEY REFERENCES remoteCredential(id),
      salt BLOB NOT NULL,
      hash BLOB NOT NULL,
      expiresAt INTEGER NOT NULL,
      triesLeft INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE signatureActivation (
      hash BLOB PRIMARY KEY,
      credentialId TEXT NOT NULL REFERENCES remoteCredential(id),
      hashes TEXT NOT NULL,
      expiresAt INTEGER NOT NULL
    ) STRICT;
    """

  /// What a deposited request waits for depends on the day its documents were looked at last.
  static let judgement = """
    ALTER TABLE application ADD COLUMN judgedAt INTEGER NOT NULL DEFAULT 0;
    UPDATE application SET judgedAt = registeredAt;
    """

  /// Who asks writes nothing: lists and responders are made for the answer, out of what happened to
  /// certificates and since when it counts. Wrong one-time passwords count by the day.
  static let asking = """
    -- From when on answers tell of it; `at` is what they say.
    ALTER TABLE statusChange ADD COLUMN knownFrom INTEGER NOT NULL DEFAULT 0;
    CREATE TEMP TABLE told AS
      SELECT json_extract(detail, '$.serialNumber') AS serialNumber, at, row_number() OVER
        (PARTITION BY json_extract(detail, '$.serialNumber') ORDER BY id) AS turn
      FROM event WHERE kind IN
        ('certificate-revoked', 'certificate-suspended', 'certificate-reactivated');
    CREATE INDEX temp.toldByTurn ON told(serialNumber, turn);
    CREATE TEMP TABLE turns AS
      SELECT id, row_number() OVER (PARTITION BY serialNumber ORDER BY id) AS turn
      FROM statusChange;
    CREATE INDEX temp.turnById ON turns(id);
    -- 9: because of the chip, dated on its day whenever that was written.
    UPDATE statusChange SET knownFrom = CASE WHEN reason = 9 THEN at ELSE ifnull(
      (SELECT told.at FROM told JOIN turns ON turns.turn = told.turn
        WHERE turns.id = statusChange.id AND told.serialNumber = statusChange.serialNumber), at)
      END;
    DROP TABLE temp.told;
    DROP TABLE temp.turns;
    DROP INDEX statusChangeByIssuer;
    CREATE INDEX statusChangeByTime ON statusChange(issuer, knownFrom);
    CREATE INDEX statusChangeByCertificate ON statusChange(issuer, serialNumber, id, knownFrom);

    -- The last number of the lists that were published before their numbers followed from the books.
    ALTER TABLE issuer ADD COLUMN lastStoredList INTEGER NOT NULL DEFAULT 0;
    UPDATE issuer SET lastStoredList =
      (SELECT ifnull(max(number), 0) FROM crl WHERE crl.issuer = issuer.name);
    DROP TABLE crl;
    DROP TABLE responder;

    -- A device may have several, one after the other.
    CREATE TABLE nextRemoteCredential (
      id TEXT PRIMARY KEY,
      deviceId INTEGER NOT NULL REFERENCES device(id),
      accessTokenHash BLOB NOT NULL,
      issuer TEXT NOT NULL REFERENCES issuer(name),
      serialNumber TEXT NOT NULL,
      certificate BLOB NOT NULL,
      privateKey BLOB NOT NULL,
      notBefore INTEGER NOT NULL,
      notAfter INTEGER NOT NULL,
      UNIQUE (issuer, serialNumber)
    ) STRICT;
    INSERT INTO nextRemoteCredential SELECT * FROM remoteCredential;
    DROP TABLE remoteCredential;
    ALTER TABLE nextRemoteCredential RENAME TO remoteCredential;
    CREATE INDEX remoteCredentialByDevice ON remoteCredential(deviceId);

    CREATE TABLE wrongPassword (
      deviceId INTEGER PRIMARY KEY REFERENCES device(id),
      day TEXT NOT NULL,
      count INTEGER NOT NULL
    ) STRICT;
    """
}
