"""Co-location: the tracer and its tracees share one CPU, and no program can tell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bstinspect.linux import proc

from .conftest import COMMAND, NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Orphanage, Process, Starter, Trace, Waiter

OWN = frozenset(os.sched_getaffinity(0))
SHOWN = "[" + " ".join(str(cpu) for cpu in sorted(OWN)) + "]"
"""As strace prints it."""
pytestmark = [
    pytest.mark.skipif(len(OWN) < 2, reason="with one CPU there is nothing to share"),
    pytest.mark.usefixtures("orphanage"),
]

FAMILY = """
import os, signal, subprocess, threading

def real(pid="thread-self"):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("Cpus_allowed_list"):
            return line.split()[1]

def say(who):
    asked = sorted(os.sched_getaffinity(0))
    os.write(1, f"{who}: {real()} {','.join(map(str, asked))}\\n".encode())

say("main")
thread = threading.Thread(target=say, args=("thread",))
thread.start()
thread.join()
child = os.fork()
if not child:
    say("fork")
    os._exit(0)
os.waitpid(child, 0)
subprocess.run(["sh", "-c", "echo vfork: $(grep Cpus_allowed_list /proc/$$/status | cut -f2) $(nproc)"])
reading, writing = os.pipe()
child = os.fork()
if not child:
    if not os.fork():
        os.setsid()
        say("daemon")
        os.write(writing, b"done")
    os._exit(0)
os.waitpid(child, 0)
os.read(reading, 4)
"""
WAITING_CHILD = "sleep 60 & echo $! $$; read line; kill $!; wait"


def cpus(pid: int) -> frozenset[int]:
    """Return the real mask of a process."""
    return frozenset(os.sched_getaffinity(pid))


def ranges(mask: frozenset[int]) -> str:
    """Return a mask as /proc/PID/status has it, for the masks of these tests: one CPU, or all."""
    words = subprocess.run(
        ["grep", "Cpus_allowed_list", "/proc/self/status"], capture_output=True, text=True, check=True
    ).stdout.split()
    return words[1] if mask == OWN else str(*mask)


def guardians(tracer: int) -> list[int]:
    """Return the guardians of a tracer."""
    return [pid for pid in children(tracer) if proc.comm(pid) == "bstrace-guard"]


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    return [int(word) for word in (proc.read_file(f"/proc/{pid}/task/{pid}/children") or b"").split()]


def family(trace: Trace, *words: str) -> dict[str, tuple[str, str]]:
    """Run the family; return the real masks and those it was told, by who it is."""
    done = trace(*words, sys.executable, "-c", FAMILY)
    assert done.status == 0, done.err
    found = {}
    for line in done.out.splitlines():
        who, real, asked = line.split()
        found[who.rstrip(":")] = real, asked
    assert found.pop("vfork")[1] == str(len(OWN))
    return found | {"vfork": (done.out.partition("vfork: ")[2].split()[0], "")}


def read_pids(process: Process) -> tuple[int, int]:
    """Read the pids that WAITING_CHILD says: its child's and its own."""
    assert process.stdout is not None
    child, own = process.stdout.readline().split()
    return int(child), int(own)


def test_tracer_and_tracees_share_one_cpu(
    started: Starter, wait: Waiter, tmp_path: Path, orphanage: Orphanage
) -> None:
    """All tracees and the tracer are on one CPU; what decodes is on the others; in the end all are gone."""
    run = started(*COMMAND, "-f", "-o", str(tmp_path / "trace"), "sh", "-c", WAITING_CHILD)
    child, command = read_pids(run)
    tracer = wait.traced(command)
    assert tracer == run.pid
    wait.until(lambda: len(cpus(child)) == 1, "the child is pinned")
    shared = cpus(tracer)
    assert len(shared) == 1
    assert cpus(command) == cpus(child) == shared
    wait.until(lambda: guardians(tracer), "there is a guardian")
    (guardian,) = guardians(tracer)
    (renderer,) = set(children(tracer)) - {guardian, command}
    assert cpus(renderer) == OWN - shared
    assert cpus(guardian) == OWN
    wait.until(
        lambda: len(list(Path(f"/proc/{guardian}/fd").iterdir())) == 4, "no file but the tracer's pidfd"
    )
    assert {str(Path(f"/proc/{guardian}/fd/{n}").readlink()) for n in (0, 1, 2)} == {"/dev/null"}
    assert os.getsid(guardian) == guardian
    run.communicate(b"\n", timeout=30)
    assert run.returncode == 0
    assert orphanage.gone((child, command, guardian, renderer), 10) == []


def test_no_colocate(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """--no-colocate leaves everybody where they are, and needs no guardian."""
    run = started(*COMMAND, "--no-colocate", "-f", "-o", str(tmp_path / "trace"), "sh", "-c", WAITING_CHILD)
    child, command = read_pids(run)
    wait.traced(command)
    assert {cpus(child), cpus(command), cpus(run.pid)} == {OWN}
    assert guardians(run.pid) == []
    run.communicate(b"\n", timeout=30)


def test_a_filter_of_calls(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """With --seccomp-bpf few calls stop: nobody is pinned."""
    words = ("--seccomp-bpf", "-f", "-e", "trace=exit_group", "-o", str(tmp_path / "trace"))
    run = started(*COMMAND, *words, "sh", "-c", WAITING_CHILD)
    child, command = read_pids(run)
    wait.traced(command)
    assert {cpus(child), cpus(command), cpus(run.pid)} == {OWN}
    run.communicate(b"\n", timeout=30)


def test_everybody_followed_is_told_their_own_mask(trace: Trace) -> None:
    """With -f all are pinned, and none is told so."""
    found = family(trace, "-f")
    own = ",".join(str(cpu) for cpu in sorted(OWN))
    assert {who: told for who, (_, told) in found.items()} == dict.fromkeys(
        ("main", "thread", "fork", "daemon"), own
    ) | {"vfork": ""}
    assert len({real for real, _ in found.values()}) == 1
    assert found["main"][0].isdecimal()


def test_who_is_not_followed_has_their_own_mask(trace: Trace) -> None:
    """Without -f only the first thread is pinned: its threads and children are not, however they came."""
    found = family(trace)
    assert found.pop("main")[0].isdecimal()
    assert {real for real, _ in found.values()} == {ranges(OWN)}


def test_without_f_the_text_is_stracees(trace: Trace) -> None:
    """That children are seen without -f shows in nothing."""
    done = trace("-e", "trace=%process,%signal", "sh", "-c", "true; (exit 3); /bin/true; sleep 0 & wait")
    assert {line.split()[0] for line in done.lines if line[0].isdecimal()} == set()
    assert [line for line in done.lines if "attached" in line or "detached" in line] == []
    assert len(done.those("CLD_EXITED")) == 3
    assert done.err == ""


@pytest.mark.parametrize("words", [(), ("-e", "trace=write"), ("-e", "status=failed")])
def test_the_trace_shows_what_the_program_was_told(trace: Trace, words: tuple[str, ...]) -> None:
    """Recorded or not, the call tells the own mask."""
    done = trace(*words, "nproc")
    assert done.out.split() == [str(len(OWN))]
    assert all(SHOWN in line for line in done.those("sched_getaffinity"))
    assert bool(done.those("sched_getaffinity")) == (not words)


def test_a_mask_asked_of_another_process(trace: Trace) -> None:
    """A tracee that asks for the mask of another tracee is told that one's own."""
    done = trace("-f", "sh", "-c", "taskset -p $$")
    assert int(done.out.split()[-1], 16) == sum(1 << cpu for cpu in OWN)


def test_a_program_that_sets_its_mask(trace: Trace) -> None:
    """It has the mask that it set from then on, and so has what it starts."""
    cpu = max(OWN)
    code = f"""if True:
        import os, subprocess
        os.sched_setaffinity(0, {{{cpu}}})
        print(os.sched_getaffinity(0))
        subprocess.run(["grep", "Cpus_allowed_list", "/proc/self/status"])
        os.sched_setaffinity(0, {sorted(OWN)})
        print(os.sched_getaffinity(0))
        print([line for line in open("/proc/self/status") if "Cpus_allowed_list" in line][0].split()[1])
    """
    done = trace("-f", sys.executable, "-u", "-c", code)
    assert done.out.split("\n")[:-1] == [
        f"{{{cpu}}}",
        f"Cpus_allowed_list:\t{cpu}",
        str(set(OWN)),
        ranges(OWN),
    ]


@pytest.mark.parametrize("cpu", sorted(OWN)[:2])
def test_a_program_under_taskset(trace: Trace, cpu: int) -> None:
    """`taskset` works, whichever CPU the tracer is on."""
    done = trace("-f", "taskset", "-c", str(cpu), "sh", "-c", "nproc; taskset -cp $$")
    assert done.out.split()[0] == "1"
    assert done.out.split()[-1] == str(cpu)


def test_bstrace_with_one_cpu(trace: Trace) -> None:
    """With one CPU allowed nothing is done."""
    ask = "nproc; cat /proc/$PPID/task/$PPID/children | xargs ps -o comm= -p"
    done = trace("-f", "sh", "-c", ask, before=("taskset", "-c", str(min(OWN))))
    assert done.out.split()[0] == "1"
    assert "bstrace-guard" not in done.out


UNTRACED = r"""
    #include <sched.h>
    #include <signal.h>
    #include <stdio.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <unistd.h>
    static void say(const char *who) {
        char line[256];
        FILE *f = fopen("/proc/self/status", "r");
        while (fgets(line, sizeof line, f)) {
            if (!strncmp(line, "Cpus_allowed_list:", 18)) printf("%s %s", who, line + 19);
        }
        fclose(f);
        fflush(stdout);
    }
    int main(int count, char **words) {
        say("before");
        if (count > 1) {
            unsigned long flags[11] = {CLONE_UNTRACED, 0, 0, 0, SIGCHLD};
            int child = count > 2 ? syscall(SYS_clone3, flags, 64)
                                  : syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
            if (!child) { say("child"); _exit(0); }
            waitpid(child, 0, __WALL);
        } else {
            long pid;
            __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20L) : "r8", "r9", "r10", "r11", "memory");
        }
        say("after");
        return 0;
    }
"""


@pytest.mark.parametrize("words", [("clone",), ("clone", "3")])
@pytest.mark.parametrize("option", [(), ("-f",), ("-f", "-e", "trace=exit")])
def test_a_child_that_cannot_be_traced(
    trace: Trace, program: Callable[..., str], words: tuple[str, ...], option: tuple[str, ...]
) -> None:
    """A child cloned with CLONE_UNTRACED has its own mask, for its parent gets its own before."""
    done = trace(*option, program(UNTRACED), *words)
    before, child, after = (line.split() for line in done.out.splitlines())
    assert before[1].isdecimal()
    assert child == ["child", ranges(OWN)]
    assert after[1] == ranges(OWN)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="i386 calls are x86-64's")
def test_calls_of_another_architecture(trace: Trace, program: Callable[..., str]) -> None:
    """After an i386 call a process is not pinned any more."""
    done = trace("-f", program(UNTRACED))
    before, after = (line.split() for line in done.out.splitlines())
    assert before[1].isdecimal()
    assert after == ["after", ranges(OWN)]


def test_detached_at_execve(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """-b execve gives the mask back with the freedom."""
    code = "import os; os.execvp('sh', ['sh', '-c', 'echo $$ $$; read line'])"
    words = ("-b", "execve", "-f", "-o", str(tmp_path / "trace"), sys.executable, "-c", code)
    run = started(*COMMAND, *words)
    command, _ = read_pids(run)
    wait.untraced(command)
    assert cpus(command) == OWN
    run.communicate(b"\n", timeout=30)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_attached_process(
    started: Starter, wait: Waiter, tmp_path: Path, number: signal.Signals, orphanage: Orphanage
) -> None:
    """-p pins a process and its child, and whatever ends the tracer gives them their masks back."""
    program = started("sh", "-c", WAITING_CHILD)
    child, pid = read_pids(program)
    run = started(*COMMAND, "-f", "-p", str(pid), "-p", str(child), "-o", str(tmp_path / "trace"))
    wait.until(lambda: len(cpus(pid)) == len(cpus(child)) == 1, "they are pinned")
    wait.until(lambda: guardians(run.pid), "there is a guardian")
    guarding = guardians(run.pid)
    run.send_signal(number)
    wait.until(lambda: cpus(pid) == cpus(child) == OWN, "they have their masks back")
    run.communicate(timeout=30)
    assert orphanage.gone(guarding, 10) == []
    wait.untraced(pid)
    program.communicate(b"\n", timeout=30)


def test_a_killed_tracer_and_children_born_later(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """The guardian finds threads that the tracer has not seen: one that it had let go without a word."""
    code = "import threading, os; e = threading.Event(); threading.Thread(target=e.wait, daemon=True).start()"
    code += "; print(os.getpid(), os.getpid(), flush=True); input()"
    run = started(*COMMAND, "-f", "-o", str(tmp_path / "trace"), sys.executable, "-c", code)
    pid, _ = read_pids(run)
    wait.until(lambda: {cpus(tid) for tid in proc.threads(pid)} == {cpus(run.pid)}, "all are pinned")
    assert len(proc.threads(pid)) == 2
    run.kill()
    wait.until(lambda: {cpus(tid) for tid in proc.threads(pid)} == {OWN}, "all have their masks back")
    os.kill(pid, signal.SIGKILL)


def test_somebody_elses_mask_wins(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """A mask that somebody gives a tracee meanwhile stays."""
    program = started("sh", "-c", WAITING_CHILD)
    child, pid = read_pids(program)
    run = started(*COMMAND, "-p", str(pid), "-p", str(child), "-o", str(tmp_path / "trace"))
    wait.until(lambda: len(cpus(pid)) == len(cpus(child)) == 1, "they are pinned")
    other = OWN - cpus(pid) if len(OWN) > 2 else frozenset({max(OWN - cpus(pid))})
    os.sched_setaffinity(pid, other)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert cpus(pid) == other
    assert cpus(child) == OWN
    program.communicate(b"\n", timeout=30)


def test_threads_with_masks_of_their_own(started: Starter, wait: Waiter, tmp_path: Path) -> None:
    """Each thread gets back what it had; one whose mask has not the shared CPU is never moved."""
    code = """if True:
        import os, threading
        ready = threading.Barrier(4)
        def run(cpus):
            os.sched_setaffinity(0, cpus)
            ready.wait()
            threading.Event().wait()
        for cpus in ({%d}, {%d}, {%d, %d}):
            threading.Thread(target=run, args=(cpus,), daemon=True).start()
        ready.wait()
        print(os.getpid(), os.getpid(), flush=True)
        input()
    """
    first, second = sorted(OWN)[:2]
    program = started(sys.executable, "-c", code % (first, second, first, second))
    pid, _ = read_pids(program)
    tids = proc.threads(pid)
    before = [cpus(tid) for tid in tids]
    run = started(*COMMAND, "-f", "-p", str(pid), "-o", str(tmp_path / "trace"))
    wait.until(lambda: len({cpus(tids[0]), cpus(tids[3])}) == 1 == len(cpus(tids[0])), "both are pinned")
    assert [cpus(tid) for tid in tids[1:3]] == before[1:3]
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert [cpus(tid) for tid in tids] == before
    program.kill()


COMPUTING = r"""
    #include <stdio.h>
    #include <unistd.h>
    int main(void) {
        int child = fork();
        if (child) { printf("%d %d\n", child, getpid()); fflush(stdout); }
        for (volatile long i = 0; ; i++) { }
    }
"""


def test_two_that_compute_are_let_go(
    started: Starter, wait: Waiter, program: Callable[..., str], tmp_path: Path
) -> None:
    """Two that compute side by side get their masks back while they run, and so does the tracer."""
    run = started(*COMMAND, "-f", "-o", str(tmp_path / "trace"), program(COMPUTING))
    child, command = read_pids(run)
    try:
        wait.until(lambda: cpus(child) == cpus(command) == cpus(run.pid) == OWN, "they are let go")
        wait.traced(command)
    finally:
        os.kill(command, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
    run.communicate(timeout=30)


def test_another_pid_namespace(trace: Trace) -> None:
    """Who asks by a pid of its own namespace is told right as well."""
    code = "import os; print(sorted(os.sched_getaffinity(os.getpid())), sorted(os.sched_getaffinity(0)))"
    unshare = ("unshare", "--pid", "--fork")
    if os.getuid() or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("only root may make a PID namespace")
    done = trace("-f", *unshare, sys.executable, "-c", code)
    assert done.out.split("]")[0] == done.out.split("]")[1].lstrip() == str(sorted(OWN)).rstrip("]")


def test_a_real_time_program(trace: Trace) -> None:
    """Who becomes real-time has its mask back before, and what it starts is never pinned."""
    code = """if True:
        import os, subprocess
        def real():
            return [line for line in open("/proc/self/status") if "Cpus_allowed_list" in line][0].split()[1]
        print(real())
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        print(real())
        subprocess.run(["grep", "Cpus_allowed_list", "/proc/self/status"])
    """
    if os.getuid():
        pytest.skip("only root may become real-time")
    done = trace("-f", sys.executable, "-u", "-c", code)
    before, *after = done.out.replace("Cpus_allowed_list:", "").split()
    assert before.isdecimal()
    assert after == [ranges(OWN)] * 2


def test_another_user_without_the_right_to_give_back(trace: Trace) -> None:
    """Without CAP_SYS_NICE, who becomes another user has its mask back before."""
    code = f"""if True:
        import os
        def real():
            return [line for line in open("/proc/self/status") if "Cpus_allowed_list" in line][0].split()[1]
        print(real())
        os.setuid({NOBODY})
        print(real())
    """
    if os.getuid() or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user")
    done = trace("-f", sys.executable, "-c", code)
    assert done.out.split()[0] == done.out.split()[1] != ranges(OWN)
    without = ("setpriv", "--bounding-set=-sys_nice")
    done = trace("-f", sys.executable, "-c", code, before=without)
    assert done.out.split()[0].isdecimal()
    assert done.out.split()[1] == ranges(OWN)


ALTERNATING = r"""
    #include <stdio.h>
    #include <signal.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(void) {
        int child = fork();
        if (!child) { for (volatile long i = 0; ; i++) { } }
        printf("%d %d\n", child, getpid());
        fflush(stdout);
        char line[2];
        for (volatile long i = 0; i < 1L << 40; i++) {
            if (i % 1000000 == 0 && access("go-on", 0) == 0) break;
        }
        kill(child, SIGKILL);
        for (;;) syscall(SYS_getppid);
    }
"""


def test_they_come_together_again(
    started: Starter, wait: Waiter, program: Callable[..., str], tmp_path: Path
) -> None:
    """When only one is left, with many calls, it shares the tracer's CPU again."""
    run = started(*COMMAND, "-f", "-e", "trace=kill", "-o", "trace", program(ALTERNATING), cwd=tmp_path)
    child, command = read_pids(run)
    wait.until(lambda: cpus(child) == cpus(command) == OWN, "they are let go")
    (tmp_path / "go-on").touch()
    try:
        wait.until(lambda: len(cpus(command)) == 1 == len(cpus(run.pid)), "it is pinned again")
    finally:
        os.kill(command, signal.SIGKILL)
    run.communicate(timeout=30)
