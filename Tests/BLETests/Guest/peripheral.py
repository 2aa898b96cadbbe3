"""The token under test: `softdna ble peripheral` on the first controller."""

import asyncio
import json
import os
import shutil
import sqlite3

from cases import expect, until

SOFTDNA = os.environ["SOFTDNA"]

class Token:
    """A peripheral that runs, and what it has said."""

    def __init__(self, state, process):
        self.state = state
        self.address = None
        self.events = []
        self._process = process
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, *options, state="/run/token"):
        """Starts it on a copy of the token that the test has issued."""
        if not os.path.exists(state):
            shutil.copytree("/run/out/token", state)
        process = await asyncio.create_subprocess_exec(
            SOFTDNA, "ble", "peripheral", "--state", state, "--json", *options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        token = cls(state, process)
        token.address = (await token.event("advertising"))["address"]
        return token

    async def _read(self):
        while line := await self._process.stdout.readline():
            self.events.append(json.loads(line))
        self.events.append({"event": "ended"})

    async def stop(self):
        """Ends it as Ctrl-C does."""
        self._process.terminate()
        await self._process.wait()

    def say(self, line):
        """Types a line on its terminal."""
        self._process.stdin.write(line.encode() + b"\n")

    async def event(self, name, since=0, **members):
        """The first event of this name, and with these members, after the first `since` ones."""
        def found():
            for event in self.events[since:]:
                if event["event"] == name and members.items() <= event.items():
                    return event
                if event["event"] == "ended":
                    raise AssertionError(f"the token ended, {name} was awaited: {self.events}")
            return None
        return await until(found, f"the token says {name} {members}", seen=lambda: self.events)

    async def passkey(self, since=None):
        """The number it shows for the pairing that has just begun."""
        since = self._next if since is None else since
        return int((await self.event("passkey", since))["passkey"])

    _next = 0

    def from_now_on(self):
        """Events up to now do not count for `passkey`; returns how many they are."""
        self._next = len(self.events)
        return self._next

    async def open_window(self):
        """Lets hosts be paired for two minutes."""
        since = self.from_now_on()
        self.say("pair")
        await self.event("pairing-opened", since)

    async def forget(self, address):
        """Deletes a bond."""
        unpair = await asyncio.create_subprocess_exec(SOFTDNA, "ble", "unpair", address)
        expect(await unpair.wait(), 0, "softdna ble unpair")

    @property
    def codes(self):
        """The scratch card."""
        with open(self.state + "/scratch-card.json", encoding="utf-8") as file:
            return json.load(file)

    @property
    def transport_key(self):
        """What the issuer proves itself with."""
        with sqlite3.connect(f"file:{self.state}/authority.sqlite?mode=ro", uri=True) as database:
            return bytes(database.execute("SELECT transportKey FROM device").fetchone()[0])
