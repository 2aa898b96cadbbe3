public import ISO7816

/// The token: a card that answers command APDUs, on any chip.
///
/// It has one owner and no threads. Whatever bytes arrive, it answers a status word; the one place
/// where an error becomes bytes is `process`.
public struct Token<Chip: Coprocessor & ~Copyable, Memory: Flash & ~Copyable>: ~Copyable {
  var chip: Chip
  var store: RecordStore<Memory>
  var directory = Directory()
  var session = Session()
  var lifeCycle = LifeCycle.manufactured
  /// What the chip passes for.
  public private(set) var persona = Persona.current
  /// The chip's serial number, 8 bytes.
  public private(set) var chipSerial: [UInt8] = []

  /// It has power, and answers.
  public private(set) var isPowered = false
  private var chain = CommandChain()
  private var waiting = WaitingResponse()
  /// Reused for secrets on their way from the store to a comparison; wiped after each use.
  var work: [UInt8] = []

  /// A token whose flash memory holds a card.
  ///
  /// - Throws: where the memory holds none, or a damaged one; it is left as it is.
  public init(_ chip: consuming Chip, memory: consuming Memory) throws(MountFailure) {
    self.chip = chip
    store = RecordStore(memory: memory)
    work.reserveCapacity(1024)
    try store.mount()
    try loadContents()
  }

  /// A token whose flash memory is erased and holds nothing but what the factory puts there.
  ///
  /// - Throws: `6581` where the memory failed.
  public init(
    manufacturing identity: ChipIdentity, on chip: consuming Chip, memory: consuming Memory
  ) throws(StatusWord) {
    self.chip = chip
    store = RecordStore(memory: memory)
    work.reserveCapacity(1024)
    try store.format()
    try manufacture(identity)
    do throws(MountFailure) { try loadContents() } catch { throw .memoryFailure }
  }

  // MARK: Power

  /// Applies power, or resets: volatile state is gone (ISO/IEC 7816-3, 6.2).
  ///
  /// - Returns: the Answer to Reset.
  /// - Throws: where the memory was damaged since the last time.
  public mutating func powerOn() throws(MountFailure) -> ATR {
    clearVolatileState()
    if store.isFailed {
      try store.mount()
      try loadContents()
    }
    isPowered = true
    return persona.atr
  }

  /// Takes power away: volatile state is gone.
  public mutating func powerOff() {
    clearVolatileState()
    isPowered = false
  }

  /// Gives the memory back, for a test that looks at it or boots it again.
  public consuming func removeMemory() -> Memory { store.memory }

  /// The same token at this moment, verified PINs included, on another chip with the same contents:
  /// for tests that try several futures.
  public func fork(chip: consuming Chip, memory: consuming Memory) -> Token {
    Token(copying: self, chip: chip, memory: memory)
  }

  private init(copying other: borrowing Token, chip: consuming Chip, memory: consuming Memory) {
    self.chip = chip
    store = RecordStore(copying: other.store, memory: memory)
    directory = other.directory
    session = other.session
    lifeCycle = other.lifeCycle
    persona = other.persona
    chipSerial = other.chipSerial
    isPowered = other.isPowered
    chain = other.chain
    waiting = other.waiting
    work = []
    work.reserveCapacity(1024)
  }

  /// Lends the memory out.
  public func withMemory<Value: ~Copyable>(_ body: (borrowing Memory) -> Value) -> Value {
    body(store.memory)
  }

  /// Lends the chip out.
  public func withChip<Value: ~Copyable>(_ body: (borrowing Chip) -> Value) -> Value {
    body(chip)
  }

  /// Tells of every record that holds: a number of its own, and its value.
  public func forEachRecord(_ body: (UInt32, [UInt8]) -> Void) {
    for index in store.entries.indices {
      var value: [UInt8] = []
      let key = store.entries[index].key
      if store.read(key, into: &value) { body(key.rawValue, value) }
    }
  }

  private mutating func clearVolatileState() {
    store.rollback()
    session = Session()
    dropChain()
    waiting.drop()
    chip.unloadAll()
  }

  /// Takes over what the chip's own record says.
  mutating func adopt(_ persona: Persona, serial: [UInt8]) {
    self.persona = persona
    chipSerial = serial
  }

  private mutating func loadContents() throws(MountFailure) {
    try directory.load(from: store)
    try loadChipRecord()
    try finishDeletions()
  }

  // MARK: One command

  /// Carries out one command APDU and replaces `reply` by the response APDU. Never traps on input.
  ///
  /// `reply` keeps its storage, so that a caller that passes the same array each time costs the
  /// card no allocation. A card without power stays mute: `reply` is empty then.
  public mutating func process(_ command: Span<UInt8>, into reply: inout [UInt8]) {
    reply.removeAll(keepingCapacity: true)
    guard isPowered else { return }
    var status: StatusWord
    do throws(StatusWord) {
      status = try respond(to: command, into: &reply)
    } catch {
      reply.removeAll(keepingCapacity: true)
      status = error
    }
    reply.append(status.sw1)
    reply.append(status.sw2)
  }

  private mutating func respond(to bytes: Span<UInt8>, into reply: inout [UInt8])
    throws(StatusWord) -> StatusWord
  {
    let command: CommandAPDU
    do throws(StatusWord) { command = try parse(bytes) } catch {
      // It was a command all the same: a chain goes on with the very next one or not at all.
      dropChain()
      waiting.drop()
      throw error
    }
    if command.ins == 0xC0 {
      dropChain()
      return try getResponse(command, into: &reply)
    }
    waiting.drop()
    do throws(StatusWord) {
      let instruction = try Instruction(command)
      guard instruction.permittedStates.contains(lifeCycle) else {
        throw .conditionsOfUseNotSatisfied
      }
      let data = bytes.extracting(command.data)
      if command.isChained {
        guard instruction.allowsChaining else { throw .commandChainingNotSupported }
        if !chain.continues(command) { dropChain() }
        try chain.append(data, of: command)
        return .success
      }
      let status: StatusWord
      if chain.continues(command) {
        try chain.append(data, of: command)
        var whole: [UInt8] = []
        swap(&whole, &chain.bytes)
        defer {
          swap(&whole, &chain.bytes)
          dropChain()
        }
        status = try execute(instruction, whole.span, command.ne, into: &reply)
      } else {
        dropChain()
        status = try execute(instruction, data, command.ne, into: &reply)
      }
      return waiting.hold(back: &reply, beyond: command.ne, status)
    } catch {
      dropChain()
      throw error
    }
  }

  /// Forgets the chain; its parts may have been PINs.
  private mutating func dropChain() {
    chip.wipe(&chain.bytes)
    chain.drop()
  }

  private func parse(_ bytes: Span<UInt8>) throws(StatusWord) -> CommandAPDU {
    // The class is judged first: what follows it may have another form in another class.
    guard bytes.count > 0 else { throw .wrongLength }
    let cla = bytes[0]
    // CHANGE KEY DATA of CNS cards has a class of its own.
    if cla == 0x90, bytes.count > 1, bytes[1] == 0x24 { return try CommandAPDU(parsing: bytes) }
    // Proprietary classes, and 001x xxxx, which is reserved (ISO/IEC 7816-4, 5.4.1).
    guard cla & 0x80 == 0, cla & 0xE0 != 0x20 else { throw .classNotSupported }
    guard cla & 0x40 == 0, cla & 0x03 == 0 else { throw .logicalChannelNotSupported }
    guard cla & 0x0C == 0 else { throw .secureMessagingNotSupported }
    return try CommandAPDU(parsing: bytes)
  }

  /// Carries out one instruction as one transaction of the store: all of it holds, or nothing.
  private mutating func execute(
    _ instruction: Instruction, _ data: Span<UInt8>, _ ne: Int?, into reply: inout [UInt8]
  ) throws(StatusWord) -> StatusWord {
    do throws(StatusWord) {
      let status = try perform(instruction, data, ne, into: &reply)
      try store.commit()
      return status
    } catch {
      store.rollback()
      // What was verified may not have been counted.
      if store.isFailed { session.status = SecurityStatus() }
      throw error
    }
  }

  private mutating func getResponse(_ command: CommandAPDU, into reply: inout [UInt8])
    throws(StatusWord) -> StatusWord
  {
    guard !command.isChained else { throw .commandChainingNotSupported }
    guard command.p1 == 0, command.p2 == 0 else { throw .incorrectP1P2 }
    guard let ne = command.ne else { throw .wrongLength }
    return try waiting.take(ne, into: &reply)
  }
}
