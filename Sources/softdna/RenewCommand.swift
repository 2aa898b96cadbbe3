import ArgumentParser
import Authority
import Foundation
import Issuance
import Terminal
import TokenHost

/// `softdna renew`.
struct RenewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Renew a token: new keys in the token, new certificates for three more years.",
    discussion: """
      Only in the 90 days before expiry, up to the day before, and once. The PINs are those of the \
      scratch card unless given. Where the signature key waits for the token's button, Enter \
      presses it.
      """)

  @OptionGroup var state: StateOption
  @Option(help: "The CNS PIN.") var pin: String?
  @Option(help: "The signature PIN.") var signaturePIN: String?
  @Option(help: "The day of renewal, YYYY-MM-DD; today by default.") var date: Day?

  func run() throws {
    let directory = state.directory
    let slot = try directory.openToken()
    let authority = try directory.openAuthority(clock: date.map { .fixed($0.start) } ?? .real)
    let codes = try directory.readScratchCard()
    Thread.detachNewThread { while readLine() != nil { slot.pressButton() } }
    try failing(status: 1) {
      _ = try slot.powerOn()
      let session = CardSession(slot)
      let number = try CardIssuer(session).cardNumber()
      let device = try authority.device(try CardNumber(number))
      let renewed = try Counter(authority).renew(
        device, card: session, pin: pin ?? codes.pinCNS,
        signaturePIN: signaturePIN ?? codes.pinSignature
      ) { Console.note("  " + $0) }
      Console.print(
        "renewed \(number): valid until \(renewed.expiryDay.adding(days: -1))")
    }
  }
}
