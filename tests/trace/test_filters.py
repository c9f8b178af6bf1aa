"""Which lines are shown by how a call ended: errors, durations, statuses; signals; and messages (-q)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from .programs import READS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Done, Trace

ENDS = ("EIO", "EAGAIN", "EPERM")


@pytest.fixture
def reads(trace: Trace, program: Callable[..., str], tmp_path: Path) -> Callable[..., Done]:
    """Return what traces six reads: the second fails with EIO, the third with EAGAIN, the last with EPERM.

    The fourth takes 60 milliseconds.
    """
    data = tmp_path / "data"
    data.write_text("x" * 100)
    rules = [f"inject=read:error={error}:when={turn}" for error, turn in zip(ENDS, (2, 3, 6), strict=True)]
    rules.append("inject=read:delay_enter=60ms:when=4")
    words = [word for rule in rules for word in ("-e", rule)]

    def run(*options: str) -> Done:
        return trace("-e", "trace=read,exit_group", *words, *options, program(READS, "-static"), str(data))

    return run


def turns(done: Done) -> str:
    """Return which reads are shown, by their size (the first is 4), and the end of the process."""
    found = ""
    for line in done.lines:
        if line.startswith("read("):
            found += str(int(line.split(")")[0].rsplit(" ", 1)[1]) - 3)
        else:
            found += "e" if line.startswith("exit_group") else "+" if line.startswith("+++") else "?"
    return found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-e errno=EIO", "2+"),
        ("-e errno=EIO,11", "23+"),
        ("-e errno=!EIO", "36+"),
        ("-e errno=all", "236+"),
        ("-e duration=60ms", "4+"),
        ("-e duration=60ms -e errno=EIO", "+"),
        ("-z", "145+"),
        ("-Z", "236+"),
        ("-e status=unfinished", "e+"),
        ("-e status=!failed", "145e+"),
        ("-e status=failed -e errno=EPERM -qq", "6"),
    ],
)
def test_calls(reads: Callable[..., Done], options: str, expected: str) -> None:
    """The lines of the others are not there at all; the program runs as it would."""
    done = reads(*options.split())
    assert turns(done) == expected
    assert [line[:2] for line in done.out.splitlines()] == ["4 ", "-1", "-1", "7 ", "8 ", "-1"]


def test_with_other_lines_between(trace: Trace) -> None:
    """A line that is held back until its result is known is whole, whoever wrote meanwhile."""
    script = "cat /nowhere & cat /nowhere & cat /dev/null & wait"
    done = trace(
        "-f", "-e", "errno=ENOENT", "-e", "trace=openat", "sh", "-c", script, env={"PATH": "/usr/bin:/bin"}
    )
    assert len(done.those('"/nowhere"')) == 2
    for line in done.lines:
        assert "+++ exited" in line or "--- SIGCHLD" in line or line.endswith("(No such file or directory)")
    assert "unfinished" not in done.text


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", ["--- SIGUSR1", "--- SIGTERM", "+++ killed by SIGTERM +++"]),
        ("-e signal=USR1", ["--- SIGUSR1"]),
        ("-e signal=!USR1", ["--- SIGTERM", "+++ killed by SIGTERM +++"]),
        ("-e s=none", []),
    ],
)
def test_signals(trace: Trace, options: str, shown: list[str]) -> None:
    """Those that are wanted; the death is a signal's line too."""
    script = "trap : USR1; kill -USR1 $$; kill -TERM $$"
    done = trace("-e", "trace=none", *options.split(), "sh", "-c", script)
    assert done.status == -signal.SIGTERM
    assert len(done.lines) == len(shown)
    assert all(line.startswith(start) for line, start in zip(done.lines, shown, strict=True))


def test_quiet(trace: Trace) -> None:
    """Who is attached and who exits is said unless nobody wants to know."""
    words = ("-f", "-e", "trace=none", "-e", "signal=none", "sh", "-c", "(exit 3); exit 4")
    loud = trace(*words, file=False)
    lines = loud.err.splitlines()
    assert sum(line.endswith("attached") for line in lines) == 1
    assert sum("+++ exited with" in line for line in lines) == 2
    quiet = trace("-q", *words, file=False)
    assert not [line for line in quiet.err.splitlines() if "attached" in line]
    assert quiet.err.count("+++ exited with") == 2
    assert trace("-qq", *words, file=False).err == ""
    assert {loud.status, quiet.status} == {4}
