"""Programs that tell what happens to them: JSON lines on standard output."""

import asyncio
import json

from cases import until


class Program:
    """A program that runs, and what it has said."""

    def __init__(self, process):
        self.events = []
        self.process = process
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, *words, **options):
        """Starts it."""
        return cls(await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, **options))

    async def _read(self):
        # Beside the other logs, for whoever looks into a failure.
        with open(f"/run/out/events.{self.process.pid}", "wb", buffering=0) as log:
            while line := await self.process.stdout.readline():
                self.events.append(json.loads(line))
                log.write(line)
        await self.process.wait()
        self.events.append({"event": "exited", "status": self.process.returncode})

    async def stop(self):
        """Ends it as Ctrl-C does."""
        if self.process.returncode is None:
            self.process.terminate()
        await self._reader

    async def kill(self):
        """Ends it as a crash does."""
        self.process.kill()
        await self._reader

    def say(self, line):
        """Types a line on its terminal."""
        self.process.stdin.write(line.encode() + b"\n")

    async def first(self, *names):
        """The first event that has one of these names."""
        return await until(
            lambda: next((each for each in self.events if each["event"] in names), None),
            f"one of {names} is said", seen=lambda: self.events)

    async def event(self, name, since=0, limit=60, **members):
        """The first event of this name, and with these members, after the first `since` ones."""
        def found():
            for event in self.events[since:]:
                if event["event"] == name and members.items() <= event.items():
                    return event
                if event["event"] == "exited":
                    raise AssertionError(f"it ended, {name} was awaited: {self.events[since:]}")
            return None
        return await until(found, f"{name} {members} is said", limit,
                           seen=lambda: self.events[since:])
