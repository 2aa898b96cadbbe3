/// A place in a scenario file; lines and columns count from 1.
public struct SourcePlace: Equatable, Sendable, CustomStringConvertible {
  /// The file's path as it was given.
  public let file: String
  /// Line.
  public let line: Int
  /// Column, in characters.
  public let column: Int

  /// A place in a file.
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// "FILE:LINE:COLUMN", as editors and compilers write it.
  public var description: String { "\(file):\(line):\(column)" }
}

/// A scenario file does not say what it should: nothing of it was run.
public struct ScenarioError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where.
  public let place: SourcePlace
  /// What is wrong, and what would be right.
  public let message: String

  /// What is wrong at a place.
  public init(_ place: SourcePlace, _ message: String) {
    self.place = place
    self.message = message
  }

  /// One line, as compilers write it.
  public var description: String { "\(place): error: \(message)" }
}

/// A step did not go as the scenario says.
public struct StepFailure: Error, Equatable, Sendable {
  /// What was expected and what happened.
  public let message: String

  /// What went wrong.
  public init(_ message: String) { self.message = message }
}
