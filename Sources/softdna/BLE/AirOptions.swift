import ArgumentParser
import Terminal

/// How a token is on the air.
struct AirOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Let hosts be paired for so long from the start; later: softdna ctl pair.",
      valueName: "seconds"))
  var pairing: Int?
  @Flag(help: "Compare a number with the host's and confirm it here, if the host can, too.")
  var confirm = false
  @Flag(help: "Offer no L2CAP channel: hosts use GATT alone.") var gattOnly = false
  @Flag(help: "Print events as JSON lines on standard output.") var json = false
  @Option(
    help: ArgumentHelp(
      "How long an interface waits while another one uses the card.", valueName: "seconds"))
  var shareAfter = 10.0
  @Option(
    help: ArgumentHelp(
      "For tests: disconnect hosts that do not secure their link in so long.",
      valueName: "seconds", visibility: .hidden))
  var unsecured = 30
  @Option(
    help: ArgumentHelp(
      "For tests: keep each answer back for so long.", valueName: "milliseconds",
      visibility: .hidden))
  var slow = 0
  @Option(
    help: ArgumentHelp(
      "For tests: have key generation take so much longer.", valueName: "milliseconds",
      visibility: .hidden))
  var slowGeneration = 0

  func validate() throws {
    guard pairing.map({ (1...3600).contains($0) }) ?? true else {
      throw ValidationError("--pairing takes 1 to 3600 seconds")
    }
    guard shareAfter >= 0, shareAfter <= 3600, slow >= 0, slowGeneration >= 0,
      (1...3600).contains(unsecured)
    else {
      throw ValidationError(
        "--share-after takes 0 to 3600 seconds, --slow what is not negative, "
          + "--unsecured 1 to 3600 seconds")
    }
  }

  /// The card, slowed down where that is asked for.
  func slowed(_ card: any CardChannel) -> any CardChannel {
    guard slow > 0 || slowGeneration > 0 else { return card }
    return SlowCard(
      card, everything: .milliseconds(slow), generation: .milliseconds(slowGeneration))
  }
}
