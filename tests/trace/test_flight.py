"""--last N: the last lines are kept, and written at a death, a signal or an error."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.trace.flight import Recorder

if TYPE_CHECKING:
    from .conftest import Trace

DYING = "echo one; echo two; kill -TERM $$"


class Written:
    """An output that keeps what it gets."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, _tid: int, text: str) -> None:
        """Take a piece of text."""
        self.text += text


@given(st.lists(st.text(alphabet="ab\n", max_size=6), max_size=20), st.integers(1, 5))
def test_the_last_lines_are_kept(pieces: list[str], size: int) -> None:
    """Whatever the pieces; a line that has not ended yet stays behind for the next time."""
    written = Written()
    recorder = Recorder(written, size)
    for piece in pieces:
        recorder.write(1, piece)
    recorder.release("this")
    *lines, pending = "".join(pieces).split("\n")
    kept = lines[-size:]
    plural = "" if len(kept) == 1 else "s"
    head = f"=== the last {len(kept)} line{plural} before this ===\n" if kept else ""
    assert written.text == head + "".join(f"{line}\n" for line in kept)
    recorder.release("that")
    assert written.text.count("===") == (2 if kept else 0)
    recorder.write(1, "\n")
    recorder.release("those")
    assert written.text.endswith(f"=== the last 1 line before those ===\n{pending}\n")


def test_at_a_death(trace: Trace) -> None:
    """The lines that came before it; the exit status is the command's as ever."""
    done = trace("--last=3", "-e", "trace=write,kill", "sh", "-c", DYING)
    assert done.status == -signal.SIGTERM
    assert done.out == "one\ntwo\n"
    assert done.lines[0].startswith("=== the last 3 lines before the death of ")
    assert done.lines[0].endswith(" by SIGTERM ===")
    assert len(done.lines) == 4
    assert done.lines[1].startswith('write(1, "two')
    assert done.lines[2].startswith("kill(")
    assert done.lines[3].startswith("--- SIGTERM")


def test_without_an_incident_nothing_is_written(trace: Trace) -> None:
    """A command that ends by itself leaves no line; nor does an error, when only deaths count."""
    done = trace("--last=3", "sh", "-c", "cat /nowhere; exit 3")
    assert (done.status, done.text) == (3, "")


@pytest.mark.parametrize(
    ("incidents", "heads"),
    [
        ("signal", ["SIGUSR1 for", "SIGTERM for"]),
        ("USR1", ["SIGUSR1 for"]),
        ("SIGUSR1,death", ["SIGUSR1 for", "the death of"]),
        ("enoent,usr2", ["ENOENT in"]),
        ("error,usr1", ["ENOENT in", "SIGUSR1 for"]),
    ],
)
def test_other_incidents(trace: Trace, incidents: str, heads: list[str]) -> None:
    """Signals and errors, all or some; each writes what has come since the one before."""
    script = "trap : USR1; cd /nowhere; kill -USR1 $$; kill -TERM $$"
    done = trace("--last=2", f"--last-on={incidents}", "-e", "trace=chdir,kill", "sh", "-c", script)
    shown = done.those("===")
    assert len(shown) == len(heads)
    for line, head in zip(shown, heads, strict=True):
        assert f"before {head}" in line
    if "enoent" in incidents:
        assert (
            done.lines[1] == 'chdir("/nowhere")                       = -1 ENOENT (No such file or directory)'
        )
        assert len(done.lines) == 2


def test_with_followed_processes(trace: Trace) -> None:
    """The lines of all are one sequence; a child's death is an incident too."""
    done = trace("-f", "--last=100", "-e", "trace=kill,exit_group", "sh", "-c", "sh -c 'kill -9 $$'; exit 0")
    assert done.status == 0
    assert done.lines[0].endswith(" by SIGKILL ===")
    victim = done.lines[0].split("death of ")[1].split()[0]
    assert done.lines[1].startswith(f"{victim} ")
    assert "kill(" in done.lines[1]
