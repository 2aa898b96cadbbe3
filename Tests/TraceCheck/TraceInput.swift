import ISO7816
import Terminal
import Traces

/// What must hold for any file that is given to `softdna trace`.
public enum TraceInput {
  /// What does not hold for the bytes, read as a trace and as each program's log; nil where all does.
  ///
  /// Nothing traps. What is read is read back from its own text as the same; it differs in nothing
  /// from itself; it can be explained and written as a capture.
  public static func defect(in bytes: [UInt8]) -> String? {
    for log in ImportedLog.allCases {
      if let trace = imported(log, bytes), let defect = defect(of: trace, readAgain: true) {
        return "as a log of \(log.rawValue): \(defect)"
      }
    }
    guard let trace = trace(bytes), let defect = defect(of: trace, readAgain: true) else {
      return nil
    }
    return "as a trace: \(defect)"
  }

  private static func imported(_ log: ImportedLog, _ bytes: [UInt8]) -> Trace? {
    var reading = LogImport(log, LineReader(bytes, source: "input"))
    var entries: [TraceEntry] = []
    do throws(TraceError) {
      while let entry = try reading.next() { entries.append(entry) }
    } catch { return nil }
    return Trace(header: reading.header, entries: entries)
  }

  private static func trace(_ bytes: [UInt8]) -> Trace? {
    do throws(TraceError) {
      return try Trace(TraceReader(LineReader(bytes, source: "input")))
    } catch { return nil }
  }

  private static func defect(of trace: Trace, readAgain: Bool) -> String? {
    for (index, explanation) in Explainer.explain(trace).enumerated() {
      guard explanation.number == index + 1, !explanation.title.isEmpty,
        explanation.json.hasPrefix("{")
      else { return "entry \(index + 1) is not explained" }
    }
    for isExact in [false, true] where !TraceComparison(trace, trace, isExact: isExact).isEmpty {
      return "it differs from itself"
    }
    let packets = PcapFormat.bytes(of: trace)
    guard packets.count >= 24, packets.count < 1 << 26 else { return "the capture is too long" }
    guard readAgain else { return nil }
    // Starts between two milliseconds, and reasons that are no UTF-8, become others once.
    guard let again = Self.trace(Array(trace.lines.utf8)) else { return "its text is not read" }
    guard again.entries == trace.entries else { return "its text tells something else" }
    return defect(of: again, readAgain: false)
  }
}
