"""A Linux host: `softdna ble bridge` on the second controller, pcscd, and OpenSC unmodified."""

import asyncio
import ctypes
import errno
import json
import os
import re
import shutil
import socket
import struct
import sys

from cases import case, expect, run_cases, until
from events import Program
from peripheral import SOFTDNA, Token, power, unpair

MODULE = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
TOKEN, HOST = "00:AA:01:00:00:00", "00:AA:01:01:00:01"


class Desk:
    """What is on: the token, the bridge, pcscd."""

    def __init__(self):
        self.token = None
        self.bridge = None

    async def set_up(self):
        """Everything but the bridge."""
        with open("/run/out/pcscd.log", "wb") as log:
            await asyncio.create_subprocess_exec(
                "pcscd", "--foreground", stdout=log, stderr=asyncio.subprocess.STDOUT)
        self.token = await Token.on_air()

    async def bridge_up(self, *options, connected=True):
        """Starts the bridge in place of the one before."""
        if self.bridge:
            await self.bridge_down()
        self.bridge = await Program.start(
            SOFTDNA, "ble", "bridge", "--adapter", "hci1", "--json", *options)
        if connected:
            return await self.bridge.event("connected")
        return None

    async def bridge_down(self):
        """Ends the bridge, and returns when the token knows that the host is gone: a link that is
        being taken down is no link for the next one."""
        await self.bridge.stop()

        def gone():
            events = [each["event"] for each in self.token.events if each.get("host") == HOST
                      and each["event"] in ("connected", "disconnected")]
            return events[-1:] != ["connected"]
        await until(gone, "the token notices that the host is gone",
                    seen=lambda: self.token.events)

    async def pair(self, *options):
        """Starts a bridge that is not paired, and types what the token shows."""
        await self.token.open_window()
        await self.bridge_up(*options, connected=False)
        await self.bridge.event("passkey-wanted")
        self.bridge.say(f"{await self.token.passkey():06}")
        return await self.bridge.event("connected")


async def shell(line, **environment):
    """Runs a shell line; its status and all it says."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "MODULE": MODULE, **environment})
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def succeed(line, desk):
    """Runs a shell line that has to succeed; its output."""
    status, output = await shell(line, PIN=desk.token.codes["pinCNS"],
                                 PUK=desk.token.codes["pukCNS"])
    expect(status, 0, f"{line}\n{output}")
    return output


async def card_present():
    """PC/SC has a card in the first reader."""
    status, _ = await shell("opensc-tool --reader 0 --atr")
    return status == 0


async def comes_back(desk, since):
    """The bridge has lost the token, and finds it again without help; the card was reset."""
    await desk.bridge.event("lost", since)
    # Each link on which bluetoothd 5.66 does not answer costs seconds.
    await desk.bridge.event("connected", since, limit=150)
    await until(card_present, "PC/SC has the card")
    # No PIN is verified, whatever was before.
    output = await succeed("opensc-tool -s 00200010", desk)
    expect(status_words(output), [("63", "C3")], "VERIFY without a PIN")


def status_words(output):
    """What opensc-tool says the card answered."""
    return re.findall(r"SW1=0x(..), SW2=0x(..)", output)


async def read_and_test(desk):
    """What OpenSC makes of the token, keys used."""
    listed = await succeed("pkcs15-tool -D", desk)
    for expected in ("PIN CNS0", "CNS0", "Private RSA Key", "X.509 Certificate"):
        if expected not in listed:
            raise AssertionError(f"{expected} is not in\n{listed}")
    tested = await succeed(
        'pkcs11-tool --module "$MODULE" --slot-index 0 --login --pin "$PIN" --test', desk)
    if not tested.endswith("No errors\n"):
        raise AssertionError(tested)


async def block_and_unblock(desk):
    """Three wrong PINs, then the PUK."""
    wrong = "opensc-tool -s 00200010083030303030303030; "
    output = await succeed(wrong * 4, desk)
    expect(status_words(output), [("63", "C2"), ("63", "C1"), ("63", "C0"), ("69", "83")],
           "wrong PINs")
    status, output = await shell("pkcs15-tool --verify-pin --auth-id 01 --pin 00000000")
    expect((status != 0, "blocked" in output), (True, True), output)
    await succeed(
        'pkcs15-tool --unblock-pin --auth-id 01 --puk "$PUK" --new-pin "$PIN" && '
        'pkcs15-tool --verify-pin --auth-id 01 --pin "$PIN"', desk)


def connect_channel(psm, level=1):
    """connect() of an L2CAP socket of this kernel to the token; the errno, 0 for none."""
    def address(text, number):
        # struct sockaddr_l2: family, PSM, address, CID, address type (LE public).
        return struct.pack("<HH6sHBx", socket.AF_BLUETOOTH, number,
                           bytes.fromhex(text.replace(":", ""))[::-1], 0, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_BLUETOOTH, socket.SOCK_SEQPACKET, socket.BTPROTO_L2CAP) as end:
        # SOL_BLUETOOTH, BT_SECURITY.
        end.setsockopt(274, 4, struct.pack("<BB", level, 0))
        for call, name in ((libc.bind, address(HOST, 0)), (libc.connect, address(TOKEN, psm))):
            if call(end.fileno(), name, len(name)) < 0:
                return ctypes.get_errno()
    return 0


@case("a bridge says that there is no reader before it pairs, and which adapters there are")
async def _(desk):
    since = len(desk.token.events)
    status, output = await shell(
        f"{SOFTDNA} ble bridge --adapter hci1 --vpcd 127.0.0.1:9 < /dev/null")
    expect((status, "Start pcscd with the vpcd driver" in output), (2, True), output)
    connected = [each for each in desk.token.events[since:] if each["event"] == "connected"]
    expect(connected, [], "links")
    await desk.bridge_up("--adapter", "hci7", connected=False)
    reason = (await desk.bridge.event("waiting"))["reason"]
    expect("there is no Bluetooth adapter hci7; there is: hci0, hci1" in reason, True, reason)
    status, output = await shell(f"{SOFTDNA} ble bonds --adapter hci7")
    expect((status, "there is: hci0, hci1" in output), (2, True), output)
    await desk.bridge.stop()
    desk.bridge = None


@case("outside the window the bridge is refused, and says what to do")
async def _(desk):
    await desk.bridge_up(connected=False)
    ended = await desk.bridge.event("exited")
    expect(ended["status"], 2, "exit status")
    reason = (await desk.bridge.event("ended"))["reason"]
    expect("open its pairing window" in reason, True, reason)


@case("an unpaired Linux host connects to no channel: EACCES")
async def _(desk):
    expect(await asyncio.to_thread(connect_channel, desk.token.psm), errno.EACCES, "connect()")


@case("a wrong passkey is refused")
async def _(desk):
    await desk.token.open_window()
    await desk.bridge_up(connected=False)
    await desk.bridge.event("passkey-wanted")
    desk.bridge.say(f"{(await desk.token.passkey() + 1) % 1_000_000:06}")
    ended = await desk.bridge.event("exited")
    expect(ended["status"], 2, "exit status")


@case("a passkey pairs, and over GATT the card is in the reader")
async def _(desk):
    connected = await desk.pair("--gatt")
    expect("gatt" in connected["over"].lower(), True, connected)
    await until(card_present, "PC/SC has the card")


@case("over GATT pkcs15-tool lists the token, and pkcs11-tool logs in and tests its keys", 400)
async def _(desk):
    await read_and_test(desk)


@case("over GATT the PIN is blocked and unblocked with the PUK")
async def _(desk):
    await block_and_unblock(desk)


@case("over L2CAP pkcs15-tool lists the token, and pkcs11-tool logs in and tests its keys", 400)
async def _(desk):
    connected = await desk.bridge_up()
    expect("l2cap" in connected["over"].lower(), True, connected)
    await until(card_present, "PC/SC has the card")
    await read_and_test(desk)


@case("over L2CAP the PIN is blocked and unblocked with the PUK")
async def _(desk):
    await block_and_unblock(desk)


@case("a link that is lost takes the card out, and puts it in when it is there again", 300)
async def _(desk):
    since = len(desk.bridge.events)
    device = "/org/bluez/hci0/dev_" + HOST.replace(":", "_")
    await succeed("dbus-send --system --print-reply --dest=org.bluez "
                  f"{device} org.bluez.Device1.Disconnect", desk)
    await comes_back(desk, since)


@case("bluetoothd restarts, and the card comes back", 300)
async def _(desk):
    since = len(desk.bridge.events)
    await succeed('"$TESTBED/bluetoothd" restart 2', desk)
    await desk.bridge.event("waiting", since)
    await comes_back(desk, since)


@case("the token's adapter is switched off and on, and the card comes back", 300)
async def _(desk):
    since = len(desk.bridge.events), len(desk.token.events)
    await power("hci0", on=False)
    await desk.token.event("waiting", since[1])
    await desk.bridge.event("lost", since[0])
    await power("hci0", on=True)
    await desk.token.event("advertising", since[1])
    await comes_back(desk, since[0])


@case("the host's adapter is switched off and on, and the card comes back", 300)
async def _(desk):
    since = len(desk.bridge.events)
    await power("hci1", on=False)
    await desk.bridge.event("waiting", since)
    await power("hci1", on=True)
    await comes_back(desk, since)


@case("the token's program ends and starts again, and the card comes back", 300)
async def _(desk):
    since = len(desk.bridge.events)
    name = (await desk.token.event("advertising"))["name"]
    await desk.token.stop()
    await desk.bridge.event("lost", since)
    desk.token = await Token.on_air()
    expect((await desk.token.event("advertising"))["name"], name, "its name")
    await comes_back(desk, since)


@case("a bond that is deleted at the token ends the bridge in one sentence", 200)
async def _(desk):
    await unpair("hci0", HOST)
    ended = await desk.bridge.event("ended", limit=120)
    expect("unpair" in ended["reason"], True, ended)
    expect((await desk.bridge.event("exited"))["status"], 2, "exit status")
    await unpair("hci1", TOKEN)
    await desk.pair()
    await until(card_present, "PC/SC has the card")


@case("a bond that is deleted at the host is made anew", 200)
async def _(desk):
    await desk.bridge_down()
    await unpair("hci1", TOKEN)
    await desk.pair()
    await until(card_present, "PC/SC has the card")


@case("a token waits where others have taken all the adapter advertises", 200)
async def _(desk):
    await desk.bridge_down()
    others = []
    said = {"event": "advertising"}
    while said["event"] == "advertising":
        state = f"/run/other-token-{len(others)}"
        shutil.copytree("/run/out/token", state)
        others.append(await Program.start(
            SOFTDNA, "ble", "peripheral", "--state", state, "--json"))
        said = await others[-1].first("advertising", "waiting")
        expect(len(others) < 20, True, "an adapter advertises for a few")
    expect("other programs have taken all" in said["reason"], True, said)
    await others[0].stop()
    await others[-1].event("advertising")
    for each in others[1:]:
        await each.stop()


def transcripts(path):
    """The hash of what each scenario said to the card and heard, by file."""
    with open(path, encoding="utf-8") as file:
        scenarios = [json.loads(line) for line in file]
    return {each["file"]: each["transcript"] for each in scenarios if "transcript" in each}


@case("blocking, issuance and renewal over the air say and hear what they do without it", 900)
async def _(desk):
    await desk.bridge_down()
    await desk.token.stop()
    await unpair("hci0", HOST)
    await unpair("hci1", TOKEN)
    # The test has run the same without air, at the same time of day: see Guest.swift.
    await succeed(f"{SOFTDNA} run $(cat /run/out/scenarios) --over ble --json /run/air.json", desk)
    expect(transcripts("/run/air.json"), transcripts("/run/out/direct.json"), "transcripts")


async def main():
    """Runs the cases at one desk."""
    desk = Desk()
    await desk.set_up()
    return await run_cases(desk)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
