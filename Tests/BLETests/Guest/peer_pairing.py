"""Who is let in."""

import asyncio

import card
import frames
from cases import case, expect, until
from central import (INSUFFICIENT_AUTHENTICATION, KEYBOARD, NOTHING, SCREEN_AND_BUTTONS, Person,
                     pair_by_passkey, refusal)

# Reasons of SMP's Pairing Failed (Core Specification, Vol 3 Part H, 3.5.5).
CONFIRM_VALUE_FAILED, PAIRING_NOT_SUPPORTED = 0x04, 0x05


async def expect_closed(link, token):
    """Nothing can be read, written, subscribed to, or connected to."""
    await link.discover()
    since = len(token.events)
    for what, attempt in [
            ("Info is read", link.read(frames.INFO)),
            ("the PSM is read", link.read(frames.PSM)),
            ("Command is written", link.write(frames.fragments(frames.POWER_ON, 1)[0])),
            ("Response is subscribed to", link.subscribe()),
            ("the channel is connected to", link.channel(token.psm))]:
        expect(await refusal(attempt), INSUFFICIENT_AUTHENTICATION, what)
    # A write without response is not answered; the token must not have seen it.
    await link.write(frames.fragments(frames.POWER_ON, 1)[0], request=False)
    expect(await refusal(link.read(frames.INFO)), INSUFFICIENT_AUTHENTICATION, "Info after that")
    owned = [event for event in token.events[since:] if event["event"] == "owned"]
    expect(owned, [], "owners")


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

    since = len(token.events)
    async with await host.connect(token) as link:
        expect(await refusal(link.pair(Person(KEYBOARD, mistyped))), CONFIRM_VALUE_FAILED,
               "pairing")
    await token.event("pairing-refused", since, host=host.address)
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("Just Works is refused, and such a host reads, writes and connects to nothing")
async def _(token, host):
    async with await host.connect(token) as link:
        failed = await refusal(link.pair(Person(NOTHING), mitm=False))
        expect(failed is not None, True, "pairing is refused")
    async with await host.connect(token) as link:
        await expect_closed(link, token)


@case("a host that pairs the LE legacy way is refused, and no bond is left")
async def _(token, host):
    since = token.from_now_on()
    async with await host.connect(token) as link:
        # BlueZ lets it pair, and the token undoes that.
        await refusal(link.pair(Person(KEYBOARD, token.passkey), secure=False))
        await token.event("pairing-refused", since, host=host.address)
        await until(link.closed.is_set, "the host loses its link")
    expect(await token.bonds(), [], "the token's bonds")
    expect([each for each in token.events[since:] if each["event"] == "bonded"], [], "bonds told")
    await host.forget()
    async with await host.connect(token) as link:
        await expect_closed(link, token)


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
        expect(await refusal(link.write(frames.fragments(frames.POWER_ON, 1)[0])),
               frames.NOT_SUBSCRIBED, "POWER ON without having asked for notifications")
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
