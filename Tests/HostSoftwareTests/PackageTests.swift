import Foundation
import Testing

/// The Debian package `make deb` has made, in copies of the Debian root the Makefile keeps.
@Suite(
  "The Debian package", .runs(.lintian, .utilLinux, .iproute),
  .enabled(if: DebianPackage.isToBeTested))
struct PackageTests {
  @Test("has no error and no warning of lintian's")
  func lintian() async throws {
    let package = try DebianPackage.path()
    let outcome = try await Program.run(
      "lintian", ["--allow-root", "--fail-on", "error,warning", package])
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("installs into a fresh Debian and works there, for root and for ordinary users")
  func installation() async throws {
    let folder = try TemporaryFolder()
    let root = try await DebianPackage.root("bookworm", in: folder)
    let installed = try await Self.run(Self.container() + Self.using, in: root)
    #expect(installed.output.contains("Digital DNA Key (softdna) 00 00"), "\(installed)")
    // Twice: once as root, once as an ordinary user.
    let holder = installed.output.components(separatedBy: "NESSUNA PROVA TEST (PIN CNS0)")
    #expect(holder.count == 3, "\(installed)")

    let action = try await Self.run(Self.action(), in: root)
    #expect(action.output.contains("path=/a/b/c/../../../.build/deb/softdna_"), "\(action)")

    let reader = try await Self.run(Self.machinesOwnReader, in: root, isAlone: true)
    #expect(reader.output.contains("the card is: CNS card"), "\(reader)")

    let rest = try await Self.run(Self.restOfThePackage, in: root)
    #expect(rest.output.contains("completed: exec"), "\(rest)")
    #expect(rest.output.hasSuffix("gone\n"), "\(rest)")
  }

  @Test("is told by Debian 13's polkit that a user is refused, and how to change that")
  func polkit() async throws {
    let folder = try TemporaryFolder()
    let root = try await DebianPackage.root("trixie", in: folder)
    _ = try await Self.run(Self.installingWithPolkit, in: root)
    let outcome = try await Self.run(Self.refused, in: root, isAlone: true)
    let parts = outcome.output.components(separatedBy: "the machine's own pcscd: ")
    try #require(parts.count == 4, "\(outcome)")
    #expect(parts[1].hasPrefix("does not run"))
    #expect(parts[2].hasPrefix("refuses alice, who has no active session (polkit)"))
    #expect(parts[3].hasPrefix("Virtual PCD"))
  }

  private static let installingWithPolkit = """
    quietly apt-get update
    quietly apt-get install -y /tmp/softdna_*.deb polkitd dbus
    """

  private static let refused = """
    useradd --create-home alice
    softdna doctor
    mkdir -p /run/dbus /run/pcscd
    dbus-daemon --system --fork
    /usr/lib/polkit-1/polkitd --no-debug > polkitd.log 2>&1 & polkitd=$!
    pcscd --foreground > pcscd.log 2>&1 & pcscd=$!
    asAlice() { su alice -c "cd && softdna doctor"; }
    until [ -S /run/pcscd/pcscd.comm ]; do sleep 0.1; done
    asAlice | tee doctor.txt
    sed -n "/machine's own/,/fix:/ s/ *fix: //p" doctor.txt | sed 's/sudo //' > fix
    quietly sh -eu fix
    # polkitd sees a new rule when the kernel tells it.
    for attempt in $(seq 50); do
      asAlice > doctor.txt
      ! grep -q "refuses alice" doctor.txt || { sleep 0.2; continue; }
      break
    done
    cat doctor.txt
    kill $pcscd $polkitd
    """

  /// Runs a script as root of the Debian in a folder; the first command that fails ends it.
  ///
  /// - Parameter isAlone: it has a network of its own, for the ports of a pcscd.
  private static func run(
    _ script: String, in root: String, isAlone: Bool = false
  ) async throws -> Outcome {
    let shown = "quietly() { \"$@\" > log 2>&1 || { cat log >&2; exit 1; }; }\ncd /root\n"
    let outcome = try await Program.run(
      "/bin/sh",
      [Softdna.repository + "/.ci/in-fresh-debian"] + (isAlone ? ["--alone"] : [])
        + [root, shown + script])
    try #require(outcome.status == 0, "\(outcome)")
    return outcome
  }

  /// What the container file does in its second stage, the package being where it is copied to.
  private static func container() throws -> String {
    let text = try String(
      contentsOfFile: Softdna.repository + "/.ci/Containerfile", encoding: .utf8)
    let stage = try #require(text.components(separatedBy: "\nFROM ").last)
    let instructions = stage.replacing("\\\n", with: "").components(separatedBy: "\n")
    let commands = instructions.filter { $0.hasPrefix("RUN ") }.map { $0.dropFirst(4) }
    try #require(commands.count == 2, "\(commands)")
    return commands.map { "quietly sh -c '\($0)'\n" }.joined()
  }

  private static let using = """
    ! command -v swift
    softdna doctor
    softdna exec -- pkcs11-tool -L
    su tester -c "cd && softdna exec -- pkcs11-tool -L"
    softdna run /usr/share/softdna/scenarios/blocking.yaml --over pcsc
    """

  /// The GitHub action's scripts after the one that builds, as a runner would run them: the
  /// package is where that one leaves it.
  private static func action() async throws -> String {
    let reading = """
      import sys, yaml
      known = {"inputs.package": "", "github.action_path": "/a/b/c",
               "steps.package.outputs.path": "$(sed s/path=// /root/output)"}
      for step in yaml.safe_load(open(sys.argv[1]))["runs"]["steps"][1:]:
          for name, value in step.get("env", {}).items():
              for key, text in known.items():
                  value = value.replace("${{ %s }}" % key, text)
              print(f'export {name}="{value}"')
          print(f"quietly sh -e -c '{step['run']}'")
      """
    let outcome = try await Program.run(
      "/usr/bin/python3",
      ["-c", reading, Softdna.repository + "/.github/actions/softdna/action.yml"])
    try #require(outcome.status == 0, "\(outcome)")
    return "export GITHUB_OUTPUT=/root/output\n\(outcome.output)\ncat /root/output\n"
  }

  private static let machinesOwnReader = """
    cp /usr/share/softdna/reader.conf /etc/reader.conf.d/softdna
    pcscd --foreground > pcscd.log 2>&1 & pcscd=$!
    softdna issue --state token
    softdna up --state token --vpcd 127.0.0.1:35965 & up=$!
    for attempt in $(seq 100); do
      name=$(timeout 10 opensc-tool --reader "Digital DNA Key (softdna) 00 00" --name) && break
      sleep 0.1
    done
    echo "the card is: $name"
    kill $up; wait $up
    kill $pcscd; wait $pcscd || :
    """

  /// Each part is read by the program it is for.
  private static let restOfThePackage = """
    quietly apt-get install -y --no-install-recommends systemd man-db zsh fish bash-completion
    XDG_RUNTIME_DIR=/tmp systemd-analyze --user verify /usr/lib/systemd/user/softdna.service
    for page in /usr/share/man/man1/softdna*.1.gz; do
      test -z "$(MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)"
    done
    zsh --no-exec /usr/share/zsh/vendor-completions/_softdna
    fish --no-execute /usr/share/fish/vendor_completions.d/softdna.fish
    bash -euc '
      set +u; . /usr/share/bash-completion/completions/softdna
      COMP_WORDS=(softdna exe); COMP_CWORD=1; COMP_LINE="softdna exe"; COMP_POINT=11
      $(complete -p softdna | sed "s/.*-F \\([^ ]*\\).*/\\1/") softdna exe softdna
      echo "completed: ${COMPREPLY[*]}"'
    quietly apt-get purge -y softdna
    left=$(find / -xdev -name "*softdna*" -not -path "/root/*" -not -path "/var/*" \
      -not -path "/etc/reader.conf.d/*" -not -path "/.build/*")
    test -z "$left" && echo gone
    """
}

/// What the Makefile has made for these tests.
enum DebianPackage {
  private static let folder = Softdna.repository + "/.build/deb"
  private static func archive(_ release: String) -> String {
    Softdna.repository + "/.build/\(release).tar"
  }

  /// In CI always: a package that is missing is a failure there.
  static var isToBeTested: Bool {
    ProcessInfo.processInfo.environment["CI"] != nil
      || (FileManager.default.fileExists(atPath: archive("bookworm")) && (try? path()) != nil)
  }

  /// The root of a fresh Debian of this release in a folder, the package being in its `/tmp`, and
  /// where the GitHub action leaves it.
  static func root(_ release: String, in folder: TemporaryFolder) async throws -> String {
    let root = folder.path("root")
    let unpacking = """
      mkdir "$0" && tar -C "$0" -xf "$1" --exclude "./dev/*" && mkdir -p "$0/a/b/c" "$0/.build/deb"
      cp "$2" "$0/tmp" && cp "$2" "$0/.build/deb"
      """
    let unpacked = try await Program.run(
      "/bin/sh", ["-euc", unpacking, root, archive(release), try path()])
    try #require(unpacked.status == 0, "\(unpacked)")
    return root
  }

  /// - Throws: where there is none, or more than one.
  static func path() throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".deb") }
    try #require(names.count == 1, "make deb")
    return folder + "/" + names[0]
  }
}
