import ISO7816

/// What a card should answer and become: dictionaries, and the rules in the words of the standards.
/// It knows nothing of records, flash or libcrypto.
struct CardModel {
  /// What loss of power clears.
  struct Volatile: Equatable {
    var directory = Persistent.master
    var file: UInt16?
    /// Uses left of each verified object.
    var uses: [UInt16: UInt8] = [:]
    var signatureKey: UInt8 = 0
    var confidentialityKey: UInt8 = 0
    var authenticationKey: UInt8 = 0
    /// nil where none was given out; its bytes are the card's choice.
    var challenge: [UInt8]?
  }

  /// The answer a card should give. Bytes that are the card's choice are nil.
  struct Answer: Equatable {
    var data: [UInt8?] = []
    var status: StatusWord
    /// Another status word without data that is as right: whether a block is below the modulus is
    /// nothing the model knows.
    var alternative: StatusWord?
    /// What may be on the card if power goes before the command has ended, in order.
    var interimStates: [Persistent] = []
  }

  var persistent: Persistent
  var volatile = Volatile()
  var chain: (header: [UInt8], data: [UInt8])?
  var waiting: [UInt8?] = []
  var interimStates: [Persistent] = []
  var alternative: StatusWord?
  /// The file that a command just wrote a key into: its contents are the card's choice.
  var generatedInto: UInt16?

  /// A card that holds this, with power.
  init(_ persistent: Persistent) { self.persistent = persistent }

  /// Power went and came again.
  mutating func restart() {
    volatile = Volatile()
    chain = nil
    waiting = []
  }

  /// One command APDU.
  mutating func respond(to bytes: [UInt8]) -> Answer {
    interimStates = []
    alternative = nil
    generatedInto = nil
    let before = persistent
    var data: [UInt8?] = []
    do throws(StatusWord) {
      var status = try dispatch(bytes, &data)
      if status.sw1 != 0x61, bytes.count > 1, bytes[1] != 0xC0 {
        // No response APDU has more than 65,535 bytes.
        let ne = min((try? CommandAPDU(parsing: bytes.span))?.ne ?? 0, 65_533)
        if data.count > ne {
          waiting = Array(data[ne...])
          data = Array(data[..<ne])
          status = .bytesRemaining(waiting.count)
        }
      }
      return Answer(
        data: data, status: status, alternative: alternative, interimStates: interimStates)
    } catch {
      chain = nil
      // What was committed on the way stays; the rest never happened.
      persistent = interimStates.last ?? before
      return Answer(status: error, interimStates: interimStates)
    }
  }

  private mutating func dispatch(_ bytes: [UInt8], _ reply: inout [UInt8?]) throws(StatusWord)
    -> StatusWord
  {
    let command: CommandAPDU
    do throws(StatusWord) { command = try parse(bytes) } catch {
      waiting = []
      throw error
    }
    let data = Array(bytes[command.data])
    if command.ins == 0xC0 {
      chain = nil
      return try getResponse(command, &reply)
    }
    waiting = []
    let operation = try Operation(command)
    guard operation.states.contains(persistent.lifeCycle) else {
      throw .conditionsOfUseNotSatisfied
    }
    let header = [command.cla & 0xEF, command.ins, command.p1, command.p2]
    if command.isChained {
      guard operation.comesInChains else { throw .commandChainingNotSupported }
      let whole = (chain?.header == header ? chain?.data ?? [] : []) + data
      guard whole.count <= 8192 else { throw .wrongLength }
      chain = (header, whole)
      return .success
    }
    let parts = chain?.header == header ? chain?.data ?? [] : []
    guard parts.count + data.count <= 8192 || parts.isEmpty else { throw .wrongLength }
    chain = nil
    return try perform(operation, parts + data, command.ne, &reply)
  }

  private func parse(_ bytes: [UInt8]) throws(StatusWord) -> CommandAPDU {
    guard let cla = bytes.first else { throw .wrongLength }
    if !(cla == 0x90 && bytes.count > 1 && bytes[1] == 0x24) {
      switch cla {
      case 0x80...0xFF, 0x20...0x3F: throw .classNotSupported
      case 0x40...0x7F: throw .logicalChannelNotSupported
      default: break
      }
      guard cla & 0x03 == 0 else { throw .logicalChannelNotSupported }
      guard cla & 0x0C == 0 else { throw .secureMessagingNotSupported }
    }
    return try CommandAPDU(parsing: bytes.span)
  }

  private mutating func getResponse(_ command: CommandAPDU, _ reply: inout [UInt8?])
    throws(StatusWord) -> StatusWord
  {
    guard !command.isChained else { throw .commandChainingNotSupported }
    guard command.p1 == 0, command.p2 == 0 else { throw .incorrectP1P2 }
    guard let ne = command.ne else { throw .wrongLength }
    guard !waiting.isEmpty else { throw .conditionsOfUseNotSatisfied }
    reply = Array(waiting.prefix(min(ne, 65_533)))
    waiting.removeFirst(reply.count)
    return waiting.isEmpty ? .success : .bytesRemaining(waiting.count)
  }

  // MARK: Rights

  var here: Persistent.File {
    get { persistent.files[volatile.directory] ?? emptyFile }
    set { persistent.files[volatile.directory] = newValue }
  }

  /// What is never there: the master file always is.
  var emptyFile: Persistent.File {
    Persistent.File(parent: 0, identifier: 0, descriptor: 0x38, access: [])
  }

  func requireIssuer() throws(StatusWord) {
    try requireHolder(Persistent.issuer, in: Persistent.master)
  }

  /// A rule while the card is being built is the issuer's business.
  func require(_ rule: UInt8, in place: UInt16) throws(StatusWord) {
    if persistent.isBeingBuilt { try requireIssuer() } else { try requireHolder(rule, in: place) }
  }

  func requireHolder(_ rule: UInt8, in place: UInt16) throws(StatusWord) {
    if rule == 0x00 { return }
    guard rule != 0xFF, rule != 0x66,
      let number = persistent.object(rule, isKey: false, from: place),
      (volatile.uses[number] ?? 0) > 0
    else { throw .securityStatusNotSatisfied }
  }

  mutating func commit() { interimStates.append(persistent) }
}
