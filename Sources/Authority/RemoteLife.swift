import GRDB

/// What happens to a device happens to the certificates of its remote signatures, but for the day of
/// its chip: they are meant for after it.
extension Authority {
  /// Suspends them with the device.
  func suspendRemote(of device: Device, _ log: EventLog) throws {
    for credential in try currentRemote(of: device, log) where credential.revocation == nil {
      try change(credential, to: .certificateHold, log)
    }
  }

  /// Makes them good again with the device.
  func reactivateRemote(of device: Device, _ log: EventLog) throws {
    for credential in try currentRemote(of: device, log)
    where credential.revocation?.reason == .certificateHold {
      try change(credential, to: nil, log)
    }
  }

  /// Revokes them with the device.
  func revokeRemote(of device: Device, _ reason: RevocationReason, _ log: EventLog) throws {
    for credential in try currentRemote(of: device, log)
    where credential.revocation.map({ $0.reason == .certificateHold }) ?? true {
      try change(credential, to: reason, log)
    }
  }

  private func currentRemote(of device: Device, _ log: EventLog) throws -> [RemoteCredential] {
    try Row.fetchAll(
      log.database, sql: "SELECT * FROM remoteCredential WHERE deviceId = ? AND notAfter >= ?",
      arguments: [device.id, log.now.seconds]
    ).map { try self.remoteCredential($0, log.now, log.database) }
  }

  private func change(
    _ credential: RemoteCredential, to reason: RevocationReason?, _ log: EventLog
  ) throws {
    let at = reason == nil ? log.now : credential.revocation?.at ?? log.now
    try record(
      StatusChange(
        issuer: credential.issuerName, serialNumber: credential.serialNumber,
        purpose: "remote-signature", at: at, reason: reason, knownFrom: log.now),
      device: credential.deviceID, log)
  }
}

extension RevocationCause {
  /// What the lists say of the certificate of the remote signature: its key is the authority's, in
  /// nobody else's hands whatever became of the device.
  var remoteReason: RevocationReason {
    switch self {
    case .loss, .theft, .breakage, .involuntaryBlock: .cessationOfOperation
    case .dataChange: .affiliationChanged
    }
  }
}
