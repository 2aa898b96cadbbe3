import Foundation
import Testing

@testable import Authority

@Suite("Concurrent and killed")
struct DurabilityTests {
  @Test("many suspend and reactivate one device at once: every change is one, none is lost")
  func concurrent() async throws {
    let workplace = try Workplace()
    let device = try Fixture.issue(try workplace.authority())
    let done = try await withThrowingTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          // Each an authority of its own, as processes have.
          let authority = try workplace.authority()
          let official = Requester.registrar("TEST official \(task)")
          var done = 0
          for _ in 0..<5 {
            if rule({ try authority.suspend(device, by: official) }) == nil { done += 1 }
            _ = try authority.revocationList(of: "a-cns")
            if rule({ try authority.reactivate(device, by: official) }) == nil { done += 1 }
          }
          return done
        }
      }
      return try await group.reduce(0, +)
    }
    let authority = try workplace.authority()
    // One receipt for each, and one of the issue; two certificates change each time.
    #expect(try authority.receipts(of: device).count == done + 1)
    let changes = try authority.events(of: device).filter {
      ["certificate-suspended", "certificate-reactivated"].contains($0.kind)
    }
    #expect(changes.count == 2 * done)
    #expect(done % 2 == (try authority.status(of: device) == .suspended ? 1 : 0))
  }

  @Test(
    "killed while it suspends, reactivates and publishes, it loses nothing",
    arguments: [200, 300, 450])
  func killed(milliseconds: Int) async throws {
    let workplace = try Workplace()
    _ = try Fixture.issue(try workplace.authority())
    let path = workplace.path
    await #expect(processExitsWith: .failure) {
      [path = path as String, milliseconds = milliseconds as Int] in
      let authority = try Authority(directory: path, clock: .fixed(Fixture.issueDay))
      let device = try #require(try authority.devices().first)
      let killer = Thread {
        usleep(UInt32(milliseconds) * 1000)
        kill(getpid(), SIGKILL)
      }
      killer.start()
      while true {
        try authority.suspend(device, by: .registrar("TEST official"))
        _ = try authority.revocationList(of: "a-cns")
        try authority.reactivate(device, by: .registrar("TEST official"))
        _ = try authority.revocationList(of: "a-cns")
      }
    }
    let authority = try workplace.authority()
    let device = try #require(try authority.devices().first)
    let states = Set(try authority.certificates(of: device).map { $0.revocation == nil })
    // Both certificates or none.
    #expect(states.count == 1)
    let changes = try authority.events(of: device).filter {
      ["certificate-suspended", "certificate-reactivated"].contains($0.kind)
    }
    #expect(changes.count == 2 * (try authority.receipts(of: device).count - 1))
    let full = try authority.revocationList(of: "a-cns")
    let file = try workplace.write(full.der, "list.crl")
    let text = try openssl("crl", "-inform", "DER", "-in", file, "-noout", "-text").output
    #expect(text.contains("Certificate Hold") == !states.contains(true))
  }
}
