"""Worlds, for this process and for programs."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

import softdna


def test_programs_see_the_token(pcsc_world: softdna.World) -> None:
    listing = pcsc_world.run(["opensc-tool", "--list-readers"])
    assert listing.returncode == 0
    assert pcsc_world.reader in listing.stdout


def test_programs_know_the_scratch_card(pcsc_world: softdna.World) -> None:
    result = pcsc_world.run(["sh", "-c", 'echo "$SOFTDNA_PIN $MORE"'], env={"MORE": "more"})
    assert result.stdout == f"{pcsc_world.token.pin} more\n"


def test_softdna_ctl_finds_the_token(pcsc_world: softdna.World) -> None:
    program = os.environ["SOFTDNA"]
    result = pcsc_world.run([program, "ctl", "status", "--json"])
    assert result.returncode == 0, result.stderr
    assert '"operational"' in result.stdout


def test_one_world_at_a_time_in_a_process(pcsc_world: softdna.World) -> None:
    with pytest.raises(softdna.NoWorld, match="in_process=False"):
        with softdna.World():
            pass
    # The first one is as it was.
    assert pcsc_world.token.status().present


def test_a_world_beside_for_programs(
    pcsc_world: softdna.World, issued_token: softdna.IssuedToken
) -> None:
    before = dict(os.environ)
    with issued_token.plug_in(in_process=False) as beside:
        assert beside.token.pin == issued_token.pin
        serials = {
            world.run(["pkcs15-tool", "--dump"]).stdout.partition("Serial number")[2][:40]
            for world in (beside, pcsc_world)
        }
        assert len(serials) == 2
    assert dict(os.environ) == before
    with pytest.raises(softdna.NoWorld, match="has ended"):
        beside.environment


def test_a_world_ends_with_its_process(tmp_path: pathlib.Path) -> None:
    script = (
        "import os, softdna\n"
        "world = softdna.World().start()\n"
        "print(world.token.path, flush=True)\n"
        "os._exit(7)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**_outside(), "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert result.returncode == 7
    state = pathlib.Path(result.stdout.strip())
    for _ in range(500):
        if not state.exists():
            return
        subprocess.run(["sleep", "0.01"])
    pytest.fail(f"{state} is still there")


def test_worlds_follow_one_another_in_a_process() -> None:
    script = """
import softdna, softdna.process
for _ in range(2):
    with softdna.World() as world:
        assert world.reader in softdna.process.readers(), softdna.process.readers()
assert softdna.process.readers() == []
"""
    subprocess.run([sys.executable, "-c", script], check=True, env=_outside())


def test_a_process_that_used_another_daemon_is_told() -> None:
    script = """
import softdna, softdna.process
softdna.process.readers()
try:
    softdna.World().start()
except softdna.NoWorld as error:
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True, env=_outside()
    )
    assert "used another PC/SC daemon before" in result.stdout


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOFTDNA", "/nowhere/softdna")
    with pytest.raises(softdna.NoBinary, match="/nowhere/softdna"):
        softdna.World().start()
    monkeypatch.delenv("SOFTDNA")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(softdna.NoBinary, match="no softdna in PATH"):
        softdna.World().start()


def test_a_world_that_cannot_begin_says_why(tmp_path: pathlib.Path) -> None:
    with pytest.raises(softdna.NoWorld, match="there is no token in"):
        softdna.World(tmp_path / "nothing", in_process=False).start()
    with pytest.raises(softdna.SoftdnaError, match="no issued token in"):
        softdna.IssuedToken(tmp_path)


def _outside() -> dict[str, str]:
    """The environment without the world of this run."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "SOFTDNA" or not name.startswith(("SOFTDNA", "PCSCLITE"))
    }
