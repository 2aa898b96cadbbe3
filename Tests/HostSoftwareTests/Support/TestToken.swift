import Foundation
import Testing

/// The personas a chip has for the host.
enum TestChip: String, CaseIterable, CustomTestStringConvertible {
  case current
  case cosmoV9 = "cosmo-v9"
  case jsign3

  var testDescription: String { rawValue }

  /// What the card answers to reset.
  var atr: String {
    switch self {
    case .current:
      "3b:ff:18:00:00:81:31:fe:45:00:6b:15:0c:03:02:01:01:01:43:4e:53:11:31:80:60"
    case .cosmoV9:
      "3b:ff:18:00:00:81:31:fe:45:00:6b:05:05:20:00:01:21:01:43:4e:53:11:31:80:78"
    case .jsign3:
      "3b:ff:18:00:00:81:31:fe:55:00:6b:02:09:06:03:01:01:01:43:4e:53:11:31:80:66"
    }
  }
}

/// A key of the token, and how host software names it.
enum TestKey: String, CaseIterable, CustomTestStringConvertible {
  case cns
  case signature

  var testDescription: String { rawValue }
  var slot: Int { self == .cns ? 0 : 1 }
  /// The PKCS#11 and PKCS#15 object identifier.
  var id: String { self == .cns ? "01" : "10" }
  /// The PIN's reference, as P2 of VERIFY.
  var reference: String { self == .cns ? "10" : "1A" }
  var pin: String { self == .cns ? "$SOFTDNA_PIN" : "$SOFTDNA_SIGNATURE_PIN" }
  var puk: String { self == .cns ? "$SOFTDNA_PUK" : "$SOFTDNA_SIGNATURE_PUK" }

  /// pkcs11-tool, logged in to the key's slot.
  var pkcs11Tool: String {
    "pkcs11-tool --module \"$PKCS11_MODULE\" --slot-index \(slot) --login --pin \"\(pin)\""
  }

  /// The key's RFC 7512 name without the leading scheme; OpenSC makes the token's label.
  func uri(_ type: String) -> String {
    "pkcs11:token=NESSUNA%20PROVA%20TEST%20%28PIN%20CNS\(slot)%29;id=%\(id);type=\(type)"
      + ";pin-value=\(pin)"
  }
}

/// A token issued to the fictitious holder, in a folder of its own.
struct TestToken: Sendable {
  let folder: TemporaryFolder
  var state: String { folder.path("state") }

  /// Issues one. The seed makes every one of them alike.
  init(_ chip: TestChip = .current, _ further: String...) async throws {
    try await self.init(chip, further)
  }

  /// As `init(_:_:)`, with further options of `softdna issue`.
  init(_ chip: TestChip, _ further: [String]) async throws {
    folder = try TemporaryFolder()
    let outcome = try await Softdna.run(
      ["issue", "--state", folder.path("state"), "--seed", "1", "--chip", chip.rawValue] + further,
      in: folder)
    try #require(outcome.status == 0, "\(outcome)")
  }

  /// Runs a shell script in a PC/SC world that holds the token; the script ends where a command
  /// in it fails.
  func exec(
    _ script: String,
    beside body: @escaping @Sendable (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Outcome {
    try await Softdna.run(
      ["exec", "--state", state, "--", "sh", "-euc", script], in: folder, beside: body)
  }

  /// As `exec`, for a script that must succeed.
  @discardableResult
  func succeed(_ script: String, _ location: SourceLocation = #_sourceLocation) async throws
    -> Outcome
  {
    let outcome = try await exec(script)
    try #require(outcome.status == 0, "\(outcome)", sourceLocation: location)
    return outcome
  }
}
