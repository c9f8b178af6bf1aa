"""`bstrace faults` as a command: what is wrong is one line, and nothing is left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.faults.command import main

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND: Final = ("-m", "bstinspect.entry", "faults")
REFUSED: Final = """
import ctypes, os, struct, sys
steps = ((0x20, 0, 0, 0), (0x15, 0, 1, 101), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000))
kept = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in steps))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(kept))), 0, 0) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Becomes Python with its arguments, for whom call 101 of x86-64, ptrace, fails with EPERM (seccomp(2))."""
DRIVERS: Final = """
class Good:
    is_scripted = True
    def __init__(self, script):
        self._left = list(script)
    def next(self):
        print("printed")
        return self._left.pop(0) if self._left else None
    def replied(self, line):
        pass
    def fired(self, fault):
        pass
class Bad(Good):
    def next(self):
        raise RuntimeError("two\\nlines")
class Long(Good):
    def next(self):
        return "create 10\\ncreate 20"
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a directory whose name is short enough for temporary files with sockets."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        yield Path(name)


def _start(home: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *before, *COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(home)},
        cwd=home,
    )


def _said(process: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    """Return the exit status, what was written, and the complaints, once all that wrote have ended."""
    out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors.splitlines()


def _wait_for(fifo: Path) -> None:
    """Wait until somebody writes into a FIFO; not for ever."""
    descriptor = os.open(fifo, os.O_RDWR)
    assert select.select([descriptor], [], [], 60)[0], "nobody has begun"
    os.close(descriptor)


@pytest.mark.usefixtures("orphanage")
@pytest.mark.parametrize(
    ("number", "status", "said", "program"),
    [
        (signal.SIGINT, 130, ["bstrace: interrupted"], "echo > begun; while :; do :; done"),
        (signal.SIGTERM, -signal.SIGTERM, ["bstrace: interrupted"], "echo > begun; while :; do :; done"),
        (signal.SIGKILL, -signal.SIGKILL, [], "echo > begun; read line < never"),
    ],
)
def test_a_signal_leaves_nothing_behind(
    number: int, status: int, said: list[str], program: str, home: Path
) -> None:
    """Nor does a kill -9 of the command: its worker ends the run and clears up."""
    for name in ("begun", "never"):
        os.mkfifo(home / name)
    process = _start(
        home, "run", "-j1", "--script", "create 10", "--format", "none", "--", "sh", "-c", program
    )
    _wait_for(home / "begun")
    process.send_signal(number)
    assert _said(process) == (status, "", said)
    assert sorted(each.name for each in home.iterdir()) == ["begun", "never"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault-at", "77.1:bind@entry"], "no crash point of this script is one of those asked for"),
        (["--driver", "drivers:Bad"], "the run without a fault: RuntimeError: two\\nlines ("),
        (["--driver", "drivers:Long"], r"the run without a fault: 'create 10\ncreate 20' is no command"),
        (["--", "./nothing"], "the run without a fault: cannot start it: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_one_line(home: Path, arguments: list[str], complaint: str) -> None:
    """Points that never come, drivers with defects, and a program that is not there."""
    (home / "drivers.py").write_text(DRIVERS, encoding="utf-8")
    status, out, errors = _said(
        _start(home, "run", "-j1", "--script", "create 10", "--format", "none", *arguments)
    )
    assert (status, out, len(errors)) == (1, "", 1)
    assert errors[0].startswith("bstrace: ")
    assert complaint in errors[0]


def test_a_driver_may_print(home: Path) -> None:
    """What it prints is none of what the worker tells."""
    (home / "drivers.py").write_text(DRIVERS, encoding="utf-8")
    chosen = ("--script", "create 10", "--fault", "10:bind@entry=delay:1ms", "--driver", "drivers:Good")
    status, out, errors = _said(_start(home, "run", "-j1", *chosen))
    assert (status, set(errors)) == (0, {"printed"})
    assert out.endswith("sound: every invariant holds\n")


@pytest.mark.usefixtures("orphanage")
def test_without_ptrace_it_says_so_once(home: Path) -> None:
    """In a container without it, or below another tracer."""
    process = _start(home, "points", "--script", "create 10", before=("-c", REFUSED))
    assert _said(process) == (1, "", ["bstrace: faults need ptrace(2), and it is refused here"])


@pytest.mark.usefixtures("orphanage")
def test_output_without_an_end(home: Path) -> None:
    """A program that never stops talking is given up."""
    process = _start(home, "points", "-j1", "--script", "create 10", "--", "sh", "-c", "yes >&2")
    assert _said(process)[0] == 0


def test_streams_that_are_closed(home: Path) -> None:
    """The run does not suffer when nobody listens."""
    chosen = ["run", "-j1", "--script", "create 10", "--fault", "10:bind@entry=delay:1ms"]
    closed = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, *COMMAND, *chosen]
    assert (
        subprocess.run(closed, env={**os.environ, "TMPDIR": str(home)}, cwd=home, check=False).returncode == 0
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["frob"], "argument COMMAND: invalid choice: 'frob'"),
        (["run", "--script", ";;"], "the script has no command"),
        (["run", "--script", "create \udcff"], r"the script is not UTF-8: create \xff"),
        (["run", "--script", "create 10", "--budget", "x"], "argument --budget: 'x' is no time in seconds"),
        (["run", "--script", "create 10", "--fault", "10:bind@entry"], "'10:bind@entry' is no ADDRESS=FAULT"),
        (["run", "--script", "create 10", "--", ""], "which program?"),
    ],
)
def test_misuse(capfd: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    """Exit status 2, and one line."""
    assert main(arguments) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bstrace: {complaint}")
    assert said.err.count("\n") == 1
