internal import CPCSC
internal import Terminal

/// A context of libpcsclite, released with its owner.
struct PCSCContext: ~Copyable {
  let handle: SCARDCONTEXT

  /// A context with the daemon of `service`.
  init(_ service: PCSCService) throws(ChannelError) {
    handle = try service.establish()
  }

  deinit { SCardReleaseContext(handle) }

  func readers() throws(ChannelError) -> [String] {
    let attempt = "list the readers"
    var length: DWORD = 0
    let sized = SCardListReaders(handle, nil, nil, &length)
    guard Int(sized) != Int(SCARD_E_NO_READERS_AVAILABLE) else { return [] }
    try check(sized, attempt)
    var names = [CChar](repeating: 0, count: Int(length))
    let listed = SCardListReaders(handle, nil, &names, &length)
    guard Int(listed) != Int(SCARD_E_NO_READERS_AVAILABLE) else { return [] }
    try check(listed, attempt)
    return names.prefix(Int(length)).split(separator: 0).map { text(of: Array($0)) }
  }

  func wait(
    for presence: PCSCService.CardPresence, in reader: String, timeout: Duration
  ) throws(ChannelError) -> Bool {
    let deadline = ContinuousClock.now + timeout
    var known = DWORD(SCARD_STATE_UNAWARE)
    while true {
      let left = max(.zero, ContinuousClock.now.duration(to: deadline))
      let (seconds, attoseconds) = left.components
      let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
      var state = SCARD_READERSTATE()
      state.dwCurrentState = known
      let result = reader.withCString { name in
        state.szReader = name
        return SCardGetStatusChange(handle, DWORD(milliseconds), &state, 1)
      }
      if Int(result) == Int(SCARD_E_TIMEOUT) { return false }
      try check(result, "watch the reader \(reader)")
      let wanted = presence == .present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY
      let isMute = state.dwEventState & DWORD(SCARD_STATE_MUTE) != 0
      if state.dwEventState & DWORD(wanted) != 0, !(presence == .present && isMute) { return true }
      guard left > .zero else { return false }
      known = state.dwEventState & ~DWORD(SCARD_STATE_CHANGED)
    }
  }
}
