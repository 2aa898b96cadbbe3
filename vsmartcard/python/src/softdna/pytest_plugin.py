"""Fixtures for pytest: ``pcsc_world``, ``token`` and ``issued_token``."""

from __future__ import annotations

import os
import pathlib
from typing import Iterator

import pytest

from softdna.token import IssuedToken, PluggedToken
from softdna.world import World

#: The memory each test begins with.
_SNAPSHOT = "pytest-begin"


@pytest.fixture(scope="session")
def pcsc_world() -> Iterator[World]:
    """The PC/SC world of this pytest run: the one of `softdna exec -- pytest`, or one of its own
    with a token that is thrown away.
    """
    world = World.current()
    # Workers of pytest-xdist cannot share one token.
    if world is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        yield world
        return
    with World() as world:
        yield world


@pytest.fixture(scope="session")
def _begun_world(pcsc_world: World) -> Iterator[World]:
    pcsc_world.token.snapshot(_SNAPSHOT)
    yield pcsc_world
    pcsc_world.token.delete_snapshot(_SNAPSHOT)


@pytest.fixture
def token(_begun_world: World) -> Iterator[PluggedToken]:
    """The token in the reader as it was when the run began: full tries, its first PINs, no
    faults, in its reader. What a test does to it is gone with the test.
    """
    plugged = _begun_world.token
    yield plugged
    plugged.clear_faults()
    if not plugged.status().present:
        plugged.insert()
    plugged.restore(_SNAPSHOT, in_place=True)
    plugged.reset_clock()


@pytest.fixture
def issued_token(tmp_path: pathlib.Path) -> IssuedToken:
    """A token of the test's own, just issued, with its authority, plugged in nowhere."""
    return IssuedToken.issue(tmp_path / "softdna")
