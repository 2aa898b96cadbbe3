public import ArgumentParser
public import Authority

extension Chip: ExpressibleByArgument {
  static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension DeviceKind: ExpressibleByArgument {
  static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension Day: ExpressibleByArgument {
  /// A day from YYYY-MM-DD.
  public init?(argument: String) { self.init(argument) }
}

extension Provider: ExpressibleByArgument {}

extension RevocationCause: ExpressibleByArgument {}

extension ReplacementCause: ExpressibleByArgument {}

extension ResidencePermit.Proof: ExpressibleByArgument {}
