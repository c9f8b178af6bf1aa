"""A process stopped for a while and let go: whatever happens meanwhile, it goes on as if nothing had."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import ProcessError, PtraceError
from bstinspect.linux import proc
from bstinspect.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable

    from linux.conftest import Start

SLEEPER = "print('ready', flush=True)\nprint(input(), flush=True)"

# Ten threads, the main one included: three compute, six sleep and pass a byte round, and count what is wrong;
# all but the sleeping ones may be interrupted by the signal, which is counted.
BUSY = """
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static atomic_ulong signals, wrong, turns;
static atomic_int over;
static int ends[2];
static void count(int number) { (void)number; signals++; }
static unsigned long chain(void) {
    unsigned long x = 1;
    for (int i = 0; i < 20000; i++) x = x * 6364136223846793005UL + 1442695040888963407UL;
    return x;
}
static void *compute(void *first) {
    while (!over) { if (chain() != *(unsigned long *)first) wrong++; turns++; }
    return NULL;
}
static void *wait_around(void *unused) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    struct timespec pause = {0, 200000};
    while (!over) {
        char byte;
        if (nanosleep(&pause, NULL) != 0) wrong++;
        if (read(ends[0], &byte, 1) != 1) wrong++;
        if (write(ends[1], &byte, 1) != 1) wrong++;
    }
    return unused;
}
int main(void) {
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
    unsigned long first = chain();
    pthread_t threads[9];
    if (pipe(ends) != 0 || write(ends[1], "xyz", 3) != 3) return 1;
    for (int i = 0; i < 9; i++) pthread_create(&threads[i], NULL, i < 3 ? compute : wait_around, &first);
    puts("ready");
    fflush(stdout);
    getchar();
    over = 1;
    for (int i = 0; i < 9; i++) pthread_join(threads[i], NULL);
    printf("%lu signals, %lu wrong, %s\\n", signals, wrong, turns > 100 ? "busy" : "idle");
    return 0;
}
"""

# A thread other than the main one calls execve, again and again.
EXECUTING = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static char **words;
static void *rest(void *unused) { pause(); return unused; }
static void *again(void *unused) {
    char left[20];
    snprintf(left, sizeof left, "%d", atoi(words[1]) - 1);
    execl(words[0], words[0], left, NULL);
    return unused;
}
int main(int count, char **arguments) {
    (void)count;
    words = arguments;
    if (atoi(words[1]) == 0) { puts("done"); return 7; }
    puts(words[1]);
    fflush(stdout);
    pthread_t thread;
    for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, rest, NULL);
    pthread_create(&thread, NULL, again, NULL);
    pause();
}
"""


def states(pid: int) -> set[str]:
    """Return the states of a process's threads."""
    return {found.state for tid in proc.threads(pid) if (found := proc.stat(tid))}


def test_a_busy_process_of_ten_threads_notices_nothing(compiled: Callable[..., str], start: Start) -> None:
    """Attached to a hundred times: the same threads, right results, and no signal lost or doubled."""
    program = start(compiled(BUSY, "-O1"))
    tids = proc.threads(program.pid)
    assert len(tids) == 10
    for _ in range(100):
        for _ in range(3):
            os.kill(program.pid, signal.SIGRTMIN)
        with Process.attach(program.pid) as process:
            assert states(program.pid) == {"t"}
            assert len({process.registers(tid).rsp for tid in process.threads}) == 10
            os.kill(program.pid, signal.SIGRTMIN)
    assert proc.threads(program.pid) == tids
    assert proc.tracer(program.pid) is None
    assert not states(program.pid) & {"t", "T"}
    assert program.end() == "400 signals, 0 wrong, busy\n"
    assert program.process.returncode == 0


def test_a_stopped_process_stays_stopped(start: Start) -> None:
    """A group-stop goes on after the detach, until SIGCONT."""
    program = start(code=SLEEPER)
    os.kill(program.pid, signal.SIGSTOP)
    assert program.gets_into("T")
    for _ in range(3):
        with Process.attach(program.pid) as process:
            assert process.state == "t"
            assert process.registers()
        assert program.gets_into("T")
    program.say("on")
    os.kill(program.pid, signal.SIGCONT)
    assert program.line() == "on\n"


def test_stopped_and_continued_while_attached(start: Start) -> None:
    """What SIGSTOP and SIGCONT do to a process that is held shows when it is let go."""
    program = start(code=SLEEPER)
    with Process.attach(program.pid):
        os.kill(program.pid, signal.SIGSTOP)
    assert program.gets_into("T")
    with Process.attach(program.pid):
        os.kill(program.pid, signal.SIGCONT)
    assert program.gets_into("S")
    program.say("on")
    assert program.line() == "on\n"


def test_a_child_that_is_killed_while_attached(compiled: Callable[..., str], start: Start) -> None:
    """The end of the block is no error, and whoever started the process is told of its death."""
    for program in (start(code=SLEEPER), start(compiled(BUSY))):
        with Process.attach(program.pid) as process:
            program.process.kill()
            assert program.gets_into("Z", "X")
            with pytest.raises(PtraceError) as caught:
                process.registers()
            assert caught.value.errno == errno.ESRCH
        assert program.process.wait(10) == -signal.SIGKILL


def test_a_stranger_that_is_killed_while_attached(start: Start) -> None:
    """Its own parent gets the status, as soon as it is let go."""
    code = """
import subprocess
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
print(child.wait(), flush=True)
"""
    parent = start(code=code)
    stranger = int(parent.words[0])
    with Process.attach(stranger) as process:
        assert process.parent == parent.pid
        os.kill(stranger, signal.SIGKILL)
    assert parent.line() == f"{-signal.SIGKILL}\n"


def test_processes_that_end_just_then() -> None:
    """Attaching to one on its way out works, or says that it is gone; its exit status is the same."""
    gone = 0
    for _ in range(100):
        with subprocess.Popen(["sh", "-c", "exit 7"]) as child:
            try:
                with Process.attach(child.pid):
                    pass
            except ProcessError as error:
                assert error.errno == errno.ESRCH  # noqa: PT017 - it is not raised every time
                gone += 1
            assert child.wait(10) == 7
    assert gone < 100


def test_a_thread_calls_execve_just_then(compiled: Callable[..., str]) -> None:
    """Execve ends all other threads, attached or not, and nobody waits for ever."""
    command = [compiled(EXECUTING), "300"]
    attached = 0
    while attached <= 10:  # on a busy machine few attempts fall into the time that is meant
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            while child.poll() is None:
                try:
                    with Process.attach(child.pid) as process:
                        attached += len(process.threads) > 1
                except ProcessError as error:
                    assert error.errno == errno.ESRCH  # noqa: PT017 - it is not raised every time
            assert child.stdout is not None
            assert child.stdout.read().split() == [*(str(n) for n in range(300, 0, -1)), "done"]
        assert child.returncode == 7


def test_an_exception_in_the_block_lets_it_go(start: Start) -> None:
    """The process runs on, and the exception is the caller's."""
    program = start(code=SLEEPER)
    with pytest.raises(ZeroDivisionError), Process.attach(program.pid):
        raise ZeroDivisionError
    program.say("on")
    assert program.line() == "on\n"


def test_who_is_traced_already_is_refused(start: Start) -> None:
    """One line says by whom; the process is still the first one's, and then runs on."""
    program = start(code=SLEEPER)
    with Process.attach(program.pid) as process:
        with pytest.raises(ProcessError) as caught, Process.attach(program.pid):
            pass
        assert caught.value.errno == errno.EPERM
        name = proc.comm(os.getpid())
        assert str(caught.value) == f"process {program.pid}: it is traced by {name} (pid {os.getpid()})"
        assert process.registers()
    program.say("on")
    assert program.line() == "on\n"


def test_who_cannot_be_attached() -> None:
    """No such process, and oneself."""
    with pytest.raises(ProcessError, match="No such process"), Process.attach(2**22 + 1):
        pass
    with pytest.raises(ProcessError, match="the kernel refuses to trace it"), Process.attach(os.getpid()):
        pass


def test_the_thread_that_attached_detaches(start: Start) -> None:
    """In another thread it is refused with a clear error, instead of a wait for ever."""
    program = start(code=SLEEPER)
    attachment = Process.attach(program.pid)
    attachment.__enter__()
    caught: list[BaseException] = []

    def leave() -> None:
        try:
            attachment.__exit__(None, None, None)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert [str(error) for error in caught] == [f"process {program.pid} was attached by another thread"]


def test_facts_of_a_process(start: Start) -> None:
    """Name, parent, threads, descriptors and maps of a live one; ESRCH for each when it is gone."""
    code = "import os, threading\nr, w = os.pipe()\nt = threading.Thread(target=os.read, args=(r, 1))\n"
    program = start(
        code=f"{code}t.start()\nprint(t.native_id, os.fstat(r).st_ino, r, flush=True)\ninput()\nos._exit(0)"
    )
    tid, inode, number = (int(word) for word in program.words)
    process = Process(program.pid)
    assert Process(tid).pid == process.pid == program.pid
    assert repr(process) == f"Process({program.pid})"
    assert process.name.startswith("python")
    assert (process.parent, process.threads) == (os.getpid(), [program.pid, tid])
    assert process.state in "SR"
    assert {each.number: each.target for each in process.descriptors}[number] == f"pipe:[{inode}]"
    assert any(each.path == os.path.realpath(sys.executable) for each in process.maps)
    program.process.kill()
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
    assert (process.state, process.maps) == ("Z", [])
    program.process.wait()
    for name in ("name", "state", "parent", "threads", "descriptors", "maps"):
        with pytest.raises(ProcessError, match="No such process") as caught:
            getattr(process, name)
        assert (caught.value.pid, caught.value.errno) == (program.pid, errno.ESRCH)
    with pytest.raises(ProcessError, match="No such process"):
        Process(program.pid)
