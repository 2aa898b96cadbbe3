"""Two hosts, and a token of their own, on controllers that can be connected with both at once."""

import asyncio

import card
import frames
from cases import case, expect, until
from central import KEYBOARD, Person, crowd, refusal
from peripheral import Token

CROWDED = "C0:FF:EE:00:00:02"


async def crowded():
    """A token with which two hosts are paired."""
    hosts = await crowd(CROWDED, "F1:F1:F1:F1:F1:F1", "F2:F2:F2:F2:F2:F2")
    token = await Token.on_air(
        "--adapter", "hci2", "--slow-generation", "5000", "--unsecured", "3",
        state="/run/second-token")
    await token.open_window()
    for each in hosts:
        async with await each.connect(token) as link:
            token.from_now_on()
            await link.pair(Person(KEYBOARD, token.passkey))
    return token, *hosts


_crowded = None


async def beside(host, token):
    """A link beside another one. The kernel does not advertise while a host is connected; other
    controllers may."""
    advertise = await asyncio.create_subprocess_exec("hciconfig", "hci2", "leadv", "0")
    expect(await advertise.wait(), 0, "hciconfig leadv")
    return await host.connect(token)


@case("a second host that writes is refused and loses its link; the owner notices nothing")
async def _(*_unused):
    global _crowded  # pylint: disable=global-statement
    _crowded = token, first, second = await crowded()
    async with await first.connect(token) as owner:
        await owner.reopen()
        await owner.power_on()
        since = len(token.events)
        other = await beside(second, token)
        await other.reopen()
        before = len(owner.inbox.messages)
        expect(await refusal(other.write(frames.fragments(frames.POWER_ON, 1)[0])), frames.BUSY,
               "the second host's POWER ON")
        await until(other.closed.is_set, "the second host loses its link")
        await token.event("intruder", since, host=second.address)
        expect((len(owner.inbox.messages), other.inbox.messages), (before, []), "messages")
        expect(await owner.transmit(card.verify()), b"\x63\xc3", "the owner's command")
        await token.event("disconnected", since, host=second.address)


@case("a second host that only listens hears nothing, and has its turn when the owner is gone")
async def _(*_unused):
    token, first, second = _crowded
    async with await first.connect(token) as owner:
        await owner.reopen()
        await owner.power_on()
        since = len(token.events)
        other = await beside(second, token)
        await other.reopen()
        for _ in range(10):
            expect(await owner.transmit(card.verify()), b"\x63\xc3", "the owner's command")
        expect(other.inbox.messages, [], "what the second host heard")
        await until(other.closed.is_set, "the second host loses its link")
        await token.event("disconnected", since, host=second.address)
    # Who has subscribed before there was an owner is sent away when there is one.
    async with await first.connect(token) as idle:
        await idle.reopen()
        since = len(token.events)
        async with await beside(second, token) as other:
            await other.reopen()
            identifier = await other.send(frames.POWER_ON)
            expect((await other.answer(identifier)).opcode, frames.ATR, "the second host's POWER ON")
            await until(idle.closed.is_set, "the host that only listens loses its link")
            expect(await other.transmit(card.verify()), b"\x63\xc3", "the second host's command")
            expect(idle.inbox.messages, [], "what the first host heard")
            await token.event("disconnected", since, host=first.address)


@case("a host that does not pair is disconnected after a while, and the token is on the air again")
async def _(*_unused):
    token, first, second = _crowded
    since = len(token.events)
    link = await first.connect(token)
    await until(link.closed.is_set, "the host that does not encrypt loses its link")
    await token.event("unsecured", since, host=first.address)
    await token.event("disconnected", since, host=first.address)
    async with await second.connect(token) as link:
        await link.reopen()
        await asyncio.sleep(4)
        expect((await link.power_on())[0], 0x3B, "the ATR, for a host that is paired and waits")


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
        expect((message.opcode, message.payload), (frames.ERROR, frames.CANCELLED), "the answer")
        expect(await link.transmit(card.verify()), b"\x63\xc3", "the next command")


@case("a token that is told to quit when a link breaks ends in order")
async def _(*_unused):
    token, first, _ = _crowded
    link = await first.connect(token)
    await link.reopen()
    await link.power_on()
    await link.connection.disconnect()
    token.say("quit")
    expect((await token.event("exited"))["status"], 0, "exit status")
