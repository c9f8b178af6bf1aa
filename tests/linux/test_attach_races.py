"""What can come between two steps of attaching: each race is run in the order that hurts.

The steps are the real ones on real processes; a test only holds the attaching thread between two of them.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import ProcessError
from bstinspect.linux import proc, ptrace
from bstinspect.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from linux.conftest import Program, Start

    Between = Callable[[str, Callable[[int], None]], None]

HANDLER = """
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
print("ready", flush=True)
print(input(), flush=True)
"""

# The main thread and three others rest; the fifth calls execve when a line comes.
EXECUTING = """
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *rest(void *unused) { pause(); return unused; }
static void *go(void *path) {
    getchar();
    execl(path, path, "again", NULL);
    return path;
}
int main(int count, char **arguments) {
    if (count == 2) { puts("executed"); fflush(stdout); getchar(); puts("over"); return 7; }
    pthread_t thread;
    for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, rest, NULL);
    pthread_create(&thread, NULL, go, arguments[0]);
    puts("ready");
    fflush(stdout);
    pause();
}
"""


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Return a function that has something done before each ptrace request of a name, given its tid."""

    def install(name: str, do: Callable[[int], None]) -> None:
        real = getattr(ptrace, name)

        def request(tid: int, *rest: int) -> None:
            do(tid)
            real(tid, *rest)

        monkeypatch.setattr(ptrace, name, request)

    return install


@pytest.fixture
def executing(compiled: Callable[..., str], start: Start) -> Program:
    """Start the program whose last thread calls execve."""
    program = start(compiled(EXECUTING))
    assert len(proc.threads(program.pid)) == 5
    return program


def reaches(tid: int, *states: str) -> None:
    """Wait until a thread is in a state; a poll, for want of an event."""
    pause = select.poll()
    for _ in range(1000):
        found = proc.stat(tid)
        if (found.state if found else "gone") in states:
            return
        pause.poll(5)
    pytest.fail(f"{tid} does not get into {states}")


def executes(program: Program) -> None:
    """Have its last thread call execve, and wait until that waits for others to be reaped, or is over."""
    last = proc.threads(program.pid)[-1]
    program.say("")
    reaches(last, "D", "gone")


def goes_on(program: Program) -> None:
    """See that a program that has executed is let go and ends as it should."""
    assert proc.tracer(program.pid) is None
    assert program.line() == "executed\n"
    assert program.end() == "over\n"
    assert program.process.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM, signal.SIGSTOP])
def test_a_signal_that_comes_first_is_delivered(
    start: Start, between: Between, number: signal.Signals
) -> None:
    """The thread stops for its delivery instead; it comes at the detach, once."""
    program = start(code=HANDLER)

    def send(tid: int) -> None:
        os.kill(tid, number)
        reaches(tid, "t")

    between("interrupt", send)
    with Process.attach(program.pid) as process:
        assert process.state == "t"
    if number == signal.SIGUSR1:
        assert program.line() == "handled\n"
    elif number == signal.SIGSTOP:
        assert program.gets_into("T")
        os.kill(program.pid, signal.SIGCONT)
    else:
        assert program.process.wait(10) == -signal.SIGTERM
        return
    assert program.end("on") == "on\n"
    assert program.process.returncode == 0


def test_a_slow_attachment_loses_no_stop(executing: Program, between: Between) -> None:
    """Threads that are stopped long before the last is seized are not taken for dead."""
    before = proc.threads(executing.pid)
    between("seize", lambda _tid: time.sleep(0.02))  # longer than the reaper's rounds
    for _ in range(3):
        with Process.attach(executing.pid) as process:
            assert [proc.stat(tid).state for tid in process.threads] == ["t"] * 5  # type: ignore[union-attr]
        assert proc.tracer(executing.pid) is None
    assert proc.threads(executing.pid) == before
    executing.say("")
    goes_on(executing)


def test_a_thread_that_is_new_in_the_second_round(
    executing: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that was not in the first list is stopped too."""
    listings: list[list[int]] = []

    def threads(pid: int, real: Callable[[int], list[int]] = proc.threads) -> list[int]:
        listings.append(real(pid) if listings else real(pid)[:-1])
        return listings[-1]

    monkeypatch.setattr(proc, "threads", threads)
    with Process.attach(executing.pid) as process:
        assert [proc.stat(tid).state for tid in process.threads] == ["t"] * 5  # type: ignore[union-attr]
    assert len(listings[0]) == 4
    monkeypatch.undo()
    executing.say("")
    goes_on(executing)


@pytest.mark.parametrize("seized", [1, 2, 3, 4])
def test_an_execve_among_the_seizes(executing: Program, between: Between, seized: int) -> None:
    """PTRACE_SEIZE waits for an execve that waits for the seized threads to be reaped: they are."""
    tids: list[int] = []

    def before(tid: int) -> None:
        if len(tids) == seized:
            executes(executing)
        tids.append(tid)

    between("seize", before)
    with Process.attach(executing.pid) as process:
        assert process.state == "t"
        assert process.threads == [executing.pid]
        assert process.registers()
    goes_on(executing)


def test_an_execve_of_a_seized_thread(executing: Program, between: Between) -> None:
    """It becomes the main thread, is ours by that tid, and is asked to stop by that."""
    last = proc.threads(executing.pid)[-1]
    between("interrupt", lambda tid: executes(executing) if tid == last else None)
    with Process.attach(executing.pid) as process:
        assert process.state == "t"
        assert process.threads == [executing.pid]
    goes_on(executing)


def test_an_execve_after_the_others_have_stopped(
    executing: Program, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four threads are stopped when the fifth, which was not in the first list, ends them all."""
    last = proc.threads(executing.pid)[-1]
    listings: list[list[int]] = []

    def threads(pid: int, real: Callable[[int], list[int]] = proc.threads) -> list[int]:
        listings.append(real(pid) if listings else real(pid)[:-1])
        return listings[-1]

    monkeypatch.setattr(proc, "threads", threads)
    between("seize", lambda tid: executes(executing) if tid == last else None)
    with Process.attach(executing.pid) as process:
        assert process.state == "t"
        assert process.threads == [executing.pid]
        assert process.registers()
    goes_on(executing)


def test_killed_between_seize_and_interrupt(executing: Program, between: Between) -> None:
    """It is gone, says the error, and whoever started it is told how."""

    def kill(tid: int) -> None:
        os.kill(tid, signal.SIGKILL)
        reaches(tid, "Z", "gone")

    between("interrupt", kill)
    with pytest.raises(ProcessError) as caught, Process.attach(executing.pid):
        pass
    assert caught.value.errno == errno.ESRCH
    assert executing.process.wait(10) == -signal.SIGKILL


def test_a_zombie_is_gone() -> None:
    """There is nothing to attach to, and its status is still there for its parent."""
    with subprocess.Popen(["sh", "-c", "exit 7"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ProcessError) as caught, Process.attach(child.pid):
            pass
        assert caught.value.errno == errno.ESRCH
        assert child.wait() == 7


def test_ctrl_c_while_letting_go(executing: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception is the caller's, and no thread is left standing."""
    seen: list[int] = []

    def detach(tid: int, number: int, real: Callable[[int, int], None] = ptrace.detach) -> None:
        seen.append(tid)
        if len(seen) == 3:
            raise KeyboardInterrupt
        real(tid, number)

    monkeypatch.setattr(ptrace, "detach", detach)
    with pytest.raises(KeyboardInterrupt), Process.attach(executing.pid):
        pass
    assert proc.tracer(executing.pid) is None
    executing.say("")
    goes_on(executing)
