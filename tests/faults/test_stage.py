"""The stage with real processes: its time, its order, and each kind of fault where it belongs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from bstinspect.faults.harness import injection
from bstinspect.faults.run import Scenario
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.faults.pool import Pool
    from bstinspect.faults.run import Run

SCRIPT = ("create 10", "create 20", "exec 20 2 1 2", "pingall")


def played(pool: Pool, *faults: str, script: tuple[str, ...] = SCRIPT, **other: object) -> Run:
    """Play a script without an examination; return the run."""
    scenario = Scenario(script, tuple(map(injection, faults)), **other)  # type: ignore[arg-type]
    answer = pool.play(Task(scenario, "plain"))
    assert answer.run is not None, answer.error
    return answer.run


def lines(run: Run) -> list[str | None]:
    """Return the replies."""
    return [each.line for each in run.replies]


def transcript(run: Run) -> bytes:
    """Return all that must be the same each time."""
    return msgspec.json.encode((run.replies, run.points, run.messages, run.left, run.status))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("fault", ["", "20.1:send(exec-reply)#1@exit=stop:200ms"])
def test_the_same_seed_is_the_same_run(pool: Pool, seed: int, fault: str) -> None:
    """To the last point and nanosecond."""
    faults = [fault] if fault else []
    first = transcript(played(pool, *faults, seed=seed))
    assert all(transcript(played(pool, *faults, seed=seed)) == first for _ in range(3))


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("20.1:send(exec-reply)#1@entry=kill", ["Error:20: Node is unavailable", "Ok: 20"]),
        ("20.1:send(exec-reply)#1@exit=kill", None),  # its death is as quick as its reply
        ("20.1:send(exec-reply)#1@entry=stop", ["Error:20: Node is unavailable", "Ok: 20"]),
        ("20.1:send(exec-reply)#1@exit=stop", ["Ok:20: 3", "Ok: 20"]),
        ("20.1:send(exec-reply)#1@entry=stop:5s", None),
        ("20.1:recv(exec)#1@exit=signal:TERM", ["Error:20: Node is unavailable", "Ok: 20"]),
        ("20.1:send(exec-reply)#1@entry=drop", ["Error:20: Node is unavailable", "Ok: -1"]),
        ("20.1:send(exec-reply)#1@entry=twice", ["Ok:20: 3", "Ok: -1"]),
        ("20.1:send(exec-reply)#1@entry=truncate", ["Error:20: Node is unavailable", "Ok: -1"]),
        ("20.1:send(exec-reply)#1@entry=delay:10s", None),
        ("20.1:send(exec-reply)#1@entry=errno:ECONNRESET", None),
        ("10.1:fork#1@entry=errno:EAGAIN", ["Error:20: Not found", "Ok: -1"]),
        ("10.1:fork#1@entry=no-descriptors", ["Error:20: Not found", "Ok: 10"]),
        ("20.1:bind#1@entry=disk-full", ["Error:20: Not found", "Ok: -1"]),
    ],
)
def test_each_kind_of_fault(pool: Pool, fault: str, wanted: list[str] | None) -> None:
    """It fires once, at its place, and what it does is seen by whoever asks."""
    run = played(pool, fault)
    assert [str(each.injection) for each in run.fired] == [fault]
    assert run.fired[0].who == str(run.fired[0].injection.at.who)
    assert not run.trouble
    if wanted is not None:
        assert lines(run)[2:] == wanted


def test_at_the_entry_the_call_has_not_happened(pool: Pool) -> None:
    """Killed before a fork there is no child; killed after it there is one, which dies with the tree."""
    before, after = (played(pool, f"10.1:fork#1@{when}=kill") for when in ("entry", "exit"))
    assert "20.1:bind#1@entry" not in {str(each.at) for each in before.points}
    assert "20.1:bind#1@entry" in {str(each.at) for each in after.points}
    assert not before.left
    assert not after.left


def test_long_timeouts_take_no_time(pool: Pool) -> None:
    """A node whose hello is lost is waited for 20 seconds, of the stage's own."""
    run = played(pool, "20.1:send(hello)#1@entry=drop")
    assert run.replies[1].line == "Error: the new process does not say hello"
    assert 20_000_000_000 <= run.replies[1].took_ns < 21_000_000_000


def test_what_did_not_fire(pool: Pool) -> None:
    """It is told."""
    run = played(pool, "20.1:send(exec-reply)#9@entry=kill", "10:bind#1@exit=delay:1ms")
    assert [str(each) for each in run.unfired] == ["20.1:send(exec-reply)#9@entry=kill"]


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_any_program_with_all_its_clocks(pool: Pool, tmp_path: Path) -> None:
    """A C program that sleeps, polls and selects sees the time pass, by rdtsc too; nobody waits for it."""
    source = tmp_path / "sleeper.c"
    source.write_text(
        r"""
        #include <poll.h>
        #include <stdio.h>
        #include <sys/select.h>
        #include <time.h>
        #include <unistd.h>
        #include <x86intrin.h>
        int main(void) {
            char line[100];
            setvbuf(stdout, 0, _IONBF, 0);
            while (fgets(line, sizeof line, stdin)) {
                struct timespec before, after;
                unsigned long long ticks = __rdtsc();
                time_t earlier = time(0);
                clock_gettime(CLOCK_MONOTONIC, &before);
                sleep(20);
                poll(0, 0, 10000);
                struct timeval left = {5, 0};
                select(0, 0, 0, 0, &left);
                clock_gettime(CLOCK_MONOTONIC, &after);
                int counted = __rdtsc() > ticks + 10000000000ull;
                int aged = time(0) - earlier >= 35;
                printf("Ok: %ld %d %d\n", (long)(after.tv_sec - before.tv_sec), counted, aged);
            }
        }
        """
    )
    program = tmp_path / "sleeper"
    subprocess.run(["cc", "-o", program, source], check=True)
    run = played(pool, script=("pingall", "pingall"), command=(str(program),))
    assert lines(run) == ["Ok: 35 1 1", "Ok: 35 1 1"]
    assert not run.left


FIRST_THREAD_ENDS = """
import ctypes, threading
threading.Thread(target=lambda: (input(), print("Ok: -1", flush=True))).start()
ctypes.CDLL(None).syscall(60, 0)
"""
"""exit(2) of the thread alone: what is left of it is a zombie, until the other has ended."""


@pytest.mark.parametrize(
    ("program", "trouble"),
    [
        ("import time; input(); time.sleep(1e6)", "no answer"),
        ("import signal; input(); signal.pause()", "deadlock"),
        ("input(); print('Ok: -1', flush=True)", ""),
        ("import sys; sys.exit(3)", ""),
        ("input(); print('x' * 100000, flush=True)", ""),
        ("import os, time\nif not os.fork(): os.setsid(); time.sleep(99)", "no answer"),
        (FIRST_THREAD_ENDS, ""),
    ],
)
def test_programs_that_are_no_cluster(pool: Pool, program: str, trouble: str) -> None:
    """Each comes to an end, and what became of it is told."""
    run = played(pool, script=("pingall",), command=(sys.executable, "-S", "-c", program))
    assert run.trouble == trouble
    if not trouble and "print" in program:
        assert run.replies[0].line
