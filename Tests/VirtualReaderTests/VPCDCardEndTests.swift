import Glibc
import Synchronization
import Terminal
import Testing

@testable import VirtualReader

@Suite("A card plugged into vpcd", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct VPCDCardEndTests {
  /// Collects events; the card end calls from its own thread.
  private final class Log: Sendable {
    private let events = Mutex<[VPCDCardEnd.Event]>([])
    var all: [VPCDCardEnd.Event] { events.withLock { $0 } }
    func add(_ event: VPCDCardEnd.Event) { events.withLock { $0.append(event) } }
  }

  private var inUserNamespace: Bool { geteuid() != 0 }

  @Test("says where it wanted to go when nothing listens there, and what to do")
  func nothingListens() throws {
    let ports = try PortPair()
    #expect {
      try VPCDCardEnd.connect(TestCard(), port: ports.first)
    } throws: { error in
      let text = "\(error)"
      return text.contains("127.0.0.1:\(ports.first)") && text.contains("Connection refused")
        && text.contains("apt-get install pcscd vsmartcard-vpcd")
    }
  }

  @Test("comes back when pcscd does, and stays away once it was removed")
  func restart() throws {
    let scratch = try ScratchDirectory()
    let ports = try PortPair()
    let card = TestCard()
    let log = Log()
    let first = try WorldProcess(
      scratch.configuration, inUserNamespace: inUserNamespace, ports: ports)
    defer { first.stop() }
    var end: VPCDCardEnd?
    #expect(
      eventually {
        end = try? VPCDCardEnd.connect(card, port: ports.first) { log.add($0) }
        return end != nil
      })
    let plugged = try #require(end)
    defer { plugged.stop() }
    #expect(eventually { plugged.isSeen })
    first.stop()
    #expect(eventually { !plugged.isSeen && log.all.last == .disconnected })
    #expect(card.seen.powerOffs >= 1)

    let second = try WorldProcess(
      scratch.configuration, inUserNamespace: inUserNamespace, ports: ports)
    defer { second.stop() }
    #expect(eventually { plugged.isSeen })
    #expect(log.all == [.connected, .seen, .disconnected, .connected, .seen])

    plugged.remove()
    #expect(!plugged.isSeen)
    #expect(log.all.suffix(2) == [.disconnected, .removed])
    usleep(600_000)
    #expect(log.all.last == .removed)
    plugged.insert()
    #expect(eventually { plugged.isSeen })
    #expect(log.all.suffix(3) == [.inserted, .connected, .seen])
  }

  @Test("is stopped at once, connected or not, and leaves no thread behind")
  func stopping() async {
    // In a process of its own, where nobody else has such threads.
    await #expect(processExitsWith: .success) {
      let world = try PrivateWorld.start(card: TestCard())
      #expect(threads() == 1)
      let end = try VPCDCardEnd.connect(TestCard(), port: world.secondPort)
      #expect(eventually { end.isSeen && threads() == 2 })
      #expect(ContinuousClock().measure { end.stop() } < .milliseconds(500))
      #expect(threads() == 1)

      // Nobody holds this one: it goes with its last reference.
      _ = try VPCDCardEnd.connect(TestCard(), port: world.secondPort)
      #expect(threads() == 1)

      // Out of the reader, and waiting to connect again.
      let removed = try VPCDCardEnd.connect(TestCard(), port: world.secondPort)
      removed.remove()
      #expect(ContinuousClock().measure { removed.stop() } < .milliseconds(500))
      let waiting = try VPCDCardEnd.connect(TestCard(), port: world.secondPort)
      world.stop()
      usleep(300_000)
      #expect(ContinuousClock().measure { waiting.stop() } < .milliseconds(500))
      #expect(threads() == 0)
    }
  }
}

/// How many threads of this process serve cards.
private func threads() -> Int {
  guard let directory = opendir("/proc/self/task") else { return 0 }
  defer { closedir(directory) }
  var count = 0
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if contents(of: "/proc/self/task/\(name)/comm") == "vpcd card\n" { count += 1 }
  }
  return count
}
