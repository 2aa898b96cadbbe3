/// The logs of other programs a trace can be made of.
public enum ImportedLog: String, CaseIterable, Sendable {
  /// `pcscd --apdu`, with or without `--debug`.
  case pcscd
  /// The output of `pcsc-spy`.
  case pcscSpy = "pcsc-spy"
  /// `OPENSC_DEBUG=9`, or a file named by `debug_file`.
  case opensc

  /// Reads a log that is in memory.
  ///
  /// - Parameters:
  ///   - withSecrets: PINs are kept as they are; otherwise they are left out, as in recording.
  ///   - reader: Only what went to the card in the reader of this name, or part of a name.
  ///   - source: What error messages call the log.
  /// - Throws: where there is no command in the log, or those of several cards.
  public func trace(
    of text: String, withSecrets: Bool = false, reader: String? = nil, source: String
  ) throws(TraceError) -> Trace {
    var log = LogImport(
      self, LineReader(Array(text.utf8), source: source), withSecrets: withSecrets, reader: reader)
    var entries: [TraceEntry] = []
    while let entry = try log.next() { entries.append(entry) }
    return Trace(header: log.header, entries: entries)
  }
}
