internal import CSystemd
internal import Glibc

/// One message of the bus, with one owner.
final class BusMessage {
  /// libsystemd's message.
  let pointer: OpaquePointer

  /// Takes a reference over.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  /// Takes a reference of its own.
  convenience init(sharing pointer: OpaquePointer) {
    self.init(owning: sd_bus_message_ref(pointer))
  }

  deinit { sd_bus_message_unref(pointer) }

  var path: String { text(sd_bus_message_get_path(pointer)) }
  var interface: String { text(sd_bus_message_get_interface(pointer)) }
  var member: String { text(sd_bus_message_get_member(pointer)) }
  /// The unique name of who sent it.
  var sender: String { text(sd_bus_message_get_sender(pointer)) }

  /// The error's name and words, where it is one.
  var error: (name: String, reason: String)? {
    guard let error = sd_bus_message_get_error(pointer) else { return nil }
    return (text(error.pointee.name), text(error.pointee.message))
  }

  private func text(_ pointer: UnsafePointer<CChar>?) -> String {
    pointer.map { String(cString: $0) } ?? ""
  }
}

/// Writing.
extension BusMessage {
  /// Appends values as the complete types of `signature` say.
  func append(_ values: [BusValue], as signature: String) throws(BusError) {
    guard let types = BusSignature.types(of: signature[...]), types.count == values.count else {
      throw Self.mismatch(signature)
    }
    for (value, type) in zip(values, types) { try append(value, as: type) }
  }

  private func append(_ value: BusValue, as type: Substring) throws(BusError) {
    switch (type.first, value) {
    case ("v", _):
      let content = value.naturalSignature
      try contain("v", content) { message throws(BusError) in
        try message.append(value, as: content[...])
      }
    case ("y", .byte(let value)): try basic("y", value)
    case ("b", .bool(let value)): try basic("b", Int32(value ? 1 : 0))
    case ("n", .int16(let value)): try basic("n", value)
    case ("q", .uint16(let value)): try basic("q", value)
    case ("i", .int32(let value)): try basic("i", value)
    case ("u", .uint32(let value)): try basic("u", value)
    case ("x", .int64(let value)): try basic("x", value)
    case ("t", .uint64(let value)): try basic("t", value)
    case ("d", .double(let value)): try basic("d", value)
    case ("h", .descriptor(let value)): try basic("h", value.number)
    case ("s", .string(let value)), ("o", .path(let value)), ("g", .signature(let value)):
      let code = value.withCString { sd_bus_message_append_basic(pointer, type.code, $0) }
      try Self.check(code)
    case ("a", .bytes(let bytes)) where type == "ay":
      let code = bytes.withUnsafeBytes {
        sd_bus_message_append_array(pointer, "y".code, $0.baseAddress, $0.count)
      }
      try Self.check(code)
    case ("a", .array(let elements)):
      let element = type.dropFirst()
      try contain("a", String(element)) { message throws(BusError) in
        for value in elements { try message.append(value, as: element) }
      }
    case ("a", .dictionary(let entries)):
      let pair = type.dropFirst()
      try contain("a", String(pair)) { message throws(BusError) in
        for (key, value) in entries { try message.append(key, value, as: pair) }
      }
    case ("(", .structure(let members)):
      let content = String(type.dropFirst().dropLast())
      try contain("r", content) { message throws(BusError) in
        try message.append(members, as: content)
      }
    default: throw Self.mismatch(String(type))
    }
  }

  /// One entry of a dictionary whose keys are strings or paths.
  private func append(_ key: String, _ value: BusValue, as pair: Substring) throws(BusError) {
    let content = String(pair.dropFirst().dropLast())
    try contain("e", content) { message throws(BusError) in
      try message.append(
        [content.first == "o" ? .path(key) : .string(key), value], as: content)
    }
  }

  private func basic<Value: BitwiseCopyable>(
    _ type: Substring, _ value: Value
  ) throws(BusError) {
    let code = withUnsafePointer(to: value) {
      sd_bus_message_append_basic(pointer, type.code, $0)
    }
    try Self.check(code)
  }

  private func contain(
    _ type: Substring, _ content: String, _ body: (BusMessage) throws(BusError) -> Void
  ) throws(BusError) {
    try Self.check(sd_bus_message_open_container(pointer, type.code, content))
    try body(self)
    try Self.check(sd_bus_message_close_container(pointer))
  }

  static func check(_ code: Int32) throws(BusError) {
    guard code >= 0 else { throw BusError("write or read a message", code: code) }
  }

  private static func mismatch(_ signature: String) -> BusError {
    BusError(
      "write or read a message", name: BusError.invalidSignature,
      reason: "the values are not of type \(signature)")
  }
}

/// Reading.
extension BusMessage {
  /// Everything in the message.
  func values() throws(BusError) -> [BusValue] {
    try Self.check(sd_bus_message_rewind(pointer, 1))
    return try rest()
  }

  /// What is left in the container that is open.
  private func rest() throws(BusError) -> [BusValue] {
    var values: [BusValue] = []
    while let value = try next() { values.append(value) }
    return values
  }

  /// The next value; nil at the end of the container that is open.
  private func next() throws(BusError) -> BusValue? {
    var type: CChar = 0
    var contents: UnsafePointer<CChar>?
    let code = sd_bus_message_peek_type(pointer, &type, &contents)
    try Self.check(code)
    guard code > 0 else { return nil }
    let content = text(contents)
    switch Character(UnicodeScalar(UInt8(bitPattern: type))) {
    case "y": return .byte(try read(type))
    case "b": return .bool(try read(type) as Int32 != 0)
    case "n": return .int16(try read(type))
    case "q": return .uint16(try read(type))
    case "i": return .int32(try read(type))
    case "u": return .uint32(try read(type))
    case "x": return .int64(try read(type))
    case "t": return .uint64(try read(type))
    case "d": return .double(try read(type))
    case "s": return .string(try readText(type))
    case "o": return .path(try readText(type))
    case "g": return .signature(try readText(type))
    case "h": return .descriptor(try readDescriptor(type))
    case "a" where content == "y": return .bytes(try readBytes())
    case "a" where content.first == "{":
      return try inside(type, content) { message throws(BusError) in
        .dictionary(try message.readEntries())
      }
    case "a":
      return try inside(type, content) { message throws(BusError) in .array(try message.rest()) }
    case "v":
      return try inside(type, content) { message throws(BusError) in
        try message.next() ?? .structure([])
      }
    case "r":
      return try inside(type, content) { message throws(BusError) in
        .structure(try message.rest())
      }
    default: throw Self.mismatch(content)
    }
  }

  private func readEntries() throws(BusError) -> [String: BusValue] {
    var entries: [String: BusValue] = [:]
    var type: CChar = 0
    var contents: UnsafePointer<CChar>?
    while true {
      let code = sd_bus_message_peek_type(pointer, &type, &contents)
      try Self.check(code)
      guard code > 0 else { return entries }
      let content = text(contents)
      try inside(type, content) { message throws(BusError) in
        guard let key = try message.next(), let value = try message.next() else {
          throw Self.mismatch(content)
        }
        entries[Self.name(of: key)] = value
      }
    }
  }

  /// A dictionary's key as text.
  private static func name(of key: BusValue) -> String {
    switch key {
    case .string(let name), .path(let name), .signature(let name): name
    case .byte(let number): String(number)
    case .uint16(let number): String(number)
    case .uint32(let number): String(number)
    default: "\(key)"
    }
  }

  private func inside<Result>(
    _ type: CChar, _ content: String, _ body: (BusMessage) throws(BusError) -> Result
  ) throws(BusError) -> Result {
    try Self.check(sd_bus_message_enter_container(pointer, type, content))
    let result = try body(self)
    try Self.check(sd_bus_message_exit_container(pointer))
    return result
  }

  private func read<Value: FixedWidthInteger>(_ type: CChar) throws(BusError) -> Value {
    var value: Value = 0
    try Self.check(sd_bus_message_read_basic(pointer, type, &value))
    return value
  }

  private func read(_ type: CChar) throws(BusError) -> Double {
    var value = 0.0
    try Self.check(sd_bus_message_read_basic(pointer, type, &value))
    return value
  }

  private func readText(_ type: CChar) throws(BusError) -> String {
    var value: UnsafePointer<CChar>?
    try Self.check(sd_bus_message_read_basic(pointer, type, &value))
    return text(value)
  }

  private func readDescriptor(_ type: CChar) throws(BusError) -> Descriptor {
    let copy = fcntl(try read(type), F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw BusError("keep a descriptor", code: -errno) }
    return Descriptor(owning: copy)
  }

  private func readBytes() throws(BusError) -> [UInt8] {
    var start: UnsafeRawPointer?
    var count = 0
    try Self.check(sd_bus_message_read_array(pointer, "y".code, &start, &count))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }
}

extension Substring {
  /// The one character of a basic type, as libsystemd takes it.
  fileprivate var code: CChar { utf8.first.map(CChar.init(bitPattern:)) ?? 0 }
}

extension String {
  fileprivate var code: CChar { self[...].code }
}
