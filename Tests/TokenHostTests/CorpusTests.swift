import Foundation
import Testing
import TokenModel

/// What fuzzers found worth keeping, played again.
@Suite("The fuzzers' corpus") struct CorpusTests {
  private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus/\(target)")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
  }

  @Test("stories: token and model agree", arguments: 0..<4)
  func stories(quarter: Int) throws {
    let inputs = try Self.inputs("Story")
    #expect(inputs.count >= 300)
    for (number, input) in inputs.enumerated() where number % 4 == quarter {
      let disagreement = Story.tell(input.bytes).disagreement
      #expect(disagreement == nil, "\(input.name)")
    }
  }

  @Test("data objects: what the parser says is true")
  func dataObjects() throws {
    for input in try Self.inputs("TLV") {
      #expect(DataObjects.defect(in: input.bytes) == nil, "\(input.name)")
    }
  }

  @Test("images: refused, or a token that answers", arguments: 0..<4)
  func images(quarter: Int) throws {
    for (number, input) in try Self.inputs("Image").enumerated() where number % 4 == quarter {
      #expect(DamagedImage.defect(in: input.bytes) == nil, "\(input.name)")
    }
  }
}
