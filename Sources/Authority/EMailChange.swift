import GRDB

extension Authority {
  /// Changes the address that notices about a device go to; no certificate shows it.
  ///
  /// - Throws: rule `field` for what is no address; `policy` where the chamber offers this only for
  ///   devices issued later; `unknown`, `provider`, `userCode`, `state`.
  @discardableResult
  public func changeEMail(
    of device: Device, to eMail: String, by requester: Requester, at desk: Provider? = nil
  ) throws(AuthorityError) -> Receipt {
    let attempted = "changing the e-mail address of device \(device.cardNumber)"
    let eMail = try EMailAddress(eMail).description
    return try act(attempted, device, requester, desk) { attempted, device, log in
      let policy = try self.policy(of: device.chamber, log.database)
      if let first = policy.eMailChangeForDevicesFrom, device.issueDay < first {
        throw AuthorityError(
          attempted, .policy("eMailChangeForDevicesFrom"),
          "it was issued on \(device.issueDay); \(device.chamber) offers this for devices issued "
            + "from \(first) on")
      }
      guard var holder = try self.fetchHolder(device.holderID, log.database)?.holder else {
        throw AuthorityError(attempted, .unknown, "no holder \(device.holderID)")
      }
      holder.eMail = eMail
      try log.database.execute(
        sql: "UPDATE holder SET data = ? WHERE id = ?",
        arguments: [try JSON.encode(holder), device.holderID])
      try log.append(
        .eMailChanged, device: device.id, holder: device.holderID,
        ["by": requester.name, "eMail": eMail])
      return try self.write(.eMailChange, .free, for: device, log)
    }
  }
}
