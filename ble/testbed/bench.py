"""In the guest, for `bench`: bench.py PROGRAMS STATE ROUNDS."""

import json
import shutil
import socket
import statistics
import subprocess
import sys
import time

PROGRAMS, STATE, ROUNDS = sys.argv[1:]
SOFTDNA = PROGRAMS + "/softdna"
PASSES = 3


def start(*words):
    """A program whose lines are read and written."""
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def event(program, name):
    """Reads up to an event."""
    for line in program.stdout:
        said = json.loads(line)
        if said["event"] == name:
            return said
    sys.exit(f"{program.args}: ended, {name} was awaited")


def stop(program):
    """As Ctrl-C."""
    program.terminate()
    program.communicate()


def token():
    """The token, once it is on the air."""
    program = start(SOFTDNA, "ble", "peripheral", "--state", "/run/token", "--json",
                    "--pairing", "600")
    event(program, "advertising")
    return program


def floor():
    """The token that does nothing."""
    program = start(PROGRAMS + "/softdna-floor-radio", "hci0")
    if program.stdout.readline() != "ready\n":
        sys.exit("softdna-floor-radio does not get ready")
    return program


def wait_for_reader():
    """Until vpcd listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", 35963)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("pcscd has no virtual reader")


def pair():
    """Pairs the two adapters; both tokens have the same address."""
    # A bridge wants a reader for the token before it pairs.
    reader = subprocess.Popen(["pcscd", "--foreground"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    here = token()
    wait_for_reader()
    bridge = start(SOFTDNA, "ble", "bridge", "--adapter", "hci1", "--json")
    event(bridge, "passkey-wanted")
    bridge.stdin.write(event(here, "passkey")["passkey"] + "\n")
    bridge.stdin.flush()
    event(bridge, "paired")
    stop(bridge)
    event(here, "disconnected")
    stop(here)
    reader.terminate()
    reader.wait()


def wait_for_end():
    """Returns when no link is there any more: it takes the kernel two seconds."""
    while "LE" in subprocess.run(["hcitool", "-i", "hci1", "con"], stdout=subprocess.PIPE,
                                 text=True, check=True).stdout:
        time.sleep(0.1)


def measure(link):
    """What a link makes possible."""
    wait_for_end()
    options = ["--gatt"] if link == "gatt" else []
    done = subprocess.run(
        [SOFTDNA, "ble", "measure", "--adapter", "hci1", "--rounds", ROUNDS, *options],
        stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    """In turns, so that what slows the machine down slows both."""
    shutil.copytree(STATE, "/run/token")
    pair()
    figures = {}
    for _ in range(PASSES):
        for name, begin in (("token", token), ("floor", floor)):
            for link in ("gatt", "l2cap"):
                program = begin()
                figures.setdefault((link, name), []).append(measure(link))
                stop(program)
    for link in ("gatt", "l2cap"):
        row = {name: {figure: round(statistics.median(each[figure] for each in
                                                      figures[link, name]), 1)
                      for figure in ("roundTripsPerSecond", "bytesPerSecond")}
               for name in ("token", "floor")}
        ratio = {short: round(row["token"][figure] / row["floor"][figure], 3) for short, figure in
                 (("roundTrips", "roundTripsPerSecond"), ("bytes", "bytesPerSecond"))}
        print(json.dumps({"link": link, **row, "ratio": ratio}), flush=True)


if __name__ == "__main__":
    main()
