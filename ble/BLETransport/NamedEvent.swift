/// Something that happened, as an object for programs: its name as the member `event`, and what
/// belongs to it as further members.
public protocol NamedEvent: Encodable {
  /// What happened ("connected"), and what belongs to it by the names of members.
  var object: (event: String, members: KeyValuePairs<String, any Encodable>) { get }
}

private struct EventMember: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension NamedEvent {
  /// Encodes the object.
  public func encode(to encoder: any Encoder) throws {
    let (event, members) = object
    var object = encoder.container(keyedBy: EventMember.self)
    try object.encode(event, forKey: EventMember("event"))
    for (name, value) in members { try object.encode(value, forKey: EventMember(name)) }
  }
}
