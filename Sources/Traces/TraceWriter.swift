import Foundation
import Synchronization

/// A trace file that grows entry by entry: what is in it stays when the process is killed.
public final class TraceWriter: Sendable {
  /// How entries are written.
  public enum Format: String, Sendable {
    /// JSON lines, the format that is read back.
    case lines = "jsonl"
    /// For Wireshark and tshark.
    case capture = "pcap"

    /// The format a file's name asks for: `.jsonl` or `.pcap`; nil for any other.
    public init?(path: String) {
      self.init(rawValue: URL(fileURLWithPath: path).pathExtension.lowercased())
    }
  }

  private struct State {
    var handle: FileHandle?
    var failure: TraceError?
  }

  private let path: String
  private let format: Format
  private let header: TraceHeader
  private let state: Mutex<State>

  /// Creates the file, readable by its owner only, or empties the one that is there.
  public init(path: String, format: Format, header: TraceHeader) throws(TraceError) {
    self.path = path
    self.format = format
    self.header = header
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw TraceError(path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    state = Mutex(State(handle: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)))
    switch format {
    case .lines: write(Data(header.line.utf8))
    case .capture: write(Data(PcapFormat.fileHeader))
    }
  }

  /// Writes a whole trace.
  public static func write(_ trace: Trace, to path: String, _ format: Format) throws(TraceError) {
    let writer = try TraceWriter(path: path, format: format, header: trace.header)
    for entry in trace.entries { writer.append(entry) }
    try writer.close()
  }

  /// Writes one entry more. A failure is told by `close()`: the card's answer does not wait for it.
  public func append(_ entry: TraceEntry) {
    switch format {
    case .lines: write(Data(entry.line.utf8))
    case .capture: write(Data(PcapFormat.packets(of: entry, started: header.started)))
    }
  }

  /// Ends the file.
  ///
  /// - Throws: where an entry could not be written, the first time.
  public func close() throws(TraceError) {
    let failure = state.withLock { state -> TraceError? in
      try? state.handle?.close()
      state.handle = nil
      return state.failure
    }
    if let failure { throw failure }
  }

  private func write(_ data: Data) {
    state.withLock { state in
      guard state.failure == nil, !data.isEmpty else { return }
      do { try state.handle?.write(contentsOf: data) } catch {
        state.failure = TraceError(path, reason: "cannot be written: \(error)")
      }
    }
  }
}
