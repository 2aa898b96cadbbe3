"""A peer that is not BlueZ against the token. Its cases are in peer_*.py, in this order."""

import asyncio
import sys

import peer_pairing  # pylint: disable=unused-import
import peer_messages  # pylint: disable=unused-import
import peer_rude  # pylint: disable=unused-import
import peer_crowd  # pylint: disable=unused-import
from cases import run_cases
from central import Host
from peripheral import Token


async def main():
    """Runs the cases against one token."""
    token = await Token.on_air("--confirm", "--slow-generation", "60000")
    host = await Host.on_adapter(1)
    return await run_cases(token, host)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
