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


INTERRUPTED = r"""
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static int pair[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static void handler(int number) { (void)number; }
static void *late(void *unused) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, 0);
    sleep(4);
    send(pair[0], "x", 1, 0);
    return unused;
}
static int in_time(const char *what) {
    struct timespec ten = {10, 0}, end;
    struct timeval left = {10, 0};
    struct epoll_event event;
    if (!strcmp(what, "poll")) return poll(0, 0, 10000);
    if (!strcmp(what, "epoll")) return epoll_wait(epoll_create1(0), &event, 1, 10000);
    if (!strcmp(what, "select")) return select(0, 0, 0, 0, &left);
    if (!strcmp(what, "nanosleep")) return nanosleep(&ten, 0);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 10;
    pthread_mutex_lock(&mutex);
    return pthread_cond_timedwait(&never, &mutex, &end) == ETIMEDOUT ? 0 : -1;
}
int main(int count, char **words) {
    char line[100];
    pthread_t thread;
    struct timespec before, after;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (count < 2 || !fgets(line, sizeof line, stdin)) return 1;
    pthread_create(&thread, 0, late, 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    int result = in_time(words[1]);
    const char *how = result == 0 ? "in time" : errno == EINTR ? "interrupted" : "failed";
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("Ok: %s after %ld s\n", how, (long)(after.tv_sec - before.tv_sec));
    fflush(stdout);
    pthread_join(thread, 0);
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize(
    ("wait", "stopped", "handled"),
    [
        ("poll", "in time after 10 s", "interrupted after 4 s"),
        ("select", "in time after 10 s", "interrupted after 4 s"),
        ("nanosleep", "in time after 10 s", "interrupted after 4 s"),
        ("epoll", "interrupted after 6 s", "interrupted after 4 s"),
        ("condition", "in time after 10 s", "in time after 10 s"),
    ],
)
def test_waits_that_are_interrupted(
    pool: Pool, tmp_path: Path, wait: str, stopped: str, handled: str
) -> None:
    """A stop, and a handler's signal, end those that they end in the kernel (signal(7)); the others go on."""
    (tmp_path / "waits.c").write_text(INTERRUPTED)
    program = str(tmp_path / "waits")
    subprocess.run(["cc", "-pthread", "-o", program, tmp_path / "waits.c"], check=True)
    for fault, wanted in (("", "in time after 10 s"), ("stop:2s", stopped), ("signal:USR1", handled)):
        faults = [f"controller:send#1@exit={fault}"] if fault else []
        run = played(pool, *faults, script=("pingall",), command=(program, wait))
        assert lines(run) == [f"Ok: {wanted}"], fault
        assert (run.unfired, run.trouble) == ([], ""), fault


WAITS_FOR_THREADS = """
import queue, threading, time
items, never = queue.Queue(), threading.Event()
for line in open(0):
    began = time.monotonic()
    never.wait(20)
    threading.Timer(7, items.put, [3]).start()
    item = items.get(timeout=30)
    print(f"Ok: {item} after {time.monotonic() - began:.3f} s", flush=True)
"""


def test_threads_that_wait_for_one_another_with_a_timeout(pool: Pool) -> None:
    """A futex's timeout is a time of the stage too; nobody waits for it in vain."""
    command = (sys.executable, "-S", "-c", WAITS_FOR_THREADS)
    runs = [played(pool, script=("pingall", "pingall"), command=command) for _ in range(3)]
    assert lines(runs[0]) == ["Ok: 3 after 27.000 s"] * 2
    assert len({transcript(each) for each in runs}) == 1


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
