import Machine

/// A file of the host, reached through the debugger or the emulator.
struct HostFile: ~Copyable {
  private let handle: Int32

  /// An existing file, or nil where it cannot be opened.
  init?(reading name: StaticString) {
    handle = unsafe name.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) {
      unsafe machine_open_to_read($0)
    }
    guard handle >= 0 else { return nil }
  }

  /// A new file in place of one that may be there, or nil where it cannot be made.
  init?(writing name: StaticString) {
    handle = unsafe name.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) {
      unsafe machine_open_to_write($0)
    }
    guard handle >= 0 else { return nil }
  }

  deinit { machine_close(handle) }

  /// Reads until the buffer is full or the file ends; answers how many bytes came.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    guard let start = buffer.baseAddress else { return 0 }
    return unsafe machine_read(handle, start, buffer.count)
  }

  /// Writes all of the buffer; false where the host did not take it.
  func write(_ buffer: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let start = buffer.baseAddress else { return true }
    return unsafe machine_write(handle, start, buffer.count) == buffer.count
  }
}
