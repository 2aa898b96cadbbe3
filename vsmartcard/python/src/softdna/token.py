"""Tokens: one in a state directory, and one that is plugged in."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
from typing import TYPE_CHECKING, Any, Optional, Tuple, Union

from softdna import binary
from softdna.control import Control
from softdna.errors import SoftdnaError

if TYPE_CHECKING:
    from softdna.world import World

Path = Union[str, "os.PathLike[str]"]


@dataclasses.dataclass(frozen=True)
class ScratchCard:
    """What the holder got on paper."""

    pin: str
    puk: str
    signature_pin: str
    signature_puk: str
    user_code: str


class IssuedToken:
    """A token and the authority that issued it, in a state directory."""

    def __init__(self, path: Path) -> None:
        #: The state directory, absolute.
        self.path = os.path.abspath(os.fspath(path))
        file = os.path.join(self.path, "scratch-card.json")
        try:
            with open(file, encoding="utf-8") as stream:
                card = json.load(stream)
        except OSError as error:
            raise SoftdnaError(
                f"there is no issued token in {self.path} ({error});"
                " issue one with softdna.IssuedToken.issue"
            ) from error
        self.scratch_card = ScratchCard(
            pin=card["pinCNS"],
            puk=card["pukCNS"],
            signature_pin=card["pinSignature"],
            signature_puk=card["pukSignature"],
            user_code=card["userCode"],
        )

    @classmethod
    def issue(
        cls,
        path: Path,
        *,
        seed: Optional[int] = None,
        chip: str = "current",
        date: Optional[datetime.date] = None,
        holder: Optional[Path] = None,
        options: Tuple[str, ...] = (),
    ) -> IssuedToken:
        """Issues a token to a fictitious holder, or to the one in a YAML file.

        With ``seed`` everything but the time is the same each time; ``options`` are further ones
        of ``softdna issue``.
        """
        arguments = ["issue", "--state", os.fspath(path), "--chip", chip, "--json", *options]
        if seed is not None:
            arguments += ["--seed", str(seed)]
        if date is not None:
            arguments += ["--date", date.isoformat()]
        if holder is not None:
            arguments += ["--holder", os.fspath(holder)]
        binary.run(arguments)
        return cls(path)

    @property
    def pin(self) -> str:
        """The PIN of the CNS key."""
        return self.scratch_card.pin

    @property
    def puk(self) -> str:
        """The PUK of the CNS key."""
        return self.scratch_card.puk

    @property
    def signature_pin(self) -> str:
        """The PIN of the signature key."""
        return self.scratch_card.signature_pin

    @property
    def signature_puk(self) -> str:
        """The PUK of the signature key."""
        return self.scratch_card.signature_puk

    @property
    def ca_file(self) -> str:
        """Root and CAs, PEM."""
        return os.path.join(self.path, "ca", "chain.pem")

    def authority(self, *arguments: str) -> Any:
        """Runs ``softdna authority`` on it, as in ``authority("suspend")``; answers its JSON."""
        return binary.run(
            ["authority", *arguments, "--state", self.path, "--json"], expect_json=True
        )

    def plug_in(
        self,
        *,
        in_process: bool = True,
        volatile: bool = False,
        date: Optional[datetime.date] = None,
        movable_clock: bool = False,
        log: Optional[Path] = None,
    ) -> World:
        """A world that holds this token, for ``with``; see ``World``."""
        from softdna.world import World

        return World(
            self,
            in_process=in_process,
            volatile=volatile,
            date=date,
            movable_clock=movable_clock,
            log=log,
        )


class PluggedToken(IssuedToken, Control):
    """A token in a reader: what it was issued with, and the requests of its control socket."""

    def __init__(self, path: Path, socket_path: str, reader: str) -> None:
        IssuedToken.__init__(self, path)
        Control.__init__(self, socket_path)
        #: The reader's name.
        self.reader = reader
