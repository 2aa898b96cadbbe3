"""PC/SC worlds."""

from __future__ import annotations

import datetime
import os
import subprocess
import tempfile
from types import TracebackType
from typing import IO, Any, Dict, Mapping, Optional, Sequence, Type, Union

from softdna import binary, process
from softdna.errors import NoWorld, SoftdnaError
from softdna.token import IssuedToken, Path, PluggedToken

#: Runs in the world until its standard input ends: it does when this process ends, too.
_HOLDER = 'env -0 && printf "=\\0" && exec cat >/dev/null'


class World:
    """A PC/SC world of its own around one token: a real pcscd with one reader, which nobody else
    sees. It begins with ``with``, and ends with it and with this process.

    ``token`` is an ``IssuedToken`` or a state directory; without one a token is issued and thrown
    away. ``in_process`` has PC/SC libraries in this process see the world; of such worlds there is
    one at a time. Programs started with ``run``, or with ``environment``, are in it anyway.
    ``volatile`` leaves the token's image as it is. ``date`` and ``movable_clock`` move the date
    that programs started by ``run`` see (Debian: faketime). ``log`` is a trace, .jsonl or .pcap.
    """

    def __init__(
        self,
        token: Optional[Union[IssuedToken, Path]] = None,
        *,
        in_process: bool = True,
        volatile: bool = False,
        date: Optional[datetime.date] = None,
        movable_clock: bool = False,
        log: Optional[Path] = None,
    ) -> None:
        self._arguments = ["exec"]
        if token is not None:
            path = token.path if isinstance(token, IssuedToken) else os.fspath(token)
            self._arguments += ["--state", path]
        if volatile:
            self._arguments.append("--volatile")
        if date is not None:
            self._arguments += ["--date", date.isoformat()]
        if movable_clock:
            self._arguments.append("--movable-clock")
        if log is not None:
            self._arguments += ["--log", os.fspath(log)]
        self._in_process = in_process
        self._child: Optional[subprocess.Popen[bytes]] = None
        self._additions: Optional[Dict[str, str]] = None
        self._before: Optional[Mapping[str, Optional[str]]] = None
        self._token: Optional[PluggedToken] = None

    @classmethod
    def current(cls) -> Optional[World]:
        """The world this process was started in, by ``softdna exec``; None where it was not."""
        names = [process.VARIABLE, "SOFTDNA_READER", "SOFTDNA_STATE", "SOFTDNA_SOCKET"]
        if not all(name in os.environ for name in names):
            return None
        world = cls(in_process=False)
        world._adopt({name: os.environ[name] for name in names})
        return world

    @property
    def token(self) -> PluggedToken:
        """The token in the reader."""
        if self._token is None:
            raise NoWorld("the world has not begun, or has ended: use it with `with`")
        return self._token

    @property
    def reader(self) -> str:
        """The reader's name."""
        return self.token.reader

    @property
    def environment(self) -> Dict[str, str]:
        """The environment of a program in this world."""
        if self._additions is None:
            raise NoWorld("the world has not begun, or has ended: use it with `with`")
        return {**os.environ, **self._additions}

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a program in this world, as ``subprocess.run`` does, with its output as text."""
        options.setdefault("capture_output", True)
        options.setdefault("text", True)
        environment = {**self.environment, **(options.pop("env", None) or {})}
        result: subprocess.CompletedProcess[str] = subprocess.run(
            command, env=environment, **options
        )
        return result

    def start(self) -> World:
        """Begins; ``stop`` ends it. ``with`` does both."""
        if self._child is not None:
            raise NoWorld("the world has begun already")
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                [binary.find(), *self._arguments, "--", "sh", "-c", _HOLDER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Ctrl-C is for us; its end follows from ours.
                start_new_session=True,
            )
            self._child = child
            assert child.stdout is not None
            try:
                found = _environment(child.stdout)
                if found is None:
                    child.wait()
                    errors.seek(0)
                    said = errors.read().decode(errors="replace").strip()
                    raise NoWorld(said or f"softdna exec ended with {child.returncode}")
                self._adopt(found)
                if self._in_process:
                    self._before = process.enter(self._additions or {}, self.reader)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Ends: when this returns, pcscd and reader are gone."""
        if self._before is not None:
            process.leave(self._before)
            self._before = None
        child, self._child = self._child, None
        self._additions = None
        self._token = None
        if child is not None:
            child.communicate()

    def __enter__(self) -> World:
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()

    def _adopt(self, additions: Dict[str, str]) -> None:
        self._additions = additions
        try:
            self._token = PluggedToken(
                additions["SOFTDNA_STATE"], additions["SOFTDNA_SOCKET"], additions["SOFTDNA_READER"]
            )
        except KeyError as missing:
            raise SoftdnaError(f"{binary.find()} is too old: it does not tell {missing}") from None


def _environment(stream: IO[bytes]) -> Optional[Dict[str, str]]:
    """What the holder tells; None where it ended before the mark."""
    told = b""
    while not told.endswith(b"\0=\0"):
        part = os.read(stream.fileno(), 65536)
        if not part:
            return None
        told += part
    pairs = (os.fsdecode(entry).partition("=") for entry in told.split(b"\0") if entry)
    names = ("PCSCLITE_CSOCK_NAME", "SOFTDNA_", "LD_PRELOAD", "FAKETIME")
    return {name: value for name, _, value in pairs if name.startswith(names)}
