import ArgumentParser
import Issuance

/// The options that choose a token's rules for PINs and the signature key.
struct PolicyOptions: ParsableArguments {
  @Option(help: "Wrong PINs in a row before it is blocked, 1 to 15.") var pinTries: UInt8 = 3
  @Option(help: "Wrong PUKs in a row before it is blocked for good, 1 to 15.")
  var pukTries: UInt8 = 10
  @Option(name: .customLong("shortest-pin"), help: "Fewest digits of a PIN, 1 to 8.")
  var shortestPIN: UInt8 = 5
  @Flag(
    name: .customLong("per-signature-pin"),
    help: "The signature PIN is good for one signature.")
  var perSignaturePIN = false
  @Flag(
    name: .customLong("transport-pin"),
    help: "The PINs open nothing before they are changed.")
  var transportPIN = false
  @Flag(help: "The signature key waits for the token's button.") var button = false

  var policy: ReferencePolicy {
    var policy = ReferencePolicy.standard
    policy.pinTries = pinTries
    policy.pukTries = pukTries
    policy.shortestPIN = shortestPIN
    policy.isSignaturePINPerUse = perSignaturePIN
    policy.hasTransportPINs = transportPIN
    policy.asksForButton = button
    return policy
  }
}
