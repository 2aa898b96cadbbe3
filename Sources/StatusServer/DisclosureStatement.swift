/// The PKI disclosure statement that qualified certificates point to (ETSI EN 319 412-5, 4.3.4); the
/// raw value is its language. It discloses that there is nothing to rely on.
enum DisclosureStatement: String, CaseIterable {
  case italian = "it"
  case english = "en"

  /// Latin letters without accents: each character is one byte in the file.
  private var lines: [String] {
    switch self {
    case .italian:
      [
        "TEST - DICHIARAZIONE DI TRASPARENZA (PDS)", "",
        "softdna e' un emulatore. I certificati che nominano questo documento sono",
        "certificati di prova: non sono qualificati, non identificano nessuno e le firme",
        "che li usano non hanno alcun valore legale.", "",
        "Prestatore di servizi fiduciari: nessuno. Il nome nel certificato e' inventato.",
        "Limiti d'uso: solo prove di software, su questa macchina.",
        "Obblighi dei titolari e di chi fa affidamento: non fare affidamento.",
        "Verifica dello stato: CRL e OCSP agli indirizzi scritti nei certificati.",
        "Responsabilita', reclami, legge applicabile: nessun servizio, nessuna garanzia.",
      ]
    case .english:
      [
        "TEST - PKI DISCLOSURE STATEMENT (PDS)", "",
        "softdna is an emulator. Certificates that name this document are tests: they are",
        "not qualified, they identify nobody, and signatures made with them have no legal",
        "effect whatever.", "",
        "Trust service provider: none. The name in the certificate is made up.",
        "Reliance limits: tests of software only, on this machine.",
        "Obligations of subscribers and relying parties: do not rely on it.",
        "Status checking: CRL and OCSP at the addresses written in the certificates.",
        "Liability, complaints, applicable law: no service, no warranty.",
      ]
    }
  }

  /// The statement as a document of one page (ISO 32000-1).
  var pdf: [UInt8] {
    // 7.3.4.2: what would end or escape a string is escaped itself.
    let text = lines.map { line in
      "(" + line.flatMap { "\\()".contains($0) ? ["\\", $0] : [$0] } + ") Tj T*"
    }
    let content = "BT /F1 11 Tf 16 TL 56 770 Td\n" + text.joined(separator: "\n") + "\nET\n"
    let objects = [
      "<< /Type /Catalog /Pages 2 0 R /Lang (\(rawValue)) >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        + "/Resources << /Font << /F1 5 0 R >> >> >>",
      "<< /Length \(content.utf8.count) >>\nstream\n\(content)endstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    var file = "%PDF-1.4\n"
    // 7.5.4: an entry of the cross-reference table has 20 bytes.
    var table = "0000000000 65535 f \n"
    for (index, object) in objects.enumerated() {
      let offset = String(file.utf8.count)
      table += String(repeating: "0", count: 10 - offset.count) + offset + " 00000 n \n"
      file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
    }
    let start = file.utf8.count
    file += "xref\n0 \(objects.count + 1)\n\(table)"
    file += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n"
    return Array(file.utf8)
  }
}
