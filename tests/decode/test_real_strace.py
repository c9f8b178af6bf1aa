"""The same calls as the installed strace prints them, with records made from the known values."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.text import Lines, StraceText
from bstinspect.records import Block, Exited, SignalDelivery, SyscallEntry, SyscallExit

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.records import Record

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="x86-64 numbers"),
]

PROGRAM = r"""
import fcntl, os, signal
f = os.open("/dev/null", os.O_RDWR | os.O_APPEND)
os.write(f, b'q"\\\x01\x019\t' + b"z" * 40)
os.lseek(f, 5, os.SEEK_END)
fcntl.fcntl(f, fcntl.F_SETFL, os.O_NONBLOCK)
os.access("/nonexistent", os.R_OK | os.X_OK)
os.dup2(f, 77)
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
os._exit(3)
"""
NUMBERS = architecture("x86_64").numbers
AT = 0x1000


def call(tid: int, name: str, *arguments: int, data: bytes = b"", value: int = 0) -> list[Record]:
    """Return both records of a call."""
    six = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    memory = (Block(AT, data, len(data)),) if data else ()
    entry = SyscallEntry(0, tid, tid, NUMBERS[name], six, memory)  # type: ignore[arg-type]
    return [entry, SyscallExit(0, tid, tid, value, value < 0)]


def test_known_calls(tmp_path: Path) -> None:
    """Each line of ours is a line of strace's."""
    output = tmp_path / "strace.txt"
    done = subprocess.run(
        ["strace", "-f", "-o", str(output), sys.executable, "-I", "-S", "-c", PROGRAM],
        check=False,
        capture_output=True,
        timeout=60,
    )
    if done.returncode != 3:
        pytest.skip(f"strace cannot trace here: {done.stderr[-200:]!r}")
    theirs = output.read_text().splitlines()
    tid = int(theirs[-1].split()[0])
    opened = next(line for line in theirs if '"/dev/null"' in line and "O_APPEND" in line)
    number = int(opened.rpartition(" = ")[2])
    siginfo = struct.pack("<iiiiiI", 10, 0, 0, 0, tid, os.getuid()).ljust(128, b"\0")
    records: list[Record] = [
        *call(tid, "openat", 2**64 - 100, AT, 0o2002002, data=b"/dev/null\0", value=number),
        *call(tid, "write", number, AT, 47, data=b'q"\\\x01\x019\t' + b"z" * 26, value=47),
        *call(tid, "lseek", number, 5, 2),
        *call(tid, "fcntl", number, 4, 0o4000),
        *call(tid, "access", AT, 5, data=b"/nonexistent\0", value=-2),
        *call(tid, "kill", tid, 10),
        SignalDelivery(0, tid, tid, 10, siginfo),
        Exited(0, tid, tid, 0x300),
    ]
    ours = Lines()
    StraceText(ours).feed(records)
    missing = [line for line in ours.take() if line not in theirs]
    assert missing == []
