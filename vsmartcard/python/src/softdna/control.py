"""The control socket of a token that is plugged in; see docs/user/control.md."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import socket
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from softdna.errors import NoWorld, Refused


@dataclasses.dataclass(frozen=True)
class CodeTries:
    """Tries of a PIN or PUK."""

    left: int
    most: int


@dataclasses.dataclass(frozen=True)
class Status:
    """Where a token is and what it is."""

    present: bool
    powered: bool
    life_cycle: str
    chip: str
    atr: bytes
    #: By the reference that VERIFY names the code by: 0x10 and 0x11 are PIN and PUK of the CNS
    #: key, 0x1A and 0x1B those of the signature key.
    tries: Mapping[int, CodeTries]
    faults: int
    volatile: bool
    date: datetime.date


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A memory that is kept."""

    name: str
    taken: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault that is still to come."""

    number: int
    #: What it does, by the words of the request: ``{"answer": "6F00"}``.
    effect: Mapping[str, Union[str, int, bool]]
    ins: Optional[int]
    nth: int
    #: None for one that goes on until it is cleared.
    times: Optional[int]
    execute: bool
    #: How many commands it concerned, and happened to.
    seen: int
    happened: int


@dataclasses.dataclass(frozen=True)
class Clock:
    """A date that was moved."""

    date: datetime.date
    #: Days from the machine's own date.
    days: int
    #: Who sees it: ``authority``, ``command``.
    seen_by: Tuple[str, ...]


class Control:
    """Requests to the token that is plugged in at a socket."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = os.path.abspath(socket_path)

    def request(self, do: str, **keys: Any) -> Any:
        """Any request by its name; keys with a dash are written with an underscore, and those
        that are None are left out. Answers what the answer carries.
        """
        message = {"do": do, "version": 1}
        message.update({k.replace("_", "-"): v for k, v in keys.items() if v is not None})
        answer = json.loads(self._exchange(json.dumps(message).encode() + b"\n"))
        if not answer["ok"]:
            raise Refused(answer["kind"], answer["error"])
        return answer.get("result")

    def insert(self) -> None:
        """Puts the token into its reader; returns when programs have noticed."""
        self.request("insert")

    def remove(self) -> None:
        """Takes the token out of its reader; returns when programs have noticed."""
        self.request("remove")

    def reset(self) -> None:
        """Has the token lose what it knows without its memory, untold to reader and programs."""
        self.request("reset")

    def press(self) -> None:
        """Presses the token's button."""
        self.request("press")

    def status(self) -> Status:
        """Where the token is, what it is, how many tries are left."""
        found = self.request("status")
        return Status(
            present=found["present"],
            powered=found["powered"],
            life_cycle=found["lifeCycle"],
            chip=found["chip"],
            atr=bytes.fromhex(found["atr"]),
            tries=_tries(found["tries"]),
            faults=found["faults"],
            volatile=found["volatile"],
            date=datetime.date.fromisoformat(found["date"]),
        )

    def tries(self) -> Mapping[int, CodeTries]:
        """The tries of each PIN and PUK, by the reference that VERIFY names it by."""
        return _tries(self.request("tries"))

    def snapshot(self, name: str) -> None:
        """Keeps the token's memory as it is."""
        self.request("snapshot", name=name)

    def restore(self, name: str, *, in_place: bool = False) -> None:
        """Gives the token a memory that was kept. Programs see it leave and come back; with
        ``in_place`` they do not, which takes milliseconds.
        """
        self.request("restore", name=name, in_place=True if in_place else None)

    def snapshots(self) -> List[Snapshot]:
        """The memories that are kept."""
        return [
            Snapshot(
                name=entry["name"],
                taken=datetime.datetime.fromisoformat(entry["taken"].replace("Z", "+00:00")),
            )
            for entry in self.request("snapshots")
        ]

    def delete_snapshot(self, name: str) -> None:
        """Deletes a memory that was kept."""
        self.request("delete-snapshot", name=name)

    def fault(
        self,
        *,
        answer: Optional[int] = None,
        delay: Optional[int] = None,
        drop: bool = False,
        garbage: Union[bool, bytes] = False,
        truncate: Optional[int] = None,
        ins: Optional[int] = None,
        nth: Optional[int] = None,
        times: Optional[int] = None,
        always: bool = False,
        execute: bool = False,
    ) -> int:
        """Has the card or its wire break; answers the fault's number.

        One of: ``answer``, a status word; ``delay``, milliseconds; ``drop``, the card is gone;
        ``garbage``, every bit inverted, or these bytes; ``truncate``, so many bytes arrive.
        It happens to the next command, or to the ``nth`` with this ``ins``, so many ``times`` in a
        row or ``always``; with ``execute`` a card that does not answer, or says something else,
        has carried the command out.
        """
        number = self.request(
            "fault",
            answer=None if answer is None else f"{answer:04X}",
            delay=delay,
            drop=drop or None,
            garbage=garbage.hex() if isinstance(garbage, bytes) else garbage or None,
            truncate=truncate,
            ins=None if ins is None else f"{ins:02X}",
            nth=nth,
            times=times,
            always=always or None,
            execute=execute or None,
        )["number"]
        return int(number)

    def faults(self) -> List[Fault]:
        """The faults that are still to come, the oldest first."""
        return [_fault(listing) for listing in self.request("faults")]

    def clear_faults(self, number: Optional[int] = None) -> int:
        """Takes one fault back, or all; answers how many there were."""
        return int(self.request("clear-faults", number=number)["cleared"])

    def advance_clock(
        self,
        *,
        days: Optional[int] = None,
        years: Optional[int] = None,
        to: Optional[datetime.date] = None,
    ) -> Clock:
        """Lets time go by."""
        return _clock(
            self.request(
                "advance-clock", days=days, years=years, to=None if to is None else to.isoformat()
            )
        )

    def reset_clock(self) -> Clock:
        """Goes back to the machine's own date."""
        return _clock(self.request("advance-clock", reset=True))

    def _exchange(self, line: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            try:
                # A socket's address has room for 107 bytes: through its folder's descriptor every
                # path is short.
                folder = os.open(os.path.dirname(self.socket_path), os.O_RDONLY | os.O_DIRECTORY)
                try:
                    peer.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.socket_path)}")
                finally:
                    os.close(folder)
            except OSError as error:
                raise NoWorld(f"no token is plugged in at {self.socket_path}: {error}") from error
            peer.sendall(line)
            answer = b""
            while not answer.endswith(b"\n"):
                part = peer.recv(65536)
                if not part:
                    raise NoWorld(f"the token at {self.socket_path} was taken away before it answered")
                answer += part
        return answer


def _tries(found: Mapping[str, Mapping[str, int]]) -> Dict[int, CodeTries]:
    return {int(k, 16): CodeTries(left=v["left"], most=v["most"]) for k, v in found.items()}


def _fault(listing: Mapping[str, Any]) -> Fault:
    effects = ("answer", "delay", "drop", "garbage", "truncate")
    return Fault(
        number=listing["number"],
        effect={key: listing[key] for key in effects if key in listing},
        ins=int(listing["ins"], 16) if "ins" in listing else None,
        nth=listing["nth"],
        times=listing.get("times"),
        execute=listing.get("execute", False),
        seen=listing["seen"],
        happened=listing["happened"],
    )


def _clock(result: Mapping[str, Any]) -> Clock:
    return Clock(
        date=datetime.date.fromisoformat(result["date"]),
        days=result["days"],
        seen_by=tuple(result["seen-by"]),
    )
