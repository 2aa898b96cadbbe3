import CCrypto
import Cryptography
import Foundation
import Testing

@testable import Authority

@Suite("The CA hierarchy and the state directory")
struct HierarchyTests {
  private static let files = [
    "a-cns.key.pem", "a-cns.pem", "a-qualified.key.pem", "a-qualified.pem", "chain.pem",
    "root.key.pem", "root.pem",
  ]

  private func contents(_ path: String) throws -> [String: Data] {
    var result: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path + "/ca") {
      result[name] = try Data(contentsOf: URL(fileURLWithPath: "\(path)/ca/\(name)"))
    }
    return result
  }

  private func mode(_ path: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test("root and CAs say what they are, and that they are tests")
  func authorities() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    for (index, der) in authority.chain.enumerated() {
      let certificate = try Parsed(der)
      #expect(certificate.keyUsage == UInt32(KU_KEY_CERT_SIGN | KU_CRL_SIGN))
      #expect(certificate.extensions["2.5.29.15"] == true)
      #expect(certificate.extensions["2.5.29.19"] == true)
      #expect(certificate.extensions["2.5.29.14"] == false)
      #expect(certificate.extensions["2.5.29.35"] == false)
      #expect(
        try certificate.explained(NID_basic_constraints)
          == "CA:TRUE, pathlen:\(index == 0 ? 1 : 0)")
      #expect(certificate.subject.contains { $0.hasPrefix("2.5.4.10=softdna TEST") })
      #expect(certificate.subject.contains("2.5.4.11=TEST - NOT A REAL TRUST SERVICE PROVIDER"))
      let years = index == 0 ? 20 : 10
      var end = time_t(Fixture.issueDay.adding(years: years).start.timeIntervalSince1970)
      #expect(X509_cmp_time(X509_get0_notAfter(certificate.handle.pointer), &end) == -1)
      end -= 1
      #expect(X509_cmp_time(X509_get0_notAfter(certificate.handle.pointer), &end) == 1)
    }
  }

  @Test("openssl verifies the chain file; keys are PKCS #8 with mode 0600")
  func oracle() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority(at: .real)
    for name in ["a-cns", "a-qualified"] {
      let verified = try openssl(
        "verify", "-x509_strict", "-CAfile", workplace.file("ca/root.pem"),
        workplace.file("ca/\(name).pem"))
      #expect(verified.status == 0, "\(verified.output)")
    }
    let chain = try String(contentsOfFile: authority.chainFile, encoding: .utf8)
    #expect(chain.components(separatedBy: "BEGIN CERTIFICATE").count == 4)
    for name in ["root", "a-cns", "a-qualified"] {
      let key = workplace.file("ca/\(name).key.pem")
      #expect(try mode(key) == 0o600)
      #expect(
        try String(contentsOfFile: key, encoding: .utf8).hasPrefix("-----BEGIN PRIVATE KEY-----"))
      #expect(try openssl("rsa", "-in", key, "-check", "-noout").output.contains("RSA key ok"))
    }
    #expect(try mode(workplace.file("authority.sqlite")) == 0o600)
  }

  @Test("a seed and a day give the same keys, certificates, numbers and codes")
  func determinism() throws {
    let first = try Workplace()
    let second = try Workplace()
    let other = try Workplace()
    let one = try first.authority(seed: 7)
    let two = try second.authority(seed: 7)
    let three = try other.authority(seed: 8)
    #expect(try contents(first.path) == contents(second.path))
    #expect(try contents(first.path) != contents(other.path))
    let devices = try [one, two].map { try Fixture.issue($0) }
    #expect(devices[0] == devices[1])
    #expect(
      try one.certificates(of: devices[0]).map(\.der)
        == two.certificates(of: devices[1]).map(\.der))
    #expect(try one.transportKey(of: devices[0]) == two.transportKey(of: devices[1]))
    #expect(
      ScratchCard.random(one.random, for: devices[0].cardNumber)
        != ScratchCard.random(three.random, for: devices[0].cardNumber))
    #expect(try one.allocateCardNumber() != devices[0].cardNumber)
  }

  @Test("seeded keys are sound: openssl checks them, their primes are far apart")
  func seededKeys() throws {
    let workplace = try Workplace()
    for label in ["a", "b", "c"] {
      let key = try PrivateKey.make(rsaBits: 2048, random: .seeded(1), label: label)
      let file = try workplace.write(key.pem(), label)
      let checked = try openssl("rsa", "-in", file, "-check", "-noout", "-text").output
      #expect(checked.contains("RSA key ok"))
      #expect(checked.contains("(2048 bit, 2 primes)"))
      #expect(checked.contains("publicExponent: 65537"))
    }
  }

  @Test("without a seed every authority has other keys")
  func unseeded() throws {
    let first = try Workplace()
    let second = try Workplace()
    _ = try first.authority(seed: nil)
    _ = try second.authority(seed: nil)
    #expect(try contents(first.path)["a-cns.pem"] != contents(second.path)["a-cns.pem"])
  }

  @Test("an authority keeps its seed and URL, and says so when asked for others")
  func settings() throws {
    let workplace = try Workplace()
    _ = try Authority(
      directory: workplace.path, settings: .init(seed: 4, baseURL: "http://localhost:1"),
      clock: .fixed(Fixture.issueDay))
    let again = try Authority(directory: workplace.path)
    #expect(again.random.seed == 4)
    #expect(again.baseURL == "http://localhost:1")
    #expect(rule { _ = try workplace.authority(seed: 5) } == .settings)
    #expect(
      rule {
        _ = try Authority(directory: workplace.path, settings: .init(baseURL: "http://x"))
      } == .settings)
  }

  @Test(
    "an address that nobody could serve gets into no certificate",
    arguments: [
      "", "http://", "ftp://127.0.0.1:8750", "http://127.0.0.1:0", "http://127.0.0.1:65536",
      "http://127.0.0.1:8750/", "http://127.0.0.1:8750/a?b", "http://me@127.0.0.1",
      "127.0.0.1:8750", "http://example.org:8750", "http://127.0.0.1:8750 ", "http://\u{FC}:8750",
    ])
  func address(baseURL: String) throws {
    let workplace = try Workplace()
    #expect(
      rule { _ = try Authority(directory: workplace.path, settings: .init(baseURL: baseURL)) }
        == .field("baseURL"))
    #expect(!FileManager.default.fileExists(atPath: workplace.file("ca")))
  }

  @Test("a damaged CA file is named", arguments: ["a-cns.pem", "root.key.pem"])
  func damaged(file: String) throws {
    let workplace = try Workplace()
    _ = try workplace.authority()
    try Data("-----BEGIN".utf8).write(to: URL(fileURLWithPath: workplace.file("ca/" + file)))
    do throws(AuthorityError) {
      _ = try Authority(directory: workplace.path)
      Issue.record("it was taken")
    } catch {
      #expect(error.rule == .file && error.attempted.hasSuffix("/ca/" + file), "\(error)")
    }
  }

  @Test("lost or exchanged CA files are noticed")
  func lost() throws {
    let workplace = try Workplace()
    let other = try Workplace()
    _ = try workplace.authority(seed: 1)
    _ = try other.authority(seed: 2)
    let files = FileManager.default
    try files.removeItem(atPath: workplace.file("ca"))
    #expect(rule { _ = try workplace.authority() } == .settings)
    try files.copyItem(atPath: other.file("ca"), toPath: workplace.file("ca"))
    #expect(rule { _ = try workplace.authority() } == .settings)
    try files.removeItem(atPath: workplace.file("ca/a-cns.key.pem"))
    try files.copyItem(
      atPath: other.file("ca/root.key.pem"), toPath: workplace.file("ca/a-cns.key.pem"))
    #expect(rule { _ = try workplace.authority() } == .file)
  }

  @Test("many open one directory at once: one hierarchy, every order kept")
  func concurrent() async throws {
    let workplace = try Workplace()
    let numbers = try await withThrowingTaskGroup(of: CardNumber.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let authority = try workplace.authority(seed: nil)
          let holder = try authority.register(.fictitious)
          return try authority.order(DeviceOrder(holderID: holder.id)).device.cardNumber
        }
      }
      return try await group.reduce(into: Set<CardNumber>()) { $0.insert($1) }
    }
    #expect(numbers.count == 8)
    let authority = try workplace.authority(seed: nil)
    #expect(Set(try authority.devices().map(\.cardNumber)) == numbers)
    #expect(try contents(workplace.path).keys.sorted() == Self.files)
  }

  @Test("what an interrupted creation left behind is swept away")
  func leftBehind() throws {
    let workplace = try Workplace()
    try FileManager.default.createDirectory(
      atPath: workplace.file(".ca-incomplete"), withIntermediateDirectories: true)
    _ = try workplace.write([0x2D], ".ca-incomplete/root.key.pem")
    _ = try workplace.authority()
    #expect(try contents(workplace.path).keys.sorted() == Self.files)
    #expect(!FileManager.default.fileExists(atPath: workplace.file(".ca-incomplete")))
  }

  @Test("a seeded hierarchy is made in less than ten seconds", .timeLimit(.minutes(1)))
  func creationTime() throws {
    let elapsed = try ContinuousClock().measure {
      _ = try Hierarchy(
        random: .seeded(1), today: Fixture.issueDay, urls: StatusURLs(base: "http://x"))
    }
    #expect(elapsed < .seconds(10))
    print("seeded hierarchy: \(elapsed)")
  }

  @Test(
    "killed at any moment of its creation, an authority is whole when it is opened again",
    arguments: [2, 10, 30, 60, 100, 150, 200, 300, 400, 600, 900])
  func killed(milliseconds: Int) async throws {
    let workplace = try Workplace()
    let path = workplace.path
    await #expect(processExitsWith: .failure) {
      [path = path as String, milliseconds = milliseconds as Int] in
      let killer = Thread {
        usleep(UInt32(milliseconds) * 1000)
        kill(getpid(), SIGKILL)
      }
      killer.start()
      for round in 0... {
        // Once the first is whole, others follow until the kill comes.
        _ = try Authority(
          directory: round == 0 ? path : "\(path)/\(round)", settings: .init(seed: 1),
          clock: .fixed(Fixture.issueDay))
      }
    }
    let authority = try workplace.authority()
    #expect(try contents(path).keys.sorted() == Self.files)
    _ = try Fixture.issue(authority)
    #expect(!FileManager.default.fileExists(atPath: path + "/.ca-incomplete"))
  }
}
