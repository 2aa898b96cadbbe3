"""A peer that is not BlueZ against the token: who gets in, and what goes over the air."""

import asyncio
import os
import sys

import card
import frames
from cases import case, expect, run_cases, until
from central import (INSUFFICIENT_AUTHENTICATION, KEYBOARD, NOTHING, SCREEN_AND_BUTTONS, Host,
                     Person, crowd, refusal)
from peripheral import Token

# Reasons of SMP's Pairing Failed (Core Specification, Vol 3 Part H, 3.5.5).
CONFIRM_VALUE_FAILED = 0x04
PAIRING_NOT_SUPPORTED = 0x05
# Application errors of the profile, as answers to a write request; codes of ERROR.
BUSY, BAD_FRAME, OVERLAP, NOT_SUBSCRIBED, NOT_IN_THIS_STATE = 0x80, 0x81, 0x83, 0x84, 0x86
TIMEOUT, CANCELLED = b"\x03", b"\x05"


async def psm(token):
    """Of the L2CAP channel, as the token says on its terminal; nobody else may know."""
    return (await token.event("advertising"))["psm"]


async def expect_closed(link, token):
    """Nothing can be read, written, subscribed to, or connected to."""
    await link.discover()
    since = len(token.events)
    for what, attempt in [
            ("Info is read", link.read(frames.INFO)),
            ("the PSM is read", link.read(frames.PSM)),
            ("Command is written", link.write(frames.fragments(frames.POWER_ON, 1)[0])),
            ("Response is subscribed to", link.subscribe()),
            ("the channel is connected to", link.channel(await psm(token)))]:
        expect(await refusal(attempt), INSUFFICIENT_AUTHENTICATION, what)
    # A write without response is not answered; the token must not have seen it.
    await link.write(frames.fragments(frames.POWER_ON, 1)[0], request=False)
    expect(await refusal(link.read(frames.INFO)), INSUFFICIENT_AUTHENTICATION, "Info after that")
    owned = [event for event in token.events[since:] if event["event"] == "owned"]
    expect(owned, [], "owners")


async def pair_by_passkey(host, token):
    """A link that is paired as it should be."""
    link = await host.connect(token)
    token.from_now_on()
    await link.pair(Person(KEYBOARD, token.passkey))
    return link


@case("an unpaired host reads nothing, writes nothing and connects to no channel")
async def _(token, host):
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("outside the window pairing is refused")
async def _(token, host):
    async with await host.connect(token) as link:
        expect(await refusal(link.pair(Person(KEYBOARD, token.passkey))), PAIRING_NOT_SUPPORTED,
               "pairing")


@case("a wrong passkey is refused")
async def _(token, host):
    await token.open_window()

    async def mistyped():
        return (await token.passkey() + 1) % 1_000_000

    async with await host.connect(token) as link:
        expect(await refusal(link.pair(Person(KEYBOARD, mistyped))), CONFIRM_VALUE_FAILED,
               "pairing")
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("Just Works is refused, and such a host reads, writes and connects to nothing")
async def _(token, host):
    async with await host.connect(token) as link:
        failed = await refusal(link.pair(Person(NOTHING), mitm=False))
        expect(failed is not None, True, "pairing is refused")
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("a host that pairs the LE legacy way reads nothing, writes nothing, connects to nothing")
async def _(token, host):
    token.from_now_on()
    async with await host.connect(token) as link:
        # Whether the pairing is refused is BlueZ's business; it opens nothing.
        await refusal(link.pair(Person(KEYBOARD, token.passkey), secure=False))
        if not link.closed.is_set():
            await expect_closed(link, token)
    await host.forget()


@case("numbers that differ are refused")
async def _(token, host):
    since = token.from_now_on()
    async with await host.connect(token) as link:
        pairing = asyncio.create_task(refusal(link.pair(Person(SCREEN_AND_BUTTONS))))
        await token.event("comparison", since)
        token.say("reject")
        expect(await pairing is not None, True, "pairing is refused")
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("numeric comparison pairs")
async def _(token, host):
    since = token.from_now_on()
    person = Person(SCREEN_AND_BUTTONS)
    async with await host.connect(token) as link:
        pairing = asyncio.create_task(refusal(link.pair(person)))
        shown = await token.event("comparison", since)
        token.say("confirm")
        expect(await pairing, None, "pairing")
        expect(int(shown["passkey"]), person.number, "the number on both screens")
        await link.discover()
        expect((await link.read(frames.INFO))[0], 1, "version in Info")
        expect(await refusal(link.write(frames.fragments(frames.POWER_ON, 1)[0])), NOT_SUBSCRIBED,
               "POWER ON without having asked for notifications")
    await host.forget()


@case("a passkey pairs, and the token answers")
async def _(token, host):
    async with await pair_by_passkey(host, token) as link:
        await link.open()
        info = await link.read(frames.INFO)
        atr = await link.power_on()
        expect(info[9:9 + info[8]], atr, "the ATR in Info")
        answer = await link.transmit(card.command(0, 0x84, 0, 0, expected=8))
        expect((len(answer), answer[-2:]), (10, card.OK), "GET CHALLENGE")


@case("a host that returns has to encrypt first, and needs no second pairing")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        expect((await link.power_on())[0], 0x3B, "the ATR")


@case("the PIN does not survive a reconnect")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await link.transmit(card.verify(token.codes["pinCNS"])), card.OK, "VERIFY")
        expect(await link.transmit(card.verify()), card.OK, "is verified")
    async with await host.connect(token) as link:
        await link.reopen()
        expect(await refusal(link.send(frames.APDU, card.verify())), NOT_IN_THIS_STATE,
               "a command before the card has power")
        await link.power_on()
        expect(await link.transmit(card.verify()), b"\x63\xc3", "is not verified")


@case("2,048 bytes in a command and in a response, fragments in any order and twice")
async def _(token, host):
    contents = bytes(each * 7 & 0xFF for each in range(2048))

    def shuffled(parts):
        return parts[4:] + parts[:2] + parts[5:7] + list(reversed(parts[:4]))

    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await card.authenticate_issuer(link, token), card.OK, "issuer")
        expect(await link.transmit(card.select(*card.CERTIFICATE)), card.OK, "SELECT")
        read = card.command(0, 0xB0, 0, 0, expected=2048)
        before = await link.transmit(read)
        expect((len(before), before[-2:]), (2050, card.OK), "READ BINARY")
        update = card.command(0, 0xD6, 0, 0, contents)
        expect(await link.transmit(update, shuffle=shuffled), card.OK, "UPDATE BINARY")
        expect(await link.transmit(read), contents + card.OK, "what was written")
        link.fragment = 504
        expect(await link.transmit(card.command(0, 0xD6, 0, 0, before[:-2])), card.OK,
               "UPDATE BINARY in large fragments")
        expect(await link.transmit(read), before, "what was there before")


@case("a command that comes twice is carried out once")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        wrong = card.verify("00000000")
        expect(await link.transmit(wrong, shuffle=lambda parts: parts * 3), b"\x63\xc2", "VERIFY")
        expect(await link.transmit(card.verify()), b"\x63\xc2", "tries that are left")
        expect(await link.transmit(card.verify(token.codes["pinCNS"])), card.OK, "VERIFY")


@case("frames that are none, overlap or change their length are refused")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        parts = frames.fragments(frames.APDU, link.next_id(), bytes(1000))
        await link.write(parts[0])
        other = parts[0][:-1] + b"\x01"
        expect(await refusal(link.write(other)), OVERLAP, "other data for the same place")
        parts = frames.fragments(frames.APDU, link.next_id(), bytes(1000))
        await link.write(parts[0])
        changed = parts[1][:4] + b"\x03\xff" + parts[1][6:]
        expect(await refusal(link.write(changed)), BAD_FRAME, "another length")
        expect(await refusal(link.write(b"\x01\x02")), BAD_FRAME, "no header")
        beyond = bytes([frames.APDU, link.next_id(), 0, 8, 0, 9]) + bytes(4)
        expect(await refusal(link.write(beyond)), BAD_FRAME, "data beyond the end")
        expect(await link.transmit(card.verify()), b"\x63\xc3", "the next command")


@case("a message whose rest does not come is given up, and the next one is answered")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        identifier = link.next_id()
        for part in frames.fragments(frames.APDU, identifier, bytes(1000))[:-1]:
            await link.write(part)
        message = await link.answer(identifier)
        expect((message.opcode, message.payload), (frames.ERROR, TIMEOUT), "the answer")
        expect((await link.transmit(card.command(0, 0x84, 0, 0, expected=8)))[-2:], card.OK,
               "the next command")


@case("a link that drops in the middle of a command leaves a card that has been reset")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await link.transmit(card.verify(token.codes["pinCNS"])), card.OK, "VERIFY")
        since = len(token.events)
        for part in frames.fragments(frames.APDU, link.next_id(), bytes(1000))[:3]:
            await link.write(part)
    await token.event("released", since)
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await link.transmit(card.verify()), b"\x63\xc3", "is not verified")


@case("the L2CAP channel carries what GATT carries, a message a unit")
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        number = await link.read(frames.PSM)
        expect(int.from_bytes(number, "little"), await psm(token), "the PSM")
        channel = await link.channel(await psm(token))
        units = asyncio.Queue()
        channel.sink = units.put_nowait
        channel.write(bytes([frames.POWER_ON, 1]))
        atr = await units.get()
        expect(atr[:3], bytes([frames.ATR, 1, 0x3B]), "the ATR")
        channel.write(bytes([frames.APDU, 2]) + card.select(*card.CERTIFICATE))
        expect(await units.get(), bytes([frames.RESPONSE, 2]) + card.OK, "SELECT")
        channel.write(bytes([frames.APDU, 3]) + card.command(0, 0xB0, 0, 0, expected=2048))
        answer = await units.get()
        expect((len(answer), answer[:2], answer[-2:]),
               (2052, bytes([frames.RESPONSE, 3]), card.OK), "READ BINARY of 2,048 bytes")


@case("bluetoothd restarts, and the token is on the air again without help")
async def _(token, host):
    since = len(token.events)
    restart = await asyncio.create_subprocess_exec(
        os.environ["TESTBED"] + "/bluetoothd", "restart")
    expect(await restart.wait(), 0, "restart")
    await token.event("waiting", since)
    await token.event("advertising", since)
    async with await host.connect(token) as link:
        await link.reopen()
        expect((await link.power_on())[0], 0x3B, "the ATR")


@case("a bond that is deleted at the token: the host is refused, and can pair again")
async def _(token, host):
    await token.forget(host.address)
    async with await host.connect(token) as link:
        expect(await refusal(link.connection.encrypt()) is not None, True, "encryption fails")
    await host.forget()
    await token.open_window()
    async with await pair_by_passkey(host, token) as link:
        await link.open()
        expect((await link.power_on())[0], 0x3B, "the ATR")


@case("a bond that is deleted at the host: it pairs again and replaces the token's bond")
async def _(token, host):
    await host.forget()
    await token.open_window()
    async with await pair_by_passkey(host, token) as link:
        await link.open()
        expect((await link.power_on())[0], 0x3B, "the ATR")


@case("a key generation of a minute is kept alive by WAITs", limit=300)
async def _(token, host):
    async with await host.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await card.authenticate_issuer(link, token), card.OK, "issuer")
        expect(await link.transmit(card.select(*card.KEY)), card.OK, "SELECT")
        began = asyncio.get_running_loop().time()
        answer = await link.transmit(card.GENERATE_KEY, limit=200)
        lasted = asyncio.get_running_loop().time() - began
        expect(answer[-2:], card.OK, "the answer")
        waits = [each for each in link.inbox.messages if each.opcode == frames.WAIT]
        elapsed = [int.from_bytes(each.payload[1:5], "big") for each in waits]
        expect(elapsed, sorted(elapsed), "elapsed milliseconds")
        expect({each.payload[0] for each in waits}, {1}, "the reason: processing")
        if lasted < 60 or len(waits) < 80 or elapsed[-1] < 59_000:
            raise AssertionError(f"{len(waits)} WAITs in {lasted:.1f} s: {elapsed}")


# The cases from here on have a token and two hosts of their own.
CROWDED = "C0:FF:EE:00:00:02"


async def crowded():
    """A token with which two hosts are paired."""
    hosts = await crowd(CROWDED, "F1:F1:F1:F1:F1:F1", "F2:F2:F2:F2:F2:F2")
    token = await Token.on_air(
        "--adapter", "hci2", "--slow-generation", "5000", state="/run/second-token")
    await token.open_window()
    for each in hosts:
        async with await each.connect(token) as link:
            token.from_now_on()
            await link.pair(Person(KEYBOARD, token.passkey))
    return token, *hosts


_crowded = None


@case("a second host that writes is refused and loses its link; the owner notices nothing")
async def _(*_unused):
    global _crowded  # pylint: disable=global-statement
    _crowded = token, first, second = await crowded()
    async with await first.connect(token) as owner:
        await owner.reopen()
        await owner.power_on()
        # The kernel does not advertise while a host is connected; other controllers may.
        advertise = await asyncio.create_subprocess_exec("hciconfig", "hci2", "leadv", "0")
        expect(await advertise.wait(), 0, "hciconfig leadv")
        other = await second.connect(token)
        await other.reopen()
        before = len(owner.inbox.messages)
        expect(await refusal(other.write(frames.fragments(frames.POWER_ON, 1)[0])), BUSY,
               "the second host's POWER ON")
        await until(other.closed.is_set, "the second host loses its link")
        await token.event("intruder")
        expect((len(owner.inbox.messages), other.inbox.messages), (before, []), "messages")
        expect(await owner.transmit(card.verify()), b"\x63\xc3", "the owner's command")


@case("a request that is cancelled ends at once, and the next one is answered")
async def _(*_unused):
    token, first, _ = _crowded
    async with await first.connect(token) as link:
        await link.reopen()
        await link.power_on()
        expect(await card.authenticate_issuer(link, token), card.OK, "issuer")
        expect(await link.transmit(card.select(*card.KEY)), card.OK, "SELECT")
        identifier = await link.send(frames.APDU, card.GENERATE_KEY)
        await link.first_wait(identifier)
        await link.write(frames.fragments(frames.CANCEL, identifier)[0])
        message = await link.answer(identifier, limit=4)
        expect((message.opcode, message.payload), (frames.ERROR, CANCELLED), "the answer")
        expect(await link.transmit(card.verify()), b"\x63\xc3", "the next command")


async def main():
    """Runs the cases against one token."""
    token = await Token.on_air("--confirm", "--slow-generation", "60000")
    host = await Host.on_adapter(1)
    return await run_cases(token, host)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
