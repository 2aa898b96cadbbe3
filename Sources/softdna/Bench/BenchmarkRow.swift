/// One row of the performance table.
struct BenchmarkRow: Sendable {
  /// What `--only` calls it.
  let name: String
  /// What is measured.
  let title: String
  /// What it is measured against.
  let floor: String
  /// Measures it, and its floor beside it.
  let measure: @Sendable (BenchmarkSite) throws -> Measurement

  /// Every row, in the order of the table: a group is a file beside this one, and a line here.
  static let all: [BenchmarkRow] = {
    let everywhere =
      pcsc + peers + token + keys + store + starts + scenarios + crowd + authority
    #if BLE
      return everywhere + air
    #else
      return everywhere
    #endif
  }()

  /// The rows with these names, in the table's order; all where none is named.
  ///
  /// - Throws: for a name no row has.
  static func named(_ names: [String]) throws -> [BenchmarkRow] {
    for name in names where !all.contains(where: { $0.name == name }) {
      throw Failure("there is no row \"\(name)\"; softdna bench --list names them")
    }
    return names.isEmpty ? all : all.filter { names.contains($0.name) }
  }
}

/// A row cannot be measured on this machine, which is no failure of the token: the table says so.
struct Unmeasurable: Error {
  /// What is missing, and the command that installs it.
  let reason: String
}

/// How a row came out.
struct BenchmarkResult {
  let row: BenchmarkRow
  /// The figures, or why there are none.
  let outcome: Result<Measurement, Unmeasurable>
}
