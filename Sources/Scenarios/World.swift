public import Authority
import Cryptography
import Foundation
import HostFiles
import HostProcesses
public import Issuance
public import Terminal

/// What a scenario's steps act on: the authority, the token on its workbench, the clock, the codes
/// the holder knows.
public final class World {
  /// The scenario being told.
  public let scenario: Scenario
  /// What day it is, for authority and scenario alike.
  public let clock: MovableClock
  /// The counter with its authority.
  public let counter: Counter
  private let workbench: any Workbench
  /// Where the world's files are; gone with it.
  private let folder: ThrowawayFolder
  /// Not the folder itself, whose lock says that it is in use: the authority locks its own.
  var directory: String { folder.path + "/world" }
  /// The host software that was started in it; ended with it.
  let hostSide = HostSide()
  /// Where the chip's memory is kept in a file, or nil.
  private let image: String?
  private var randomness: Randomness
  private var eventsSeen = 0

  private var token: (any PluggedToken)?
  private var openSession: CardSession?
  /// The transport key of the chip that is plugged in.
  private(set) var transportKey: [UInt8]?
  /// The device as the authority knows it; nil before `issue`.
  public private(set) var device: Device?
  /// The device before the present one.
  private(set) var replacedDevice: Device?
  /// What the holder knows: the codes of the scratch card, and what became of them.
  public private(set) var codes: [Code: String] = [:]
  /// The scratch card that came with the device; nil before `issue`.
  private(set) var scratchCard: ScratchCard?
  /// What steps captured.
  private(set) var captures: [String: String] = [:]
  /// Every exchange with the card, in order.
  public private(set) var exchanges: [Exchange] = []

  /// A world of its own in a fresh directory.
  ///
  /// - Parameter keepsImage: the chip's memory is a file in the directory.
  init(_ scenario: Scenario, on workbench: any Workbench, keepsImage: Bool) throws {
    self.scenario = scenario
    self.workbench = workbench
    randomness = .seeded(scenario.seed, label: "scenario")
    folder = try ThrowawayFolder()
    image = keepsImage ? folder.path + "/world/token.nv" : nil
    clock = MovableClock(scenario.date.start)
    var settings = Authority.Settings(seed: scenario.seed)
    settings.isThrowaway = true
    counter = Counter(
      try Authority(directory: folder.path + "/world", settings: settings, clock: .moved(by: clock))
    )
    if let policy = scenario.chamber { try counter.authority.adopt(policy) }
  }

  /// Takes the token away, and ends the host software.
  private func unplug() {
    hostSide.end()
    token?.unplug()
    token = nil
    openSession = nil
  }

  /// Leaves the chip's memory and the authority's books in a folder. The token is unplugged for it.
  func copyFiles(to folder: String) throws(FileFailure) {
    unplug()
    for name in ["token.nv", "authority.sqlite", "authority.sqlite-wal", "ca/chain.pem"] {
      let target = folder + "/" + (name as NSString).lastPathComponent
      let source = directory + "/" + name
      if FileManager.default.fileExists(atPath: source) {
        try HostFile.copy(source, to: target)
      } else {
        // An earlier run's would pass for this one's.
        try HostFile.remove(target)
      }
    }
  }

  /// Takes the token away and forgets everything.
  func end() {
    unplug()
    folder.remove()
  }

  /// The PINs and PUKs of a token.
  public enum Code: Hashable, Sendable {
    /// PIN of a key.
    case pin(KeyName)
    /// PUK of a key.
    case puk(KeyName)

    /// Every code of a token.
    public static let all: [Code] = [.pin(.cns), .puk(.cns), .pin(.signature), .puk(.signature)]

    /// The variable of the environment that tells it to host software, and to us of a card that was
    /// not issued here.
    public var variable: String {
      switch self {
      case .pin(.cns): "SOFTDNA_PIN"
      case .puk(.cns): "SOFTDNA_PUK"
      case .pin(.signature): "SOFTDNA_SIGNATURE_PIN"
      case .puk(.signature): "SOFTDNA_SIGNATURE_PUK"
      }
    }
  }

  /// A step that needs a token comes before one that makes one.
  static let noToken = StepFailure("there is no token yet: the step issue must come first")

  /// The session with the token.
  ///
  /// - Throws: where no step has issued one.
  func card() throws(StepFailure) -> CardSession {
    guard let openSession else {
      throw Self.noToken
    }
    return openSession
  }

  /// The device in the authority's books.
  ///
  /// - Throws: where no step has issued one.
  func issuedDevice() throws(StepFailure) -> Device {
    guard let device else {
      throw Self.noToken
    }
    return device
  }

  /// Takes a chip from the factory and opens a session with it; an older one is unplugged.
  func plugIn(_ order: ChipOrder) throws(StepFailure) -> CardSession {
    unplug()
    do {
      if let image { try HostFile.remove(image, waitsForDisk: false) }
      let plugged = try workbench.manufacture(order, seed: scenario.seed, image: image)
      transportKey = order.transportKey
      return try open(plugged)
    } catch {
      throw StepFailure("the token cannot be plugged in: \(error)")
    }
  }

  /// Takes the issued card that is there into use; false where there is none and one must be issued.
  func takeCardThatIsThere() throws(StepFailure) -> Bool {
    do {
      guard let card = try workbench.cardThatIsThere() else { return false }
      codes = card.codes
      _ = try open(card.token)
      return true
    } catch {
      throw StepFailure("the card in the reader cannot be used: \(error)")
    }
  }

  private func open(_ plugged: any PluggedToken) throws -> CardSession {
    token = plugged
    let session = CardSession(plugged.channel) { [unowned self] in exchanges.append($0) }
    _ = try plugged.channel.powerOn()
    openSession = session
    return session
  }

  /// Refuses a step that does more to the card than may be done to it.
  func permit(_ step: any Step) throws(StepFailure) {
    guard let problem = workbench.refusal(of: step.use) else { return }
    throw StepFailure("\(problem); nothing was sent")
  }

  /// The token on the workbench.
  ///
  /// - Throws: where there is none.
  func plugged() throws(StepFailure) -> any PluggedToken {
    guard let token else {
      throw Self.noToken
    }
    return token
  }

  /// The authority knows the device like this now; another device takes the place of the last one.
  func update(_ device: Device) {
    if let before = self.device, before.id != device.id { replacedDevice = before }
    self.device = device
  }

  /// The holder was handed this scratch card.
  func handOut(_ card: ScratchCard) {
    scratchCard = card
    codes = [
      .pin(.cns): card.pinCNS, .puk(.cns): card.pukCNS, .pin(.signature): card.pinSignature,
      .puk(.signature): card.pukSignature,
    ]
  }

  /// A step found this out.
  func capture(_ name: String, _ value: String) { captures[name] = value }

  /// What the authority wrote into its log since the last time somebody asked.
  func newEvents() -> [Event] {
    guard let all = try? counter.authority.events() else { return [] }
    defer { eventsSeen = all.count }
    return Array(all[min(eventsSeen, all.count)...])
  }

  /// Bytes that follow from the scenario's seed.
  func randomBytes(_ count: Int) -> [UInt8] { randomness.bytes(count) }

  /// The certificate of a key, read from the card.
  func certificateOnCard(_ key: KeyName) throws(StepFailure) -> X509Certificate {
    let session = try card()
    let der: [UInt8]?
    do throws(CardError) { der = try CardIssuer(session).readCertificate(of: key.slot) } catch {
      throw StepFailure("\(error)")
    }
    guard let der else { throw StepFailure("there is no \(key.rawValue) certificate on the card") }
    do throws(CryptoError) { return try X509Certificate(der: der) } catch {
      throw StepFailure("\(error)")
    }
  }

  /// The holder knows this code now.
  func learn(_ code: Code, _ value: String) { codes[code] = value }

  /// The code the scenario gives, or the one the holder knows.
  func code(_ code: Code, or written: String?) throws(StepFailure) -> String {
    if let written { return written }
    if let known = codes[code] { return known }
    guard openSession == nil || scratchCard != nil || transportKey != nil else {
      throw StepFailure("nobody told this code of the card: set \(code.variable)")
    }
    throw Self.noToken
  }

  /// Sends a command and returns its answer; a broken wire fails the step.
  func send(
    ins: UInt8, p1: UInt8 = 0, p2: UInt8 = 0, data: [UInt8] = [], ne: Int? = nil
  ) throws(StepFailure) -> CardResponse {
    let session = try card()
    do throws(ChannelError) {
      return try session.send(ins: ins, p1: p1, p2: p2, data: data, ne: ne)
    } catch {
      throw StepFailure("\(error)")
    }
  }

  /// SELECT by path; a refusal fails the step.
  func select(_ path: CardPath) throws(StepFailure) {
    let session = try card()
    do throws(CardError) { try session.select(path) } catch { throw StepFailure("\(error)") }
  }
}

/// The two keys of a token, as scenarios name them.
public enum KeyName: String, CaseIterable, Sendable {
  /// CNS authentication.
  case cns
  /// Qualified signature.
  case signature

  /// Where everything of the key is on the card.
  public var slot: KeySlot {
    switch self {
    case .cns: .authentication
    case .signature: .signature
    }
  }

  /// What the authority calls the key's certificate.
  public var purpose: CertificatePurpose {
    switch self {
    case .cns: .cnsAuthentication
    case .signature: .qualifiedSignature
    }
  }
}
