import Foundation
import HostFiles
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
    var file: GrowingFile?
    var failure: TraceError?
  }

  private let format: Format
  private let header: TraceHeader
  private let state: Mutex<State>

  /// Begins the file, readable by its owner only; it takes the place of one that is there.
  public init(path: String, format: Format, header: TraceHeader) throws(TraceError) {
    self.format = format
    self.header = header
    do throws(FileFailure) {
      state = Mutex(
        State(file: try OutputFile(path: path).begin(with: Self.beginning(format, header))))
    } catch {
      throw TraceError(error)
    }
  }

  /// Writes a whole trace, or leaves what was there.
  public static func write(_ trace: Trace, to path: String, _ format: Format) throws(TraceError) {
    var data = beginning(format, trace.header)
    for entry in trace.entries { data += text(of: entry, format, trace.header) }
    do throws(FileFailure) { try OutputFile(path: path).write(data) } catch {
      throw TraceError(error)
    }
  }

  /// Writes one entry more. A failure is told by `close()`: the card's answer does not wait for it.
  public func append(_ entry: TraceEntry) { write(Self.text(of: entry, format, header)) }

  /// Ends the file.
  ///
  /// - Throws: where an entry could not be written, the first time.
  public func close() throws(TraceError) {
    let failure = state.withLock { state -> TraceError? in
      do throws(FileFailure) { try state.file?.end() } catch {
        state.failure = state.failure ?? TraceError(error)
      }
      state.file = nil
      return state.failure
    }
    if let failure { throw failure }
  }

  private func write(_ data: Data) {
    state.withLock { state in
      guard state.failure == nil, !data.isEmpty else { return }
      do throws(FileFailure) { try state.file?.write(data) } catch {
        state.failure = TraceError(error)
      }
    }
  }

  private static func beginning(_ format: Format, _ header: TraceHeader) -> Data {
    switch format {
    case .lines: Data(header.line.utf8)
    case .capture: Data(PcapFormat.fileHeader)
    }
  }

  private static func text(of entry: TraceEntry, _ format: Format, _ header: TraceHeader) -> Data {
    switch format {
    case .lines: Data(entry.line.utf8)
    case .capture: Data(PcapFormat.packets(of: entry, started: header.started))
    }
  }
}

extension TraceError {
  init(_ failure: FileFailure) {
    self.init(
      failure.path, reason: "cannot be \(failure.attempt.participle): \(failure.reason)")
  }
}
