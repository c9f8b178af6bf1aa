"""Processes that run already: attaching, detaching, and what is shown of the call they are in."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from .cases import PROGRAMS
from .compare import compare_runs
from .tracers import ENVIRONMENT, STRACE, Run, Tracer, fixed_addresses, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
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
        line = [*tracer.command, *options, "-o", str(trace), "-p", str(process.pid)]
        with subprocess.Popen(line, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=base) as tracing:
            assert tracing.stderr is not None
            said = tracing.stderr.readline()
            to.write(b"a")
            to.flush()
            if "interrupt" not in end:
                to.write(b"b")
                to.flush()
            else:
                wait_for(trace, "close(3")
                tracing.send_signal(signal.SIGINT)
            said += tracing.stderr.read()
            status = tracing.wait(TIMEOUT)
    shown = read(trace)
    return Run(status, shown, "", said.decode("latin-1"), time.time() - started, started, late=False)


def wait_for(trace: Path, text: str) -> None:
    """Wait until a trace has a text; a tracer tells nobody but its file."""
    limit = time.monotonic() + TIMEOUT
    while text not in read(trace):
        assert time.monotonic() < limit, read(trace)
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ("", "program"),
        ("-f", "program"),
        ("-f", "two threads"),
        ("-q", "program"),
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
    found = compare_runs(theirs, mine, "thread" if "two" in end else "order", names=("strace", ours.name))
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
