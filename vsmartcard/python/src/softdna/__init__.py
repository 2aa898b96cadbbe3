"""A software Digital DNA token in a PC/SC world of its own.

>>> import softdna
>>> with softdna.World() as world:
...     print(world.reader, world.token.pin)

Everything the token holds is a test: keys and certificates prove nothing about anybody.
"""

from softdna.control import Control, CodeTries, Fault, Snapshot, Status, Clock
from softdna.errors import NoBinary, NoWorld, Refused, SoftdnaError
from softdna.token import IssuedToken, PluggedToken, ScratchCard
from softdna.world import World

__all__ = [
    "Clock",
    "CodeTries",
    "Control",
    "Fault",
    "IssuedToken",
    "NoBinary",
    "NoWorld",
    "PluggedToken",
    "Refused",
    "ScratchCard",
    "Snapshot",
    "SoftdnaError",
    "Status",
    "World",
]
