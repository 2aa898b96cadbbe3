import GRDB

/// The database's tables. Instants are seconds since 1970, days are `YYYY-MM-DD`, both UTC.
/// A migration that has been released is never edited; the next one follows it.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 registration, issuance, renewal") { database in
      try database.execute(sql: tables)
    }
    migrator.registerMigration("2 chambers, life, status") { database in
      try database.execute(sql: LifeSchema.tables)
    }
    migrator.registerMigration("3 when a request was judged") { database in
      try database.execute(sql: LifeSchema.judgement)
    }
    migrator.registerMigration("4 answers without writing, passwords by the day") { database in
      try database.execute(sql: LifeSchema.asking)
    }
    return migrator
  }

  private static let tables = """
    CREATE TABLE settings (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seed TEXT,
      baseURL TEXT NOT NULL,
      createdAt INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE issuer (
      name TEXT PRIMARY KEY,
      certificate BLOB NOT NULL
    ) STRICT;

    CREATE TABLE holder (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      codiceFiscale TEXT NOT NULL,
      data TEXT NOT NULL,
      registeredAt INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE device (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      cardNumber TEXT NOT NULL UNIQUE,
      holderId INTEGER NOT NULL REFERENCES holder(id),
      chip TEXT NOT NULL,
      kind TEXT NOT NULL,
      chipSerial BLOB NOT NULL,
      transportKey BLOB NOT NULL,
      userCodeSalt BLOB NOT NULL,
      userCodeHash BLOB NOT NULL,
      administration TEXT NOT NULL,
      personalData BLOB NOT NULL,
      issueDay TEXT NOT NULL,
      expiryDay TEXT NOT NULL,
      renewals INTEGER NOT NULL DEFAULT 0 CHECK (renewals BETWEEN 0 AND 1)
    ) STRICT;
    CREATE INDEX deviceByHolder ON device(holderId);

    -- One pass of a device through the CA: its first certificates, or a renewal.
    CREATE TABLE enrolment (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      deviceId INTEGER NOT NULL REFERENCES device(id),
      kind TEXT NOT NULL CHECK (kind IN ('issuance', 'renewal')),
      state TEXT NOT NULL CHECK (state IN ('ordered', 'certified', 'active', 'abandoned')),
      dnQualifier TEXT NOT NULL UNIQUE,
      expiryDay TEXT NOT NULL,
      orderedAt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX enrolmentByDevice ON enrolment(deviceId);
    -- No device has two enrolments under way.
    CREATE UNIQUE INDEX enrolmentUnderWay ON enrolment(deviceId)
      WHERE state IN ('ordered', 'certified');

    CREATE TABLE certificate (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      enrolmentId INTEGER NOT NULL REFERENCES enrolment(id),
      deviceId INTEGER NOT NULL REFERENCES device(id),
      issuer TEXT NOT NULL REFERENCES issuer(name),
      purpose TEXT NOT NULL,
      serialNumber TEXT NOT NULL,
      publicKey BLOB NOT NULL UNIQUE,
      der BLOB NOT NULL,
      notBefore INTEGER NOT NULL,
      notAfter INTEGER NOT NULL,
      revokedAt INTEGER,
      revocationReason INTEGER,
      UNIQUE (issuer, serialNumber),
      CHECK ((revokedAt IS NULL) = (revocationReason IS NULL))
    ) STRICT;
    CREATE INDEX certificateByDevice ON certificate(deviceId);
    CREATE INDEX certificateByRevocation ON certificate(issuer, revokedAt)
      WHERE revokedAt IS NOT NULL;

    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      deviceId INTEGER REFERENCES device(id),
      holderId INTEGER REFERENCES holder(id),
      kind TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX eventByDevice ON event(deviceId);
    CREATE TRIGGER eventIsNeverChanged BEFORE UPDATE ON event
      BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
    CREATE TRIGGER eventIsNeverDeleted BEFORE DELETE ON event
      BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
    """
}
