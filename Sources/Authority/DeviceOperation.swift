/// What a holder may have done to a device, online or at the counter, for a receipt.
public enum DeviceOperation: Equatable, Sendable {
  /// Its certificates go on hold.
  case suspension
  /// The hold ends.
  case reactivation
  /// Its certificates end for good.
  case revocation(because: RevocationCause)
  /// Notices go to another address.
  case eMailChange(to: String)
}

extension Authority {
  /// Does one of these operations.
  ///
  /// - Parameter desk: the provider that is asked; nil: the responsible one.
  /// - Throws: as `suspend`, `reactivate`, `revoke` or `changeEMail`.
  @discardableResult
  public func perform(
    _ operation: DeviceOperation, on device: Device, by requester: Requester,
    at desk: Provider? = nil
  ) throws(AuthorityError) -> Receipt {
    switch operation {
    case .suspension: try suspend(device, by: requester, at: desk)
    case .reactivation: try reactivate(device, by: requester, at: desk)
    case .revocation(let cause): try revoke(device, because: cause, by: requester, at: desk)
    case .eMailChange(let address):
      try changeEMail(of: device, to: address, by: requester, at: desk)
    }
  }
}
