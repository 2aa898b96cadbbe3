import Foundation
import Testing
import TraceCheck

/// What fuzzers found worth keeping, played again.
@Suite("The fuzzers' corpus of traces") struct TraceCorpusTests {
  @Test("is read, explained, compared and written, or refused", arguments: ["Trace"])
  func corpus(target: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus/\(target)")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    #expect(files.count >= 20)
    for file in files {
      let defect = TraceInput.defect(in: Array(try Data(contentsOf: file)))
      #expect(defect == nil, "\(file.lastPathComponent)")
    }
  }
}
