import ArgumentParser
import Scenarios

/// One request of the control socket and one subcommand of `softdna ctl`. There is nothing more to
/// a request than a type of this kind and its line in `ControlVocabulary`.
protocol ControlRequest {
  /// How the command line says what the request asks for.
  associatedtype Options: ControlOptions = NoControlOptions
  /// Its name, `do` in the request and the word after `softdna ctl`.
  static var name: String { get }
  /// What it does, a sentence.
  static var summary: String { get }
  /// More for those who ask; empty for none.
  static var discussion: String { get }
  /// The keys beside `do`.
  static var keys: [String] { get }
  /// Does it.
  ///
  /// - Returns: what the answer carries; null for nothing.
  /// - Throws: `ControlError` or what else is a sentence.
  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue
}

extension ControlRequest {
  static var discussion: String { "" }
  static var keys: [String] { [] }
  fileprivate static var command: any ParsableCommand.Type { CtlRequestCommand<Self>.self }
}

/// The command line's way of saying what a request asks for.
protocol ControlOptions: ParsableArguments {
  /// The keys beside `do`, and their values.
  var values: [String: JSONValue] { get }
}

/// A request that asks for nothing more.
struct NoControlOptions: ControlOptions {
  var values: [String: JSONValue] { [:] }
}

/// The requests there are.
enum ControlVocabulary {
  static var all: [any ControlRequest.Type] {
    [
      InsertRequest.self, RemoveRequest.self, ResetRequest.self, PressRequest.self,
      StatusRequest.self, TriesRequest.self,
      SnapshotRequest.self, RestoreRequest.self, SnapshotsRequest.self, DeleteSnapshotRequest.self,
      FaultRequest.self, FaultsRequest.self, ClearFaultsRequest.self,
      AdvanceClockRequest.self,
      PairRequest.self, ConfirmRequest.self, RejectRequest.self,
    ]
  }

  static var commands: [any ParsableCommand.Type] { all.map { $0.command } }

  /// - Throws: where there is no such request; the nearest one is named.
  static func request(named name: String) throws -> any ControlRequest.Type {
    if let request = all.first(where: { $0.name == name }) { return request }
    throw ControlError(usage: Spelling.unknown("request", name, among: all.map { $0.name }))
  }

  /// Carries out a request.
  ///
  /// - Parameter fields: what the line says, `do` included.
  static func perform(_ fields: [String: JSONValue], on token: ControlledToken) throws -> JSONValue
  {
    guard case .text(let name)? = fields["do"] else {
      throw ControlError(usage: "\"do\" names the request, as in {\"do\": \"status\"}")
    }
    if let version = fields["version"], version != .number(ControlSocket.version) {
      throw ControlError(
        usage: "this softdna speaks version \(ControlSocket.version), not \(version.line)")
    }
    let request = try request(named: name)
    let values = ControlValues(request: name, fields)
    try values.refuseKeys(otherThan: request.keys + ["do", "version"])
    return try request.perform(values, on: token)
  }
}

/// Why a request was not carried out.
struct ControlError: Error, CustomStringConvertible {
  /// `usage` for what is no request, `refused` for one that cannot be carried out now,
  /// `environment` where a file or the disk is to blame.
  let kind: String
  let description: String

  init(usage description: String) {
    kind = "usage"
    self.description = description
  }

  init(environment description: String) {
    kind = "environment"
    self.description = description
  }

  init(refused description: String) {
    kind = "refused"
    self.description = description
  }
}

/// What a request says beside its name.
struct ControlValues {
  private let request: String
  private let fields: [String: JSONValue]

  init(request: String, _ fields: [String: JSONValue]) {
    self.request = request
    self.fields = fields
  }

  func refuseKeys(otherThan known: [String]) throws {
    guard let unknown = fields.keys.sorted().first(where: { !known.contains($0) }) else { return }
    throw ControlError(
      usage: "\(request): "
        + Spelling.unknown("key", unknown, among: known.filter { !["do", "version"].contains($0) }))
  }

  /// The keys that are there, `do` included.
  func has(_ key: String) -> Bool { fields[key] != nil }

  func text(_ key: String) throws -> String? {
    guard let value = fields[key] else { return nil }
    guard case .text(let text) = value else { throw wrong(key, "a text") }
    return text
  }

  func number(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = fields[key] else { return nil }
    guard case .number(let number) = value, range.contains(number) else {
      throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag(_ key: String) throws -> Bool? {
    guard let value = fields[key] else { return nil }
    guard case .flag(let flag) = value else { throw wrong(key, "true or false") }
    return flag
  }

  /// A value that must be there.
  func required<Value>(_ value: Value?, _ key: String) throws -> Value {
    guard let value else { throw ControlError(usage: "\(request): \"\(key)\" is missing") }
    return value
  }

  /// What is wrong with a value, and what it should be.
  func wrong(_ key: String, _ wanted: String) -> ControlError {
    ControlError(usage: "\(request): \"\(key)\" is \(fields[key]?.line ?? "null"), not \(wanted)")
  }
}
