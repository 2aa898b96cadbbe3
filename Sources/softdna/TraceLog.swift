import Synchronization
import Terminal
import Traces

/// A trace file that a command writes while it runs.
final class TraceLog: Sendable {
  private let writer: TraceWriter
  private let withSecrets: Bool
  /// A power-on after which nothing has happened yet.
  private let powerOn = Mutex<TraceEntry?>(nil)

  /// Creates the file; its name decides the format.
  ///
  /// - Parameter fallback: the format of a file with another name than `.jsonl` and `.pcap`; nil
  ///   refuses it.
  init(
    path: String, channel: String, withSecrets: Bool = false,
    fallback: TraceWriter.Format? = nil
  ) throws {
    guard let format = TraceWriter.Format(path: path) ?? fallback else {
      throw Failure("\(path): name it .jsonl for a trace or .pcap for Wireshark")
    }
    writer = try failing {
      try TraceWriter(path: path, format: format, header: TraceHeader(channel: channel))
    }
    self.withSecrets = withSecrets
  }

  /// The channel, with everything that goes over it written to the file.
  func recording(_ channel: any CardChannel) -> RecordingChannel {
    RecordingChannel(channel, withSecrets: withSecrets) { [self] in append($0) }
  }

  /// Ends the file; fails where it could not be written whole.
  func close() throws {
    powerOn.withLock { entry in
      if let last = entry { writer.append(last) }
      entry = nil
    }
    try failing { try writer.close() }
  }

  /// Readers look for a card by powering it on and off until they are ready; that is left out.
  private func append(_ entry: TraceEntry) {
    powerOn.withLock { waiting in
      switch (entry.event, waiting) {
      case (.powerOn, _): waiting = entry
      case (.powerOff, .some): waiting = nil
      default:
        if let first = waiting { writer.append(first) }
        waiting = nil
        writer.append(entry)
      }
    }
  }
}
