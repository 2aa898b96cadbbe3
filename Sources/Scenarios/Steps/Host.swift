import Authority
import Foundation
import HostFiles
import HostProcesses
import Issuance
import Synchronization

/// Unmodified host software at the token, in the scenario's PC/SC world and on its day.
struct Host: Step {
  static let keyword = "host"
  static let summary = "run host software (by /bin/sh) that finds the token through PC/SC"
  static let keys: [Key] = [
    .required("run", .text, "the command; $SOFTDNA_PIN, $SOFTDNA_READER … as in softdna exec"),
    .optional("expect-exit", .number(0...255), "its exit status; 0"),
    .optional("expect-output", .texts, "text, or texts, that its output must hold"),
    .optional("timeout", .number(1...3600), "seconds it may take; 60"),
    .optional("capture", .variable, "the variable that takes its output, without the end of line"),
  ]
  let command: String
  let status: Int
  let output: [String]
  let timeout: Int
  let captured: String?

  init(_ fields: Fields) {
    command = fields.requiredText("run")
    status = fields.number("expect-exit") ?? 0
    output = fields.texts("expect-output")
    timeout = fields.number("timeout") ?? 60
    captured = fields.text("capture")
  }

  var use: CardUse { .spending }
  var title: String {
    let line = command.split(separator: "\n").first.map(String.init) ?? ""
    return "host: \(line)" + (status == 0 ? "" : " → exit status \(status)")
  }

  func run(in world: World) throws(StepFailure) {
    let token = try world.plugged()
    let ended: HostCommand.Ended
    do {
      let environment = try environment(world)
      ended = try token.lend { reader in
        try HostCommand(
          command: command, environment: environment.merging(reader) { _, reader in reader },
          folder: try world.hostFolder(), timeout: timeout
        ).run(in: world.hostSide.family())
      }
    } catch {
      throw StepFailure("\(error)")
    }
    guard ended.status == Int32(status) else {
      throw StepFailure(
        "expected exit status \(status), got \(ended.status); it said:\n\(ended.output)")
    }
    for text in output where !ended.output.contains(text) {
      throw StepFailure("expected \"\(text)\" in its output; it said:\n\(ended.output)")
    }
    if let captured {
      world.capture(captured, ended.output.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  private func environment(_ world: World) throws -> [String: String] {
    var environment = try HostClock(at: world.clock.now).environment
    environment.merge(world.hostSide.clockEnvironment) { $1 }
    environment["TZ"] = "UTC"
    environment["HOME"] = try world.hostFolder()
    environment["LC_ALL"] = "C.UTF-8"
    environment["SOFTDNA_CA_FILE"] = world.counter.authority.chainFile
    for code in World.Code.all { environment[code.variable] = world.codes[code] }
    return environment
  }
}

extension World {
  /// Where host commands run: what one of them writes the next one finds.
  func hostFolder() throws -> String {
    let folder = directory + "/host"
    try HostFolder.make(folder, waitsForDisk: false)
    return folder
  }
}

/// A command of the shell, its output kept, with a limit to its time.
struct HostCommand {
  let command: String
  let environment: [String: String]
  let folder: String
  let timeout: Int

  /// How it ended.
  struct Ended {
    let status: Int32
    let output: String
  }

  /// It did not end in time.
  struct Overdue: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs it to its end. What takes too long is ended, with all that the family has started.
  func run(in family: ProcessFamily) throws -> Ended {
    let file = folder + "/.output"
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    guard let output = FileHandle(forWritingAtPath: file) else {
      throw Overdue(description: "\(file) cannot be written")
    }
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // The first shell only goes to the folder.
    var launch = ChildProcess.Launch(
      arguments: ["/bin/sh", "-c", "cd \"$1\" && exec /bin/sh -c \"$2\"", "sh", folder, command],
      environment: variables.map { "\($0.key)=\($0.value)" })
    launch.input = FileHandle.nullDevice.fileDescriptor
    launch.output = output.fileDescriptor
    launch.isDetached = true
    let child = try family.start(launch).get()
    let status = Mutex<Int32>(0)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let code = child.wait()
      status.withLock { $0 = code }
      ended.signal()
    }
    guard ended.wait(timeout: .now() + .seconds(timeout)) == .success else {
      family.endMembers()
      throw Overdue(description: "the command did not end within \(timeout) s")
    }
    let data = FileManager.default.contents(atPath: file) ?? Data()
    return Ended(status: status.withLock { $0 }, output: String(decoding: data, as: UTF8.self))
  }
}
