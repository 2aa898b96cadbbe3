"""The token under test: `softdna ble peripheral` on the first controller."""

import asyncio
import json
import os
import shutil
import sqlite3

from cases import expect
from events import Program

SOFTDNA = os.environ["SOFTDNA"]


class Token(Program):
    """A peripheral that runs."""

    state = None
    address = None
    _next = 0

    @classmethod
    async def on_air(cls, *options, state="/run/token"):
        """Starts it, on a copy of the token that the test has issued."""
        if not os.path.exists(state):
            shutil.copytree("/run/out/token", state)
        token = await cls.start(
            SOFTDNA, "ble", "peripheral", "--state", state, "--json", *options)
        token.state = state
        token.address = (await token.event("advertising"))["address"]
        return token

    @property
    def psm(self):
        """Of the L2CAP channel, as it says on its terminal; an unpaired host may not know."""
        return [each for each in self.events if each["event"] == "advertising"][-1]["psm"]

    async def passkey(self):
        """The number it shows for the pairing that has just begun."""
        return int((await self.event("passkey", self._next))["passkey"])

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
        await unpair("hci0", address)

    async def bonds(self):
        """Who is paired with its adapter, as a user is told: lines."""
        process = await asyncio.create_subprocess_exec(
            SOFTDNA, "ble", "bonds", "--adapter", "hci0", stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        expect(process.returncode, 0, "softdna ble bonds")
        return output.decode().splitlines()

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


async def unpair(adapter, address):
    """Deletes a bond of an adapter, as a user does."""
    process = await asyncio.create_subprocess_exec(
        SOFTDNA, "ble", "unpair", "--adapter", adapter, address)
    expect(await process.wait(), 0, "softdna ble unpair")


async def power(adapter, on):
    """Switches an adapter on or off, as a desktop's panel does."""
    process = await asyncio.create_subprocess_exec(
        "dbus-send", "--system", "--print-reply", "--dest=org.bluez", "/org/bluez/" + adapter,
        "org.freedesktop.DBus.Properties.Set", "string:org.bluez.Adapter1", "string:Powered",
        "variant:boolean:" + str(on).lower(), stdout=asyncio.subprocess.DEVNULL)
    expect(await process.wait(), 0, f"power of {adapter}")
