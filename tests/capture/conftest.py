"""A tracer with its events, and processes to trace that never outlive their test."""

from __future__ import annotations

import asyncio
import contextlib
import select
import subprocess
import sys
from typing import TYPE_CHECKING, TypeVar

import pytest

from bstinspect.capture.client import Tracer
from bstinspect.capture.file import CaptureReader
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from bstinspect.records import AnyRecord, Record

TIMEOUT = 10.0
R = TypeVar("R", bound="Record")


class Events:
    """The records that a tracer sent, and a way to wait for one."""

    def __init__(self) -> None:
        self.seen: list[Record] = []
        self._arrived = asyncio.Event()

    def __call__(self, record: Record) -> None:
        """Take a record."""
        self.seen.append(record)
        self._arrived.set()

    def all(self, kind: type[R], **fields: object) -> list[R]:
        """List the records of one kind that have these fields."""
        return [
            record
            for record in self.seen
            if isinstance(record, kind) and all(getattr(record, k) == v for k, v in fields.items())
        ]

    async def wait(self, kind: type[R], count: int = 1, **fields: object) -> R:
        """Wait until there are `count` such records and return the last of them."""
        async with asyncio.timeout(TIMEOUT):
            while len(found := self.all(kind, **fields)) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return found[count - 1]


class Lab:
    """Starts tracers and tracees for one test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.capture = directory / "capture"
        self.started: list[subprocess.Popen[str]] = []

    @contextlib.asynccontextmanager
    async def tracer(self) -> AsyncIterator[tuple[Tracer, Events]]:
        """Run a tracer."""
        events = Events()
        tracer = await Tracer.start(str(self.capture), events)
        try:
            yield tracer, events
        finally:
            await tracer.close()

    def records(self, kind: type[R]) -> list[R]:
        """Read the capture as it is now."""
        reader = CaptureReader(str(self.capture))
        records: list[AnyRecord] = list(reader.available())
        reader.close()
        return [record for record in records if isinstance(record, kind)]

    def python(self, code: str, *command: str) -> subprocess.Popen[str]:
        """Start a Python program and wait until it says that it is ready."""
        arguments = [*command, sys.executable, "-u", "-c", code]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def sleeper(self) -> subprocess.Popen[str]:
        """Start a process that waits for a line on its standard input, then prints it."""
        return self.python("print('ready', flush=True)\nprint(input(), flush=True)")

    def state(self, pid: int, wanted: str) -> bool:
        """Say whether a process gets into a state of /proc/PID/stat; a poll, for want of an event."""
        pause = select.poll()
        for _ in range(200):
            found = proc.stat(pid)
            if found is not None and found.state in wanted:
                return True
            pause.poll(10)
        return False

    def end(self) -> None:
        """End what was started."""
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Give a test its lab."""
    laboratory = Lab(tmp_path)
    yield laboratory
    laboratory.end()
