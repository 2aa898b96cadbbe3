"""Cases a guest runs one after the other, each reported by name on standard output."""

import asyncio
import json
import sys
import time
import traceback

_cases = []


def case(name, limit=120):
    """Makes a case of a coroutine function; `limit` in seconds, for a machine that is busy."""
    def register(function):
        _cases.append((name, function, limit))
        return function
    return register


async def run_cases(*arguments):
    """Runs all, or those whose names hold a word of the command line; a failure stops none."""
    failed = False
    for name, function, limit in _cases:
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        began = time.monotonic()
        failure = None
        try:
            async with asyncio.timeout(limit):
                await function(*arguments)
        except TimeoutError:
            failure = f"not done after {limit} s\n{traceback.format_exc()}"
        # bumble cancels what waits for a link that has gone.
        except (Exception, asyncio.CancelledError) as error:  # pylint: disable=broad-except
            failure = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        failed = failed or failure is not None
        print(json.dumps({"case": name, "failure": failure,
                          "seconds": round(time.monotonic() - began, 2)}), flush=True)
    return 1 if failed else 0


def expect(actual, wanted, what):
    """Says what differs."""
    if actual != wanted:
        raise AssertionError(f"{what}: {actual!r} instead of {wanted!r}")


async def until(condition, what, limit=60, seen=lambda: ""):
    """Polls until the condition holds, and returns what it returned; `seen` tells more of a
    failure."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit} s {seen()}")
        await asyncio.sleep(0.05)
