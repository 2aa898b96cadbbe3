import Authority
import Issuance
import Terminal

extension BenchmarkRow {
  /// Keys made in the card.
  static let keys = [
    BenchmarkRow(
      name: "key-generation", title: "RSA-2048 key pair made in the card",
      floor: "openssl genrsa 2048"
    ) { site in
      let (issued, state) = try site.issued()
      let slot = try site.tokenInMemory()
      let issuer = CardIssuer(CardSession(slot))
      // Only the issuer has keys made.
      try issuer.authenticate(
        transportKey: state.openAuthority().transportKey(of: issued.device))
      let count = site.amount(40, quick: 2)
      return try Measurement.inTurns(
        .time, samples: count, turns: count,
        subject: { try timed { _ = try issuer.generateKey(.authentication) } },
        floor: { try timed { try OpenSSL.generateKey() } })
    }
  ]
}
