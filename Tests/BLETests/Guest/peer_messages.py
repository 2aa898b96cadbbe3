"""What goes over the air, and what happens when something goes wrong with it."""

import asyncio
import os

import card
import frames
from cases import case, expect
from central import pair_by_passkey, refusal


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
        expect(await refusal(link.send(frames.APDU, card.verify())), frames.NOT_IN_THIS_STATE,
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
        expect(await refusal(link.write(other)), frames.OVERLAP, "other data for the same place")
        parts = frames.fragments(frames.APDU, link.next_id(), bytes(1000))
        await link.write(parts[0])
        partly = parts[1][:2] + b"\x00\xf0" + parts[1][4:]
        expect(await refusal(link.write(partly)), frames.OVERLAP, "the same data, a part of it new")
        parts = frames.fragments(frames.APDU, link.next_id(), bytes(1000))
        await link.write(parts[0])
        changed = parts[1][:4] + b"\x03\xff" + parts[1][6:]
        expect(await refusal(link.write(changed)), frames.BAD_FRAME, "another length")
        expect(await refusal(link.write(b"\x01\x02")), frames.BAD_FRAME, "no header")
        beyond = bytes([frames.APDU, link.next_id(), 0, 8, 0, 9]) + bytes(4)
        expect(await refusal(link.write(beyond)), frames.BAD_FRAME, "data beyond the end")
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
        expect((message.opcode, message.payload), (frames.ERROR, frames.TIMEOUT), "the answer")
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
        expect(int.from_bytes(number, "little"), token.psm, "the PSM")
        channel = await link.channel(token.psm)
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
    since = len(token.events)
    async with await pair_by_passkey(host, token) as link:
        await token.event("bond-replaced", since, host=host.address)
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
