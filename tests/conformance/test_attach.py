"""Processes that run already: attaching, detaching, and what is shown of the call they are in."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .cases import PROGRAMS
from .compare import compare_runs
from .tracers import ENVIRONMENT, STRACE, Run, Tracer, fixed_addresses, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

TIMEOUT = 20


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run a program that says when it is ready; put it down in the end."""
    words = ["setarch", "-R", *command] if fixed_addresses() else command
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, env=ENVIRONMENT) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process, process.stdin
        finally:
            process.kill()


def attached(tracer: Tracer, options: list[str], program: list[str], base: Path, end: str) -> Run:
    """Trace a running program from its first call on; let it end, or interrupt the tracer."""
    base.mkdir(exist_ok=True)
    trace = base / "trace"
    started = time.time()
    with running(program) as (process, to):
        before = switches(process.pid)
        line = [*tracer.command, *options, "-o", str(trace), "-p", str(process.pid)]
        with subprocess.Popen(line, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=base) as tracing:
            assert tracing.stderr is not None
            said = tracing.stderr.readline()
            wait_until(lambda: back_in_their_calls(process.pid, before, everybody="-f" in options))
            to.write(b"a")
            to.flush()
            if "interrupt" not in end:
                to.write(b"b")
                to.flush()
            else:
                wait_until(lambda: "read(0, " in read(trace).partition("close(3")[2])
                tracing.send_signal(signal.SIGINT)
            said += tracing.stderr.read()
            status = tracing.wait(TIMEOUT)
    shown = read(trace)
    return Run(status, shown, "", said.decode("latin-1"), time.time() - started, started, late=False)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    limit = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


def switches(pid: int) -> dict[str, int]:
    """Return how often each thread of a process has gone to sleep."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text()
        found[task.name] = int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return found


def back_in_their_calls(pid: int, before: dict[str, int], *, everybody: bool) -> bool:
    """Say whether all threads have stopped, gone on, stopped at their call's new entry, and sleep in it."""
    now = switches(pid)
    return all(
        count >= before[name] + 3 and "\nState:\tS" in Path(f"/proc/{pid}/task/{name}/status").read_text()
        for name, count in now.items()
        if everybody or int(name) == pid
    )


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ("", "program"),
        ("-f", "program"),
        ("-f", "two threads"),
        ("-e trace=read -y", "program"),
        ("", "interrupt"),
        ("-f", "interrupt"),
        ("-f", "two threads, interrupt"),
    ],
)
@pytest.mark.usefixtures("_strace")
def test_attach(options: str, end: str, ours: Tracer, program: Callable[[Path], Path], place: Path) -> None:
    """The same lines, the same messages, the same status."""
    command = [str(program(PROGRAMS / "attach.c")), *["two"] * ("two" in end)]
    theirs = attached(STRACE, options.split(), command, place / "attach", end)
    mine = attached(ours, options.split(), command, place / "attach", end)
    found = compare_runs(theirs, mine, "multiset" if "two" in end else "order", names=("strace", ours.name))
    assert found.differences == [], found.report()


@pytest.mark.usefixtures("_strace")
def test_nobody_is_killed_by_detaching(ours: Tracer, program: Callable[[Path], Path], place: Path) -> None:
    """A tracer that is interrupted leaves the program as it was, and its next read works."""
    with running([str(program(PROGRAMS / "attach.c"))]) as (process, to):
        line = [*ours.command, "-o", os.devnull, "-p", str(process.pid)]
        with subprocess.Popen(line, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=place) as tracing:
            assert tracing.stderr is not None
            assert b"attached" in tracing.stderr.readline()
            tracing.send_signal(signal.SIGINT)
            assert b"detached" in tracing.stderr.readline()
            tracing.wait(TIMEOUT)
        to.write(b"ab")
        to.close()
        assert process.wait(TIMEOUT) == 9
