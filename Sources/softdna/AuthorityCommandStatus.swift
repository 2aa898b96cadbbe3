import ArgumentParser
import Authority
import Foundation
import HostFiles
import StatusServer

/// `softdna authority show`.
struct AuthorityShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a device's history as a timeline.",
    discussion: """
      The status is that of the day asked for; the timeline is all there is. Nothing is written, \
      neither by this nor by notices, requests, crl, ocsp and serve.
      """)

  @OptionGroup var options: AuthorityOptions
  @OptionGroup var device: DeviceOption

  private struct Output: Encodable {
    struct Line: Encodable {
      let at: Date
      let kind: String
      let detail: [String: String]
    }
    let cardNumber: String
    let chamber: String
    let provider: String
    let chip: String
    let device: String
    let issued: String
    let expires: String
    let status: String
    let statusOn: Day
    let timeline: [Line]
    let receipts: [Receipt]
  }

  func run() throws {
    let authority = try options.open()
    let device = try device.device(in: authority)
    try failing(status: 1) {
      let status = try authority.status(of: device)
      let receipts = try authority.receipts(of: device)
      let output = Output(
        cardNumber: device.cardNumber.description, chamber: device.chamber,
        provider: device.provider.rawValue, chip: device.chip.rawValue,
        device: device.kind.rawValue, issued: device.issueDay.description,
        expires: device.expiryDay.description, status: status.rawValue,
        statusOn: authority.clock.today,
        timeline: try authority.events(of: device).map {
          .init(at: $0.at, kind: $0.kind, detail: $0.detail)
        }, receipts: receipts)
      let later = try authority.historyGoesOn()
      try options.print(output, or: text(of: output, later))
    }
  }

  private func text(of output: Output, _ later: Day?) -> String {
    let day = later.map { " on \(output.statusOn); the history goes on to \($0)" } ?? ""
    var lines = [
      "\(output.device) \(output.cardNumber), \(output.status)\(day)",
      "chip \(output.chip), chamber \(output.chamber), provider \(output.provider)",
      "issued \(output.issued), ends \(output.expires)", "",
    ]
    lines += output.timeline.map { line in
      let detail = line.detail.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return "\(line.at.formatted(.iso8601))  "
        + line.kind.padding(toLength: 24, withPad: " ", startingAt: 0)
        + detail.joined(separator: ", ")
    }
    lines.append("")
    lines += output.receipts.map { "\($0.at.formatted(.iso8601))  \($0.line)" }
    return lines.joined(separator: "\n")
  }
}

/// `softdna authority crl`.
struct AuthorityCRLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crl",
    abstract: "Write the revocation lists of the day to files, in DER.",
    discussion: "Each CA has a full list and a delta list: NAME.crl and NAME-delta.crl.")

  @OptionGroup var options: AuthorityOptions
  @Option(help: "The folder; DIR/crl by default.") var output: String?

  func run() throws {
    struct Line: Encodable {
      let issuer: String
      let number: Int
      let base: Int?
      let nextUpdate: Date
      let file: String
    }
    let authority = try options.open()
    let folder = output ?? options.state.path + "/crl"
    try HostFolder.make(folder)
    var lines: [Line] = []
    for name in authority.issuerNames {
      let lists = try failing(status: 1) {
        [try authority.revocationList(of: name), try authority.deltaRevocationList(of: name)]
      }
      for list in lists {
        let file = "\(folder)/\(name)\(list.baseNumber == nil ? "" : "-delta").crl"
        try OutputFile(path: file, mode: 0o644).write(Data(list.der))
        lines.append(
          Line(
            issuer: name, number: list.number, base: list.baseNumber, nextUpdate: list.nextUpdate,
            file: file))
      }
    }
    let text = lines.map { line in
      "\(line.file)  number \(line.number)"
        + (line.base.map { ", adds to \($0)" } ?? "")
        + ", next \(line.nextUpdate.formatted(.iso8601))"
    }
    try options.print(lines, or: text.joined(separator: "\n"))
  }
}

/// `softdna authority ocsp`.
struct AuthorityOCSPCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ocsp",
    abstract: "Answer an OCSP request from a file, without a server.",
    discussion: """
      The request is what `openssl ocsp -reqout FILE` writes; the answer what `openssl ocsp \
      -respin FILE` reads.
      """)

  @OptionGroup var options: AuthorityOptions
  @Option(help: "OCSPRequest in DER.") var request: String
  @Option(help: "Where OCSPResponse goes, in DER; - is standard output.") var response: String

  func run() throws {
    struct Output: Encodable {
      let response: String
      let bytes: Int
    }
    // As long as a request over HTTP may be.
    let bytes: [UInt8]
    do throws(InputFile.Problem) {
      bytes = try InputFile.read(request, atMost: 65_536)
    } catch { throw Failure("\(request) cannot be read: \(error.reason)") }
    let answer = try failing(status: 1) { try options.open().ocspResponse(to: bytes) }
    let file = OutputFile(path: response, mode: 0o644)
    try file.write(Data(answer))
    guard !file.isStandardOutput else { return }
    try options.print(
      Output(response: response, bytes: answer.count), or: "\(response): \(answer.count) bytes")
  }
}

/// `softdna authority serve`.
struct AuthorityServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve lists, CA certificates, OCSP answers and remote signatures until interrupted.",
    discussion: """
      At the URLs that the certificates name: /crl/NAME.crl, /crl/NAME-delta.crl, /ca/NAME.cer, \
      /ocsp, /pds/it.pdf, /pds/en.pdf and the CSC API at /csc/v2. On this machine alone.
      """)

  @OptionGroup var options: AuthorityOptions
  @Option(help: "The port that the certificates name; told only to be sure of it.")
  var port: Int?

  func run() async throws {
    let authority = try options.open()
    let server = try failing { try StatusServer(authority, port: port) }
    let json = options.json
    let url = authority.baseURL
    do {
      try await server.run {
        json
          ? Console.print("{\"url\":\"\(url)\"}")
          : Console.note("softdna: the authority answers at \(url); end with Ctrl-C")
      }
    } catch {
      throw Failure("\(url) cannot be served: \(error)")
    }
  }
}
