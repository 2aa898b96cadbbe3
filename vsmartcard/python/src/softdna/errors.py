"""What goes wrong, in sentences."""

from __future__ import annotations


class SoftdnaError(Exception):
    """Something softdna said no to."""


class NoBinary(SoftdnaError):
    """There is no softdna program."""


class NoWorld(SoftdnaError):
    """A PC/SC world cannot be made, or this process cannot live in it."""


class Refused(SoftdnaError):
    """A request that was not carried out.

    ``kind`` is ``"usage"`` where there is no such request, key or value, and ``"refused"`` where
    it cannot be carried out now, or not with this token.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
