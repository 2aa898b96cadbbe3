import Foundation

/// What two traces differ in, once what differs from run to run is left aside.
public struct TraceComparison: Equatable, Sendable {
  /// One place where they differ.
  public struct Difference: Equatable, Sendable {
    /// How they differ.
    public enum Kind: String, Sendable {
      /// The same was asked, and answered differently.
      case answer
      /// Something else was asked at this place.
      case request
      /// Only the first trace has this step.
      case missing
      /// Only the second trace has this step.
      case added
    }

    /// How they differ.
    public let kind: Kind
    /// The entry of the first trace, from 1; nil where it has none.
    public let firstNumber: Int?
    /// The entry of the second trace, from 1; nil where it has none.
    public let secondNumber: Int?
    /// What was asked in the first trace, or in the second where only that has the step.
    public let request: String
    /// What the first trace has there: an answer, or a request.
    public let first: String
    /// What the second trace has there.
    public let second: String

    /// The difference as one line of JSON, without its end.
    public var json: String {
      func text(_ number: Int?) -> String { number.map(String.init) ?? "null" }
      let texts = [
        ("kind", kind.rawValue), ("request", request), ("first", first), ("second", second),
      ]
      let fields =
        ["\"firstNumber\":\(text(firstNumber))", "\"secondNumber\":\(text(secondNumber))"]
        + texts.map { "\"\($0)\":\(JSONText.quoted($1))" }
      return "{" + fields.joined(separator: ",") + "}"
    }
  }

  /// Where they differ, in order.
  public let differences: [Difference]
  /// How many steps were compared: those of the longer trace.
  public let steps: Int

  /// The traces tell the same.
  public var isEmpty: Bool { differences.isEmpty }

  /// Compares two traces.
  ///
  /// - Parameter isExact: compare every byte, also challenges, signatures, serial numbers and
  ///   certificates. Codes that were left out of a trace cannot be compared.
  public init(_ first: Trace, _ second: Trace, isExact: Bool = false) {
    let left = ComparableItem.items(of: first, isExact: isExact)
    let right = ComparableItem.items(of: second, isExact: isExact)
    steps = max(left.count, right.count)
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for change in right.map(\.request).difference(from: left.map(\.request)) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var found: [Difference] = []
    var (i, j) = (0, 0)
    while i < left.count || j < right.count {
      let isRemoved = removed.contains(i)
      let isInserted = inserted.contains(j)
      switch (isRemoved, isInserted) {
      case (true, true):
        found.append(Self.difference(.request, left[i], right[j]))
        (i, j) = (i + 1, j + 1)
      case (true, false):
        found.append(Self.difference(.missing, left[i], nil))
        i += 1
      case (false, true):
        found.append(Self.difference(.added, nil, right[j]))
        j += 1
      case (false, false):
        if left[i].answer != right[j].answer {
          found.append(Self.difference(.answer, left[i], right[j]))
        }
        (i, j) = (i + 1, j + 1)
      }
    }
    differences = found
  }

  private static func difference(
    _ kind: Difference.Kind, _ first: ComparableItem?, _ second: ComparableItem?
  ) -> Difference {
    func side(_ item: ComparableItem?) -> String {
      guard let item else { return "nothing" }
      return kind == .answer ? item.answer : kind == .request ? item.request : item.answer
    }
    return Difference(
      kind: kind, firstNumber: first?.number, secondNumber: second?.number,
      request: first?.request ?? second?.request ?? "", first: side(first), second: side(second))
  }
}
