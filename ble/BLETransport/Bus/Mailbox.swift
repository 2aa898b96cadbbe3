internal import CSystemd
internal import Glibc
internal import Synchronization

/// The way from any thread to the one that owns a `Subject`: what is put in here is done over
/// there, in order.
final class Mailbox<Subject>: Sendable {
  private let letters = Mutex<[@Sendable (Subject) -> Void]>([])
  /// An eventfd.
  fileprivate let bell: Int32

  init() { bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }

  deinit { close(bell) }

  /// Has `body` done by the subject's thread.
  func post(_ body: @escaping @Sendable (Subject) -> Void) {
    letters.withLock { $0.append(body) }
    eventfd_write(bell, 1)
  }

  fileprivate func take() -> [@Sendable (Subject) -> Void] {
    var count: eventfd_t = 0
    eventfd_read(bell, &count)
    return letters.withLock { letters in
      defer { letters = [] }
      return letters
    }
  }

  /// The subject's end, for its event loop.
  func source(for subject: Subject) -> any EventSource where Subject: AnyObject {
    MailboxEnd(self, subject)
  }
}

/// Empties a mailbox into its subject, which it does not keep alive.
private final class MailboxEnd<Subject: AnyObject>: EventSource {
  private let mailbox: Mailbox<Subject>
  private unowned let subject: Subject

  init(_ mailbox: Mailbox<Subject>, _ subject: Subject) {
    self.mailbox = mailbox
    self.subject = subject
  }

  var descriptor: Int32 { mailbox.bell }
  var events: Int16 { Int16(POLLIN) }

  func ready(_ events: Int16) {
    for letter in mailbox.take() { letter(subject) }
  }
}
