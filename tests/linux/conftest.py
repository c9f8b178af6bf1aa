"""Processes to look into: Python and C programs that never outlive their test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest

from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Start: TypeAlias = "Callable[..., Program]"
NOBODY = 65534


class Program:
    """A program with pipes, and the words of the first line it printed."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.words = self.line().split()

    def line(self) -> str:
        """Return the next line it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def address(self, word: int = 0) -> int:
        """Return an address that it printed first."""
        return int(self.words[word], 0)

    def say(self, text: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self, text: str = "") -> str:
        """Write a line, and return the rest of what it prints until it ends."""
        return self.process.communicate(f"{text}\n")[0]

    def gets_into(self, *states: str) -> bool:
        """Say whether it gets into a state of /proc/PID/stat; a poll, for want of an event."""
        for _ in range(500):
            found = proc.stat(self.pid)
            if found is not None and found.state in states:
                return True
            subprocess.run(["sleep", "0.01"], check=True)
        return False


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a command, or Python code, and waits for its first line."""
    started = []

    def begin(*command: str, code: str = "") -> Program:
        program = Program([*command, *([sys.executable, "-u", "-c", code] if code else [])])
        started.append(program)
        return program

    yield begin
    for program in started:
        program.process.kill()
        program.process.communicate()


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[..., str]:
    """Return a function that compiles a C program."""
    if shutil.which("cc") is None:
        pytest.skip("cc is not installed")

    def build(source: str, *options: str) -> str:
        program = tmp_path / "program"
        command = ["cc", "-pthread", "-Wall", "-Werror", *options, "-o", str(program), "-x", "c", "-"]
        subprocess.run(command, input=source, text=True, check=True, capture_output=True)
        return str(program)

    return build


@pytest.fixture
def nobody() -> tuple[str, ...]:
    """Return a command in front that drops to another user."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, with setpriv")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    begun = subprocess.run(
        [*drop, sys.executable, "-c", "import bstinspect"], capture_output=True, check=False
    )
    if begun.returncode:
        pytest.skip("another user may not read this checkout")
    return drop
