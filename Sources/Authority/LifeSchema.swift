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
}
