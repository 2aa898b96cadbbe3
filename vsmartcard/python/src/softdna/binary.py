"""The softdna program, and its commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, Sequence

from softdna.errors import NoBinary, SoftdnaError


def find() -> str:
    """The program's path: what the variable SOFTDNA names, or the first ``softdna`` in PATH."""
    named = os.environ.get("SOFTDNA")
    if named:
        path = shutil.which(named)
        if path is None:
            raise NoBinary(f"SOFTDNA is {named!r}, which is no program that can be executed")
        return os.path.abspath(path)
    path = shutil.which("softdna")
    if path is None:
        raise NoBinary(
            "there is no softdna in PATH, and SOFTDNA names none; build it with"
            " `swift build -c release --product softdna` and set SOFTDNA to"
            " .build/release/softdna of the checkout"
        )
    return os.path.abspath(path)


def run(arguments: Sequence[str], *, expect_json: bool = False) -> Any:
    """Runs a subcommand that must succeed; answers what it printed."""
    result = subprocess.run(
        [find(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        message = result.stderr.strip() or f"softdna ended with {result.returncode}"
        prefix = "softdna: "
        raise SoftdnaError(message[len(prefix) :] if message.startswith(prefix) else message)
    return json.loads(result.stdout) if expect_json else result.stdout
