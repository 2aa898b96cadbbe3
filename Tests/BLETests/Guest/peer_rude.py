"""A host that does what BlueZ would not."""

import asyncio

from bumble import l2cap

import card
import frames
from cases import case, expect, until
from central import KEYBOARD, Person, pair_by_passkey, refusal

# ATT errors (Core Specification, Vol 3 Part F, 3.4.1.1).
READ_NOT_PERMITTED, WRITE_NOT_PERMITTED = 0x02, 0x03


def seconds_of_processor(process):
    """What a process has used, in seconds."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Channel:
    """The L2CAP channel, a message a unit."""

    def __init__(self, channel):
        self.channel = channel
        self.closed = asyncio.Event()
        self._units = asyncio.Queue()
        channel.sink = self._units.put_nowait
        channel.on("close", self.closed.set)
        # One that is not wanted may be closed by now.
        if channel.state != channel.State.CONNECTED:
            self.closed.set()

    @classmethod
    async def on(cls, link, token):
        """A new one."""
        return cls(await link.channel(token.psm))

    async def ask(self, *message):
        """Sends a message, and returns the unit that comes."""
        self.channel.write(b"".join(message))
        return await self._units.get()

    async def ask_nothing(self):
        """Sends a unit of no bytes, which bumble does not, and returns the unit that comes."""
        self.channel.send_pdu(b"\0\0")
        self.channel.credits -= 1
        return await self._units.get()

    def give_too_many_credits(self):
        """More than the 65,535 that there can be (Vol 3 Part A, 4.24)."""
        manager, connection = self.channel.manager, self.channel.connection
        self.channel.send_control_frame(l2cap.L2CAP_LE_Flow_Control_Credit(
            identifier=manager.next_identifier(connection), cid=self.channel.source_cid,
            credits=0xFFFF))


@case("a host that gives too many credits loses its channel, and the card its power")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        channel = await Channel.on(link, token)
        expect((await channel.ask(bytes([frames.POWER_ON, 1])))[0], frames.ATR, "the answer")
        verify = bytes([frames.APDU, 2]) + card.verify(token.codes["pinCNS"])
        expect((await channel.ask(verify))[2:], card.OK, "VERIFY")
        since = len(token.events)
        channel.give_too_many_credits()
        await token.event("released", since, host=host.address)
        before = seconds_of_processor(token.process)
        await asyncio.sleep(2)
        used = seconds_of_processor(token.process) - before
        expect(used < 1, True, f"{used} s of the processor in 2 s: idle")
        expect(await refusal(link.send(frames.APDU, card.verify())), frames.NOT_IN_THIS_STATE,
               "a command without POWER ON")
        await link.power_on()
        expect(await link.transmit(card.verify()), b"\x63\xc3", "is not verified")


@case("an empty unit is refused and a second channel is closed; the first goes on")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        channel = await Channel.on(link, token)
        expect(await channel.ask_nothing(), bytes([frames.ERROR, 0]) + frames.MALFORMED, "no bytes")
        expect(await channel.ask(b"\x02"), bytes([frames.ERROR, 0]) + frames.MALFORMED, "one byte")
        expect((await channel.ask(bytes([frames.POWER_ON, 1])))[0], frames.ATR, "the answer")
        second = await Channel.on(link, token)
        await until(second.closed.is_set, "the second channel is closed")
        answer = await channel.ask(bytes([frames.APDU, 2]), card.verify())
        expect(answer, bytes([frames.RESPONSE, 2]) + b"\x63\xc3", "the next command")


@case("POWER ON, POWER OFF and CANCEL with a payload are refused")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        for opcode in (frames.POWER_ON, frames.POWER_OFF, frames.CANCEL):
            frame = frames.fragments(opcode, link.next_id(), b"\0")[0]
            expect(await refusal(link.write(frame)), frames.BAD_FRAME, f"opcode {opcode}")
        expect(await link.transmit(card.verify()), b"\x63\xc3", "the next command")
        channel = await Channel.on(link, token)
        for opcode in (frames.POWER_ON, frames.POWER_OFF, frames.CANCEL):
            answer = await channel.ask(bytes([opcode, 7, 0]))
            expect(answer, bytes([frames.ERROR, 7]) + frames.MALFORMED, f"opcode {opcode}")


@case("Command and Response cannot be read, nor Response, Info and the PSM be written")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        for uuid in (frames.COMMAND, frames.ANSWER):
            expect(await refusal(link.read(uuid)), READ_NOT_PERMITTED, uuid)
        for uuid in (frames.ANSWER, frames.INFO, frames.PSM):
            written = link.peer.write_value(link.characteristic(uuid), b"\1", with_response=True)
            expect(await refusal(written), WRITE_NOT_PERMITTED, uuid)


@case("a host that pairs and keeps no bond uses the token until its link ends")
async def _(token, host):
    await token.forget(host.address)
    await host.forget()
    await token.open_window()
    async with await host.connect(token) as link:
        token.from_now_on()
        await link.pair(Person(KEYBOARD, token.passkey), bonding=False)
        await link.open()
        expect((await link.power_on())[0], 0x3B, "the ATR")
    async with await host.connect(token) as link:
        await link.discover()
        expect(await refusal(link.read(frames.INFO)), frames.NOT_AUTHENTICATED, "Info")
    await host.forget()
    async with await pair_by_passkey(host, token) as link:
        await link.open()
