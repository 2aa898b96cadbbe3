import Firmware
import Foundation
import HostFiles

/// A token image cannot be used.
public struct ImageError: Error, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong, and where it helps what to do.
  public let reason: String

  /// The file was read, and what is in it is no sound token.
  public let isDamage: Bool

  init(path: String, reason: String, isDamage: Bool = false) {
    self.path = path
    self.reason = reason
    self.isDamage = isDamage
  }

  init(_ attempt: String, _ path: String, _ code: Int32) {
    self.init(path: path, reason: "cannot \(attempt) it: \(SystemReason.text(code))")
  }

  init(_ failure: FileFailure) {
    self.init(
      path: failure.path, reason: "it cannot be \(failure.attempt.participle): \(failure.reason)")
  }

  init(inUse path: String) {
    self.init(
      path: path,
      reason: "another process uses this token; end it first (a token has one owner at a time)")
  }

  init(path: String, _ failure: MountFailure) {
    let reason =
      switch failure {
      case .blank: "it is erased: no token was manufactured in it"
      case .noLiveHalf: "neither half has a valid header: it is damaged, or no token image"
      case .unsupportedVersion(let version):
        "its format is version \(version), which this softdna does not know"
      case .damagedRecord(let address):
        "the record at \(hex(address)) is not what was written there: the file was damaged"
      case .inconsistentContents(let object):
        "object \(object) does not fit the others: the file was damaged"
      case .memoryFailure: "an interrupted change could not be undone: the file cannot be written"
      }
    self.init(path: path, reason: reason + "; it was left as it is", isDamage: true)
  }

  /// One sentence with the path in front.
  public var description: String { "\(path): \(reason)" }
}

private func hex(_ address: Int) -> String { "0x" + String(address, radix: 16) }
