"""-p: running processes and their threads, which go on afterwards as if nothing had been."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from bstinspect.linux import proc

from .conftest import COMMAND, TIMEOUT
from .programs import BUSY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Process, Starter, Trace, Waiter

TIMES = 100
"""So often a busy program is attached to and let go."""
REPEATED = """
import os, signal, sys
from bstinspect.trace.command import main
words, times = sys.argv[2:], int(sys.argv[1])
for turn in range(times):
    child = os.fork()
    if not child:
        os._exit(main(words))
    line = sys.stdin.readline()  # somebody has seen that all threads are attached
    os.kill(child, signal.SIGINT)
    if os.waitpid(child, 0)[1] != signal.SIGINT:
        sys.exit(1)
    print("let go", flush=True)
"""
"""Attaches again and again without starting an interpreter each time."""


def line(process: Process, stream: str = "stdout") -> str:
    """Wait for a line of a process."""
    found = getattr(process, stream).readline().decode()
    assert found, "the end"
    return str(found)


def say(process: Process, text: str = "") -> None:
    """Give a process a line."""
    assert process.stdin is not None
    process.stdin.write(f"{text}\n".encode())
    process.stdin.flush()


def test_attach_and_detach(
    started: Starter,
    sleeper: Process,
    tmp_path: Path,
    wait: Waiter,
) -> None:
    """What it does meanwhile is in the trace; a signal to bstrace ends that, and the program goes on."""
    to = tmp_path / "trace"
    tracer = started(*COMMAND, "-o", str(to), "-p", str(sleeper.pid))
    assert line(tracer, "stderr") == f"bstrace: Process {sleeper.pid} attached\n"
    assert wait.traced(sleeper.pid) == tracer.pid
    wait.until(to.read_text, "it is not in its call")
    tracer.send_signal(signal.SIGINT)
    assert line(tracer, "stderr") == f"bstrace: Process {sleeper.pid} detached\n"
    assert tracer.wait(TIMEOUT) == -signal.SIGINT
    wait.untraced(sleeper.pid)
    assert to.read_text() == "read(0,  <detached ...>\n"
    say(sleeper, "still here")
    assert line(sleeper) == "still here\n"
    assert sleeper.wait(TIMEOUT) == 0


def test_to_the_end(
    started: Starter,
    sleeper: Process,
    tmp_path: Path,
    wait: Waiter,
) -> None:
    """The exit status is 0, whatever the program's was."""
    to = tmp_path / "trace"
    tracer = started(*COMMAND, "-o", str(to), "-e", "trace=write", "-p", str(sleeper.pid))
    wait.traced(sleeper.pid)
    assert "attached" in line(tracer, "stderr")
    say(sleeper, "text")
    assert tracer.wait(TIMEOUT) == 0
    assert to.read_text().splitlines()[0] == 'write(1, "text\\n", 5)                   = 5'
    assert to.read_text().splitlines()[-1] == "+++ exited with 0 +++"


def test_fifty_busy_threads_a_hundred_times(
    started: Starter, program: Callable[..., str], wait: Waiter
) -> None:
    """Each call of the program does its work: none is interrupted, lost or made twice."""
    busy = started(program(BUSY))
    assert line(busy) == "ready\n"
    words = ("-f", "-q", "-e", "trace=none", "-o", os.devnull, "-p", str(busy.pid))
    tracer = started(sys.executable, "-c", REPEATED, str(TIMES), *words)

    def traced() -> int:
        facts = [proc.status(tid) for tid in proc.threads(busy.pid)]
        return sum(bool(each and each.tracer) for each in facts)

    for _ in range(TIMES):
        wait.until(lambda: traced() == 50, "not all threads are attached")
        say(tracer)
        assert line(tracer) == "let go\n"
        assert traced() == 0
    assert tracer.wait(TIMEOUT) == 0
    say(busy)
    assert line(busy) == "0 wrong, turns\n"
    assert busy.wait(TIMEOUT) == 0


def test_all_threads_or_one(started: Starter, program: Callable[..., str]) -> None:
    """With -f all threads of a process, without it the one that is named."""
    busy = started(program(BUSY))
    line(busy)
    for options, count in (("-f",), 50), ((), 1):
        tracer = started(*COMMAND, *options, "-o", os.devnull, "-p", str(busy.pid))
        more = " with 50 threads" if count == 50 else ""
        assert line(tracer, "stderr") == f"bstrace: Process {busy.pid} attached{more}\n"
        found = [proc.status(tid) for tid in proc.threads(busy.pid)]
        assert sum(bool(each and each.tracer == tracer.pid) for each in found) == count
        tracer.send_signal(signal.SIGTERM)
        assert tracer.wait(TIMEOUT) == -signal.SIGTERM
    say(busy)
    assert line(busy) == "0 wrong, turns\n"


def test_a_stopped_process(
    started: Starter,
    sleeper: Process,
    wait: Waiter,
    tmp_path: Path,
) -> None:
    """It stays stopped while it is traced and afterwards, until somebody continues it."""
    sleeper.send_signal(signal.SIGSTOP)
    wait.state(sleeper.pid, "T")
    to = tmp_path / "trace"
    tracer = started(*COMMAND, "-o", str(to), "-p", str(sleeper.pid))
    assert "attached" in line(tracer, "stderr")
    wait.until(lambda: to.read_text() == "--- stopped by SIGSTOP ---\n", "no stop")
    tracer.send_signal(signal.SIGINT)
    tracer.wait(TIMEOUT)
    wait.untraced(sleeper.pid)
    wait.state(sleeper.pid, "T")
    sleeper.send_signal(signal.SIGCONT)
    say(sleeper, "go")
    assert line(sleeper) == "go\n"


@pytest.mark.usefixtures("orphanage")
@pytest.mark.parametrize("stopped", [False, True])
def test_a_killed_bstrace_leaves_it_running(
    *,
    stopped: bool,
    started: Starter,
    sleeper: Process,
    wait: Waiter,
    tmp_path: Path,
) -> None:
    """Kill -9 detaches: the program goes on, or stays stopped as it was."""
    to = tmp_path / "trace"
    tracer = started(*COMMAND, "-f", "-o", str(to), "-p", str(sleeper.pid))
    assert "attached" in line(tracer, "stderr")
    if stopped:
        sleeper.send_signal(signal.SIGSTOP)
        wait.until(lambda: "--- stopped by SIGSTOP ---" in to.read_text(), "no stop")
    tracer.kill()
    wait.untraced(sleeper.pid)
    if stopped:
        wait.state(sleeper.pid, "T")
        sleeper.send_signal(signal.SIGCONT)
    say(sleeper, "alive")
    assert line(sleeper) == "alive\n"
    assert sleeper.wait(TIMEOUT) == 0


def test_who_traces_it_already_is_named(started: Starter, sleeper: Process, trace: Trace) -> None:
    """A process has one tracer at most."""
    tracer = started(*COMMAND, "-o", os.devnull, "-p", str(sleeper.pid))
    assert "attached" in line(tracer, "stderr")
    done = trace("-p", str(sleeper.pid))
    assert done.status == 1
    pattern = rf"bstrace: attach: ptrace\(PTRACE_SEIZE, {sleeper.pid}\): Operation not permitted "
    tracer.send_signal(signal.SIGINT)
    tracer.wait(TIMEOUT)
    assert re.fullmatch(pattern + rf"\(it is traced by \S+, pid {tracer.pid}\)\n", done.err), done.err


def test_without_permission(sleeper: Process, trace: Trace, nobody: tuple[str, ...]) -> None:
    """Another's process: one line, and status 1."""
    done = trace("-p", str(sleeper.pid), file=False, before=nobody)
    assert done.status == 1
    line = f"bstrace: attach: ptrace(PTRACE_SEIZE, {sleeper.pid}): Operation not permitted"
    assert done.err.startswith(line)
    assert done.err.count("\n") == 1


def test_nobody_there(sleeper: Process, trace: Trace) -> None:
    """A pid that is gone; the others of a list are traced nevertheless."""
    sleeper.kill()
    sleeper.wait()
    done = trace("-p", str(sleeper.pid), file=False)
    line = f"bstrace: attach: ptrace(PTRACE_SEIZE, {sleeper.pid}): No such process\n"
    assert (done.err, done.status) == (line, 1)
    done = trace("-p", str(sleeper.pid), "-e", "trace=none", "true")
    assert done.err == line
    assert done.lines == ["+++ exited with 0 +++"]
