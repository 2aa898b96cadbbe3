import ISO7816

/// A scenario drawn as lanes over its steps: the clock, the authority, the wire, the tries.
struct Timeline {
  private let steps: [ScenarioReport.Step]
  /// What is known of the codes after each step.
  private var watches: [CardWatch] = []

  private let left = 104
  private let stride: Int
  private let width: Int

  init(_ result: ScenarioReport) {
    steps = result.steps
    stride = max(18, min(44, 840 / max(1, result.steps.count)))
    width = left + stride * max(1, result.steps.count) + 24
    var watch = CardWatch()
    for step in result.steps {
      watch.begin(step.keyword)
      for exchange in step.exchanges {
        if let status = exchange.status { watch.see(exchange.commandBytes, status) }
      }
      watch.end(step.keyword)
      watches.append(watch)
    }
  }

  /// The drawing, SVG.
  var drawing: String {
    guard !steps.isEmpty else { return "" }
    var body = bands + clock(at: 16) + events(at: 50) + wire(at: 78)
    var top = 136
    for (identifier, name) in CardWatch.watched {
      // A PUK nobody touched says nothing.
      let isPUK = name.hasSuffix("PUK")
      if isPUK, !hasChanged(identifier) { continue }
      guard watches.contains(where: { $0.codes[identifier]?.tries != nil }) else { continue }
      body += tries(identifier, name, at: top)
      top += 46
    }
    return "<svg viewBox=\"0 0 \(width) \(top)\" width=\"\(width)\" height=\"\(top)\""
      + " role=\"img\" aria-label=\"timeline\">\(body)</svg>"
  }

  private func x(_ index: Int) -> Int { left + stride * index }

  private func label(_ text: String, at y: Int) -> String {
    "<text class=\"lane\" x=\"0\" y=\"\(y)\">\(text)</text>"
  }

  /// Where a step failed, and what each step is when pointed at.
  private var bands: String {
    steps.enumerated().map { index, step in
      let tone = step.failure == nil ? "step" : "step bad"
      return "<rect class=\"\(tone)\" x=\"\(x(index))\" y=\"0\" width=\"\(stride)\""
        + " height=\"100%\"><title>\(HTMLReport.escaped(step.day + " " + step.title))</title></rect>"
    }.joined()
  }

  /// The days, and how far it is from one to the next.
  private func clock(at y: Int) -> String {
    var text = label("clock", at: y + 4)
    text +=
      "<line class=\"axis\" x1=\"\(left)\" y1=\"\(y + 12)\" x2=\"\(x(steps.count))\""
      + " y2=\"\(y + 12)\"/>"
    var day = ""
    var free = 0
    for (index, step) in steps.enumerated() where step.day != day {
      day = step.day
      text += "<circle class=\"day\" cx=\"\(x(index))\" cy=\"\(y + 12)\" r=\"3.5\"/>"
      // A label that would run into the one before it stays away; the circle has its title.
      guard x(index) >= free else { continue }
      text += "<text class=\"date\" x=\"\(x(index))\" y=\"\(y + 2)\">\(day)</text>"
      free = x(index) + 76
    }
    return text
  }

  private func events(at y: Int) -> String {
    var text = label("authority", at: y + 4)
    for (index, step) in steps.enumerated() where !step.events.isEmpty {
      let words = step.events.map { $0.kind.replacing("-", with: " ") }
      let isBad = words.contains { $0.contains("revoked") || $0.contains("suspended") }
      let center = x(index) + stride / 2
      text +=
        "<path class=\"event\(isBad ? " bad" : "")\" d=\"M\(center) \(y - 7)l7 7l-7 7l-7-7z\">"
        + "<title>\(HTMLReport.escaped(words.joined(separator: ", ")))</title></path>"
      if step.events.count > 1 {
        text +=
          "<text class=\"count\" x=\"\(center + 9)\" y=\"\(y + 4)\">\(step.events.count)</text>"
      }
    }
    return text
  }

  /// A bar for the exchanges of each step, its height growing with the logarithm of their number.
  private func wire(at y: Int) -> String {
    var text = label("APDUs", at: y + 34)
    for (index, step) in steps.enumerated() where !step.exchanges.isEmpty {
      var height = 3
      var rest = step.exchanges.count
      while rest > 0 {
        height += 4
        rest /= 2
      }
      let isRefused = step.exchanges.contains { exchange in
        exchange.status.map { ![0x90, 0x61, 0x6C].contains($0.sw1) } ?? true
      }
      text +=
        "<rect class=\"apdus\(isRefused ? " refused" : "")\" x=\"\(x(index) + 3)\""
        + " y=\"\(y + 40 - height)\" width=\"\(stride - 6)\" height=\"\(height)\" rx=\"2\">"
        + "<title>\(step.exchanges.count) APDUs: \(HTMLReport.escaped(step.title))</title></rect>"
    }
    return text
  }

  private func hasChanged(_ identifier: UInt8) -> Bool {
    Set(watches.compactMap { $0.codes[identifier]?.tries }).count > 1
  }

  /// The tries of a code as steps that fall and rise; where it is verified the area is filled.
  private func tries(_ identifier: UInt8, _ name: String, at y: Int) -> String {
    let height = 32
    let most = watches.compactMap { $0.codes[identifier]?.most }.max() ?? 3
    var text = label(name, at: y + 20)
    text += "<line class=\"grid\" x1=\"\(left)\" y1=\"\(y)\" x2=\"\(x(steps.count))\" y2=\"\(y)\"/>"
    text +=
      "<line class=\"grid\" x1=\"\(left)\" y1=\"\(y + height)\""
      + " x2=\"\(x(steps.count))\" y2=\"\(y + height)\"/>"
    var path = ""
    var shown: Int?
    for (index, watch) in watches.enumerated() {
      guard let code = watch.codes[identifier], let left = code.tries else { continue }
      let level = y + height - height * left / max(1, most)
      if code.isVerified {
        text +=
          "<rect class=\"verified\" x=\"\(x(index))\" y=\"\(level)\" width=\"\(stride)\""
          + " height=\"\(y + height - level)\"/>"
      }
      path += path.isEmpty ? "M\(x(index)) \(level)" : "L\(x(index)) \(level)"
      path += "L\(x(index + 1)) \(level)"
      if left != shown {
        let tone = left == 0 ? "tries bad" : left < most ? "tries fair" : "tries"
        let place = left == 0 ? level - 4 : level + 11
        text +=
          "<text class=\"\(tone)\" x=\"\(x(index) + 3)\" y=\"\(place)\">"
          + "\(left == 0 ? "blocked" : "\(left)")</text>"
        shown = left
      }
    }
    return text + "<path class=\"line\" d=\"\(path)\"/>"
  }
}
