extension Workbench {
  /// Why a step of this use is not done here, or nil where it is.
  func refusal(of use: CardUse) -> String? {
    guard use > permits else { return nil }
    return use == .issuing
      ? "the channel \(channelName) has a card that was not made here: no chip from the factory, no"
        + " authority that issued it, no hands at the reader"
      : "it may spend tries, write or use a key of a card that may be real:"
        + " say --i-know-this-is-a-real-card"
  }

  /// What is wrong with running these scenarios here: of each the first step that cannot or may not
  /// be done, with its place.
  public func objections(to scenarios: [Scenario]) -> [ScenarioError] {
    scenarios.compactMap { scenario in
      scenario.steps.lazy.compactMap { placed in
        refusal(of: placed.use).map {
          ScenarioError(
            placed.place, "step \(placed.keyword) of \"\(scenario.name)\" cannot run here: \($0)")
        }
      }.first
    }
  }
}
