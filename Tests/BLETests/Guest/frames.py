"""The profile's frames (ble/PROFILE.md), written from its text and not from the token's code."""

import dataclasses
import struct

APDU, POWER_ON, POWER_OFF, CANCEL, PING = 1, 2, 3, 4, 5
RESPONSE, ATR, WAIT, STATE, PONG, ERROR = 0x81, 0x82, 0x83, 0x84, 0x85, 0x8F

SERVICE, COMMAND, ANSWER, INFO, PSM = (
    f"0e39000{number}-e069-41d6-8153-673142514692" for number in range(1, 6))

# Application errors, as answers to a write request; codes of ERROR.
BUSY, BAD_FRAME, OVERLAP, NOT_SUBSCRIBED, NOT_IN_THIS_STATE = 0x80, 0x81, 0x83, 0x84, 0x86
NOT_AUTHENTICATED = 0x05
MALFORMED, TIMEOUT, CANCELLED = b"\x02", b"\x03", b"\x05"


@dataclasses.dataclass
class Message:
    """What one or more frames say."""
    opcode: int
    id: int
    payload: bytes


def fragments(opcode, identifier, payload=b"", size=244):
    """The frames of a message, in order, with at most `size` bytes of data each."""
    head = struct.pack(">BB", opcode, identifier)
    offsets = range(0, max(len(payload), 1), size)
    return [head + struct.pack(">HH", offset, len(payload)) + payload[offset:offset + size]
            for offset in offsets]


class Inbox:
    """Messages out of frames that come in any order."""

    def __init__(self):
        self.messages = []
        self._parts = {}

    def take(self, frame):
        """Keeps a frame; what it completes goes to `messages`."""
        opcode, identifier, offset, total = struct.unpack_from(">BBHH", frame)
        parts = self._parts.setdefault((opcode, identifier), {})
        parts[offset] = bytes(frame[6:])
        if sum(map(len, parts.values())) >= total:
            payload = b"".join(parts[each] for each in sorted(parts))
            del self._parts[opcode, identifier]
            self.messages.append(Message(opcode, identifier, payload))
