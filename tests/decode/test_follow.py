"""The follower as a process of its own: it grows with the capture and ends with its standard input."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.capture.file import CaptureWriter
from bstinspect.records import GroupStop, SyscallEntry, SyscallExit, Tracing

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "bstinspect.decode.follow"]
LINE = "20    read(0, NULL, 0)                  = 0\n"
ECHOED = b"[pid    20] read(0, NULL, 0)            = 0\n"


def traced_capture(directory: Path) -> CaptureWriter:
    """Begin a capture in which process 20 is traced."""
    writer = CaptureWriter(str(directory / "capture"))
    writer.append(Tracing(0, 20, on=True))
    return writer


def append_call(writer: CaptureWriter) -> None:
    """Put one call into a capture."""
    writer.append(SyscallEntry(1, 20, 20, 0, (0, 0, 0, 0, 0, 0)))
    writer.append(SyscallExit(2, 20, 20, 0, False))  # noqa: FBT003
    writer.flush()


def test_follows_echoes_and_ends(tmp_path: Path) -> None:
    """What is appended while it runs is echoed at once; SIGINT is not for it; at EOF it drains and exits."""
    writer = traced_capture(tmp_path)
    writer.flush()
    output = tmp_path / "text"
    with subprocess.Popen(
        [*COMMAND, str(tmp_path / "capture"), str(output), "--echo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(2):
            append_call(writer)
            assert select.select([process.stdout], [], [], 30)[0]
            assert process.stdout.readline() == ECHOED
            process.send_signal(signal.SIGINT)
        append_call(writer)
        process.stdin.close()
        assert process.stdout.read() == ECHOED
        assert process.wait(30) == 0
    writer.close()
    assert output.read_text() == LINE * 3


def test_a_reader_that_goes_away_costs_nothing(tmp_path: Path) -> None:
    """With a closed standard output the file is still written."""
    writer = traced_capture(tmp_path)
    append_call(writer)
    writer.close()
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*COMMAND, str(tmp_path / "capture"), str(tmp_path / "text"), "--echo"],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=30,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")
    assert (tmp_path / "text").read_text() == LINE


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it on an input that has ended."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs /dev/full")
def test_full_disk_is_one_line(tmp_path: Path) -> None:
    """A full disk is said once, and is no crash."""
    writer = traced_capture(tmp_path)
    append_call(writer)
    writer.close()
    result = run(str(tmp_path / "capture"), "/dev/full")
    assert result.returncode == 0
    assert (
        result.stderr == "bstrace follow: the text of the capture is not complete: No space left on device\n"
    )


def test_only_traced_processes_have_lines(tmp_path: Path) -> None:
    """A process that is only watched has records too; and an open call ends where its tracing does."""
    writer = traced_capture(tmp_path)
    writer.append(GroupStop(1, 30, 30, 19))
    append_call(writer)
    writer.append(SyscallEntry(3, 20, 20, 0, (0, 0, 0, 0, 0, 0)))
    writer.append(Tracing(4, 20, on=False))
    writer.append(GroupStop(5, 20, 20, 19))
    writer.close()
    assert run(str(tmp_path / "capture"), str(tmp_path / "text")).returncode == 0
    assert (tmp_path / "text").read_text() == LINE + "20    read(0,  <detached ...>\n"


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    """No capture, a damaged one, bad arguments."""
    bad = tmp_path / "bad"
    bad.write_bytes(b"no capture at all")
    for arguments, status in (((str(bad), str(tmp_path / "t")), 2), ((str(tmp_path / "x"), "t"), 1), ((), 2)):
        result = run(*arguments)
        assert result.returncode == status
        assert result.stderr.startswith("bstrace follow: ")
        assert result.stderr.count("\n") == 1
