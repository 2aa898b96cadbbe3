import Foundation
import Testing

@testable import Authority

@Suite("E-mail addresses and messages")
struct MailTests {
  @Test(
    "what no mailbox is called is refused with the field",
    arguments: [
      "", "@", "a", "a@", "@b.it", "<a@b>", "a@b>", "a,b@x.it", "mario@x..it", "mario@.x.it",
      "mario@x.it.", ".mario@x.it", "mario.@x.it", "ma..rio@x.it", "a@b@c.it", "a b@x.it",
      "a@x .it", "a@x_y.it", "a@-x.it", "a@x-.it", "a;b@x.it", "a:b@x.it", "a(b)@x.it",
      "\"a b\"@x.it", "a\\@x.it", "a@[127.0.0.1]", "a@x.it\r\nBcc: b@x.it", "a@x.it\n", "è@x.it",
      "a@è.it", "a@x.it,b@x.it", "a\u{0}@x.it", "\u{202E}a@x.it",
      String(repeating: "a", count: 65) + "@x.it",
      "a@" + String(repeating: "b", count: 64) + ".it",
      "a@" + String(repeating: "bbb.", count: 70) + "it",
    ])
  func refused(address: String) throws {
    var holder = Holder.fictitious
    holder.eMail = address
    #expect(rule { try holder.validate() } == .field("eMail"))
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let device = try Fixture.issue(authority)
    let events = try authority.events()
    #expect(
      rule { try authority.changeEMail(of: device, to: address, by: .registrar("TEST")) }
        == .field("eMail"))
    #expect(try authority.events() == events)
  }

  @Test(
    "what a mailbox may be called is taken",
    arguments: [
      "a@b", "nessuna.prova@softdna.invalid", "o'neill+x=1@a-b.x.it", "!#$%&'*+-/=?^_`{|}~@x.it",
      String(repeating: "a", count: 64) + "@" + String(repeating: "b", count: 63) + ".it",
    ])
  func taken(address: String) throws {
    #expect(try EMailAddress(address).description == address)
  }

  @Test(
    "names with control characters, line ends and marks that turn writing round are refused",
    arguments: ["A\r\nB", "A\u{85}B", "A\u{9B}B", "A\u{2028}B", "A\u{202E}B", "A\u{200B}B"])
  func names(name: String) {
    for (field, holder) in [
      ("surname", \Holder.surname), ("name", \.name), ("birthPlace", \.birthPlace),
      ("residenceAddress", \.residenceAddress),
    ] {
      var hostile = Holder.fictitious
      hostile[keyPath: holder] = name
      #expect(rule { try hostile.validate() } == .field(field))
    }
    var administration = IssuingAdministration.test
    administration.unit = "TEST " + name
    #expect(rule { try administration.validate() } == .field("unit"))
  }

  @Test("Python's email reads every message: one recipient, no other header, whatever was stored")
  func messages() throws {
    let workplace = try Workplace()
    var number = SystemRandomNumberGenerator()
    let pieces = [
      "a", "@", "b.it", "<", ">", ",", "\"", "\r\n", "\n", "Bcc: x@y.it", " ", "è", "=?", ";",
    ]
    let hostile = (0..<200).map { _ in
      (0..<Int.random(in: 1..<12, using: &number)).map { _ in pieces.randomElement() ?? "" }
        .joined()
    }
    for (index, text) in (hostile + ["a@b.it", "<a@b>", "a,b@x.it"]).enumerated() {
      let message = Message(
        id: Int64(index), deviceID: 1, kind: .expiry, recipient: text, subject: "TEST \(text)",
        body: "x\r\nBcc: x@y.it\n.\n\(text)", at: Fixture.issueDay.start)
      _ = try workplace.write(Array(message.text.utf8), "\(index).eml")
    }
    let script = """
      import email, email.policy, glob, sys
      names = ['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type',
        'Content-Transfer-Encoding']
      for path in glob.glob(sys.argv[1] + '/*.eml'):
        m = email.message_from_bytes(open(path, 'rb').read(), policy=email.policy.default)
        assert m.keys() == names, (path, m.keys())
        to = m['To'].addresses
        assert len(to) <= 1 and not m.defects and not m['To'].defects, (path, to, m.defects)
        assert all(a.addr_spec and '@' in a.addr_spec for a in to), (path, to)
        assert m['Subject'].startswith('TEST '), path
      m = email.message_from_binary_file(open(sys.argv[1] + '/200.eml', 'rb'),
        policy=email.policy.default)
      assert [a.addr_spec for a in m['To'].addresses] == ['a@b.it']
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, workplace.path]
    let pipe = Pipe()
    process.standardError = pipe
    try process.run()
    let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(errors)")
  }
}
