"""This process in a PC/SC world.

libpcsclite reads PCSCLITE_CSOCK_NAME when the first context is made, and keeps it for the life of
the process. It is given the name of a link, which is aimed at the socket of the world this process
lives in: so worlds can follow one another.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import tempfile
from typing import Dict, List, Mapping, Optional

from softdna.errors import NoWorld

VARIABLE = "PCSCLITE_CSOCK_NAME"

_folder: Optional[str] = None
_is_inside = False


def enter(environment: Mapping[str, str], reader: str) -> Dict[str, Optional[str]]:
    """Has this process live in a world; answers what ``leave`` needs.

    Raises NoWorld where it lives in one already, or used another PC/SC daemon before.
    """
    global _is_inside
    if _is_inside:
        raise NoWorld(
            "this process lives in a PC/SC world already; make this one with in_process=False, and"
            " start programs in it with World.run"
        )
    link = _link()
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(environment[VARIABLE], link)
    # Time is moved for programs that are started with it, and cannot be for this one.
    before = {key: os.environ.get(key) for key in environment if _is_for_this_process(key)}
    os.environ.update({key: environment[key] for key in before})
    os.environ[VARIABLE] = link
    _is_inside = True
    found = readers()
    if found is not None and reader not in found:
        leave(before)
        raise NoWorld(
            "this process used another PC/SC daemon before, which libpcsclite keeps to; make the"
            " world before the first reader is looked for, or run the program in `softdna exec`"
        )
    return before


def leave(before: Mapping[str, Optional[str]]) -> None:
    """Undoes ``enter``."""
    global _is_inside
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    link = _link()
    if os.path.lexists(link):
        os.unlink(link)
    _is_inside = False


def readers() -> Optional[List[str]]:
    """The readers that PC/SC libraries in this process see; None where there is no libpcsclite."""
    try:
        library = ctypes.CDLL("libpcsclite.so.1")
    except OSError:
        return None
    context = ctypes.c_long()
    if library.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(context)) != 0:
        return []
    try:
        size = ctypes.c_ulong()
        if library.SCardListReaders(context, None, None, ctypes.byref(size)) != 0:
            return []
        names = ctypes.create_string_buffer(size.value)
        if library.SCardListReaders(context, None, names, ctypes.byref(size)) != 0:
            return []
        return [name.decode() for name in names.raw[: size.value].split(b"\0") if name]
    finally:
        library.SCardReleaseContext(context)


def _is_for_this_process(key: str) -> bool:
    return key == VARIABLE or (key.startswith("SOFTDNA_") and key != "SOFTDNA_CLOCK")


def _link() -> str:
    global _folder
    if _folder is None:
        _folder = tempfile.mkdtemp(prefix="softdna-")
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    return os.path.join(_folder, "pcscd.comm")
