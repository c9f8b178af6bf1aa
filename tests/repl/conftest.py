"""The `bstrace` command as a person or a program starts it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = str(Path(sys.executable).with_name("bstrace"))
TIMEOUT = 20.0


class Run(Protocol):
    """The fixture `run`."""

    def __call__(
        self,
        *arguments: str,
        commands: bytes = b"",
        status: int = 0,
        before: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> tuple[list[str], str]:
        """Run bstrace; return the lines of standard output and all of standard error."""


@pytest.fixture(scope="session")
def bstrace() -> str:
    """The installed command."""
    return COMMAND


@pytest.fixture
def run() -> Run:
    """Return what runs the command to its end, with `before` in front of it."""

    def run_it(
        *arguments: str,
        commands: bytes = b"",
        status: int = 0,
        before: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> tuple[list[str], str]:
        done = subprocess.run(
            [*before, COMMAND, *arguments],
            input=commands,
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, **(env or {})},
            **options,
        )
        assert done.returncode == status, done.stderr.decode()
        assert done.stdout.endswith(b"\n") or not done.stdout
        assert b"Traceback" not in done.stderr
        return done.stdout.decode().splitlines(), done.stderr.decode()

    return run_it


class Piped:
    """A session whose pipes the test holds, in a session of its own as in a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._rest = {1: b"", 2: b""}

    @property
    def pid(self) -> int:
        """The command's process."""
        return self.process.pid

    def send(self, data: bytes) -> None:
        """Write to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def type(self, line: str) -> str:
        """Send one line and return the reply to it."""
        self.send(f"{line}\n".encode())
        return self.line(1)

    def line(self, descriptor: int) -> str:
        """Wait for one line of standard output (1) or standard error (2)."""
        stream = self.process.stdout if descriptor == 1 else self.process.stderr
        assert stream is not None
        limit = time.monotonic() + TIMEOUT
        while b"\n" not in self._rest[descriptor]:
            ready = select.select([stream], [], [], max(0.0, limit - time.monotonic()))[0]
            assert ready, f"no line; so far {self._rest}"
            data = os.read(stream.fileno(), 65536)
            assert data, f"the end; so far {self._rest}"
            self._rest[descriptor] += data
        line, _, self._rest[descriptor] = self._rest[descriptor].partition(b"\n")
        return line.decode()

    def error(self, word: str) -> str:
        """Wait for a line of standard error with `word` in it."""
        while word not in (line := self.line(2)):
            pass
        return line

    def end(self, within: float = TIMEOUT) -> int:
        """Close its standard input and return the exit status."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        return self.process.wait(within)

    def errors(self) -> str:
        """Return what is left of standard error, to its end."""
        assert self.process.stderr is not None
        rest, self._rest[2] = self._rest[2], b""
        return (rest + self.process.stderr.read()).decode()

    def below(self) -> dict[str, list[int]]:
        """Return the pids of all processes below it: `tracer`, `keeper`, and the `nodes`."""
        found: dict[str, list[int]] = {"tracer": [], "keeper": [], "nodes": [], "other": []}
        for process in psutil.Process(self.pid).children():
            comm = process.name()
            words = " ".join(process.cmdline())
            if "tracer" in comm or "capture.tracer" in words:
                found["tracer"].append(process.pid)
            elif nodes := process.children(recursive=True):
                found["keeper"].append(process.pid)
                found["nodes"] += [node.pid for node in nodes]
            else:
                found["other"].append(process.pid)
        return found

    def close(self) -> None:
        """Put it down, reap it, and close its pipes."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.process.wait()


@pytest.fixture
def piped() -> Iterator[Callable[..., Piped]]:
    """Return what begins a session in pipes; each is put down in the end."""
    begun: list[Piped] = []

    def begin(*arguments: str) -> Piped:
        begun.append(Piped(*arguments))
        return begun[-1]

    yield begin
    for session in begun:
        session.close()
