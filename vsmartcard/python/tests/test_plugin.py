"""The plug-in in a pytest run of its own."""

from __future__ import annotations

import os
import sys

import pytest

TEST = """
import os
import subprocess

def test_first(token, pcsc_world):
    token.fault(answer=0x6581, always=True)
    token.remove()
    print("READER", pcsc_world.reader)

def test_second(token):
    assert token.faults() == [] and token.status().present
    listing = subprocess.run(["opensc-tool", "--name"], stdout=subprocess.PIPE, text=True)
    assert listing.stdout == "CNS card\\n"
    print("STATE", token.path)
"""


def _leave_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name != "SOFTDNA" and name.startswith(("SOFTDNA_", "PCSCLITE_")):
            monkeypatch.delenv(name)


def test_makes_a_world_of_its_own(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave_the_world(monkeypatch)
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-rP")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["READER Digital DNA Key (softdna) 00 00"])


def test_uses_the_world_it_is_started_in(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave_the_world(monkeypatch)
    pytester.makepyfile(TEST)
    program = os.environ["SOFTDNA"]
    issue = pytester.run(program, "issue", "--state", "mine", "--seed", "1")
    assert issue.ret == 0
    result = pytester.run(
        program, "exec", "--state", "mine", "--", sys.executable, "-m", "pytest", "-rP"
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["STATE */mine"])
    # The state directory's token is as it was.
    tries = pytester.run(program, "apdu", "--state", "mine", "--json", "00200010")
    assert "63C3" in tries.stdout.str()
    assert list((pytester.path / "mine" / "snapshots").iterdir()) == []


def test_says_what_is_missing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_the_world(monkeypatch)
    monkeypatch.setenv("SOFTDNA", "/nowhere/softdna")
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*NoBinary: SOFTDNA is '/nowhere/softdna'*"])
