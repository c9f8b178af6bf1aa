"""Programs that are hard to trace, and places that are hard to write to: nothing hangs, nothing is left."""

from __future__ import annotations

import os
import pty
import random
import re
import resource
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from bstinspect.linux import proc

from .conftest import COMMAND, TIMEOUT
from .programs import BUSY, EXEC_BY_THREAD, OLD_CALL, STOPPED_CHILD, VFORK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Process, Starter, Trace, Waiter

LOOP = r"""
#include <sys/wait.h>
#include <unistd.h>
int main(void) {  /* calls of all kinds without an end: with memory to read, with children */
    char text[4096] = "text";
    write(1, "ready\n", 6);
    for (;;) {
        getppid();
        readlink("/proc/self/exe", text, sizeof text);
        if (!fork()) _exit(0);
        wait(0);
    }
}
"""


def test_an_execve_by_another_thread(trace: Trace, program: Callable[..., str]) -> None:
    """The program goes on under its leader's number, and that is told."""
    done = trace("-f", program(EXEC_BY_THREAD))
    assert (done.out, done.status) == ("from a thread\n", 0)
    told = done.those("+++ superseded by execve in pid")
    assert len(told) == 1
    leader, thread = re.findall(r"\d+", told[0])
    assert leader != thread
    assert done.those("execve resumed>")[0].startswith(f"{leader} ")
    assert done.lines[-1].split() == [leader, *["+++", "exited", "with", "0", "+++"]]


@pytest.mark.parametrize("options", [(), ("-f",), ("-f", "-b", "execve")])
def test_vfork(trace: Trace, program: Callable[..., str], options: tuple[str, ...]) -> None:
    """The parent waits for its child's execve whether that is traced or not."""
    done = trace(*options, program(VFORK, "-static"))
    assert (done.out, done.status) == ("7\n", 0)
    assert bool(done.those("+++ exited with 7 +++")) == (options == ("-f",))
    assert done.those("vfork(")


def test_a_child_that_stops_itself(trace: Trace, program: Callable[..., str]) -> None:
    """Its parent sees the stop and its end, as without a tracer."""
    done = trace("-f", program(STOPPED_CHILD, "-static"))
    assert done.status == 3
    assert len(done.those("--- stopped by SIGSTOP ---")) == 1
    assert len(done.those("--- SIGCONT")) == 1


def read_until(descriptor: int, word: bytes) -> bytes:
    """Read from a terminal until a word has come, and nothing of what comes behind it."""
    data = b""
    while word not in data:
        data += os.read(descriptor, 1)
    return data


def test_a_shell_with_job_control(tmp_path: Path) -> None:
    """Under a shell on a terminal, a traced program stops on ^Z and goes on with fg."""
    to, fifo = tmp_path / "trace", tmp_path / "fifo"
    os.mkfifo(fifo)
    pid, terminal = pty.fork()
    if not pid:
        os.execve("/bin/sh", ["sh", "-i"], {"PS1": "PROMPT", "PATH": os.environ["PATH"], "ENV": ""})  # noqa: S606
    try:
        read_until(terminal, b"PROMPT")
        script = f"echo be''gun; read x < {fifo}; echo got''\\$x"  # what is typed belongs to the shell
        os.write(terminal, f'{" ".join(COMMAND)} -f -o {to} sh -c "{script}"\n'.encode())
        read_until(terminal, b"begun\r\n")
        os.write(terminal, b"\x1a")
        read_until(terminal, b"PROMPT")
        os.write(terminal, b"fg\n")
        fifo.write_text("it\n")
        read_until(terminal, b"gotit\r\n")
        read_until(terminal, b"PROMPT")
        os.write(terminal, b"exit 4\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4
    finally:
        os.close(terminal)
    text = to.read_text()
    assert "--- SIGCONT" in text
    assert text.endswith("+++ exited with 0 +++\n")


def tracee(tracer: int) -> int:
    """Return the child of bstrace that it traces; the other one writes."""
    children = [each.pid for each in psutil.Process(tracer).children()]
    return next(pid for pid in children if (found := proc.tracer(pid)) and found.pid == tracer)


@pytest.mark.usefixtures("orphanage")
@pytest.mark.parametrize("options", [("-f",), ("-f", "--json", "-y")])
def test_killed_at_any_stop(
    options: tuple[str, ...], started: Starter, program: Callable[..., str], tmp_path: Path
) -> None:
    """SIGKILL may come at any moment: bstrace reports it and ends alike, also while it reads memory."""
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    for turn in range(4):
        to = tmp_path / f"trace{turn}"
        tracer = started(*COMMAND, *options, "-o", str(to), program(LOOP, "-static"))
        assert tracer.stdout is not None
        assert tracer.stderr is not None
        assert tracer.stdout.readline() == b"ready\n"
        command = tracee(tracer.pid)
        time.sleep(chance.random() / 20)  # the moment is what is tested
        os.kill(command, signal.SIGKILL)
        assert tracer.wait(TIMEOUT) == -signal.SIGKILL
        assert tracer.stderr.read() == b""
        lines = to.read_text().splitlines()
        words = '"signal":"SIGKILL"' if "--json" in options else "+++ killed by SIGKILL +++"
        assert [line for line in lines if words in line and str(command) in line], lines[-3:]


def test_a_killed_program_of_many_threads(
    started: Starter, program: Callable[..., str], tmp_path: Path
) -> None:
    """Fifty threads end at once; each end is told."""
    to = tmp_path / "trace"
    tracer = started(*COMMAND, "-f", "-o", str(to), program(BUSY))
    assert tracer.stdout is not None
    assert tracer.stdout.readline() == b"ready\n"
    os.kill(tracee(tracer.pid), signal.SIGKILL)
    assert tracer.wait(TIMEOUT) == -signal.SIGKILL
    assert to.read_text().count("+++ killed by SIGKILL +++") == 50


def test_a_full_disk(trace: Trace) -> None:
    """The command runs to its end or is ended, bstrace says why there is no trace, and nothing hangs."""
    done = trace("-o", "/dev/full", "sh", "-c", "echo out; exit 3", file=False)
    assert done.err.splitlines()[0] == "bstrace: /dev/full: No space left on device"
    assert len(done.err.splitlines()) == 1
    assert done.status != 0


@pytest.mark.usefixtures("orphanage")
def test_an_output_that_nobody_reads(started: Starter) -> None:
    """A reader of standard error or of -o '|command' may leave early."""
    reading, writing = os.pipe()
    tracer = started(*COMMAND, "sh", "-c", "while :; do test -e /; done", stderr=writing)
    os.close(writing)
    os.read(reading, 100)
    os.close(reading)
    assert tracer.wait(TIMEOUT) != 0
    done = subprocess.run(
        [*COMMAND, "-o", "|head -n 1 >/dev/null", "sh", "-c", "for i in 1 2 3 4 5; do test -e /; done"],
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert b"Traceback" not in done.stderr


def few_descriptors() -> None:
    """Allow only a few descriptors."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


def test_with_few_descriptors(trace: Trace) -> None:
    """Whatever cannot be opened is said in a line, or done without."""
    done = trace(
        "-f",
        "-ff",
        "sh",
        "-c",
        "for i in 1 2 3 4 5 6 7 8; do true & done; wait",
        preexec_fn=few_descriptors,
    )
    assert "Traceback" not in done.err
    assert done.err.count("\n") <= 1
    done = trace("-f", "-y", "sh", "-c", "true | cat; exit 3", preexec_fn=few_descriptors)
    assert (done.status, done.err) == (3, "")


def test_a_call_of_32_bits(trace: Trace, program: Callable[..., str]) -> None:
    """It is named as such, and so is the change back; -q leaves that out."""
    done = trace("-e", "quiet=none", program(OLD_CALL, "-static"))
    if done.status:
        pytest.skip("the kernel has no 32-bit calls")
    pid = re.search(r"PID=(\d+)", done.text)
    assert pid
    lines = done.those("runs in")
    assert lines[0] == f"[ Process PID={pid[1]} runs in 32 bit mode. ]"
    assert lines[1] == f"[ Process PID={pid[1]} runs in 64 bit mode. ]"
    at = done.lines.index(lines[0])
    assert done.lines[at + 1] == f"getpid()                                = {pid[1]}"
    assert "runs in" not in trace("-q", program(OLD_CALL, "-static")).text


def test_calls_of_32_bits_are_chosen_by_name(trace: Trace, program: Callable[..., str]) -> None:
    """-e trace= means the call of that name; getpid's number there is writev's of ours."""
    assert trace("-e", "trace=writev", program(OLD_CALL, "-static")).those("getpid(") == []
    assert len(trace("-e", "trace=getpid", program(OLD_CALL, "-static")).those("getpid(")) == 1


@pytest.mark.usefixtures("orphanage")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_children_killed_with_it(number: int, trace: Trace) -> None:
    """A whole group that dies at once is told of, each process."""
    script = f"sleep 100 & sleep 100 & kill -{int(number)} 0"
    done = trace("-f", "-e", "trace=none", "setsid", "-w", "sh", "-c", script)
    assert len(done.those("+++ killed by")) == 3


def test_what_cannot_be_run(trace: Trace, tmp_path: Path) -> None:
    """One line, and strace's status."""
    (tmp_path / "plain").write_text("x")
    for words, line in (
        (("./missing",), "Can't stat './missing': No such file or directory"),
        (("no such",), "Can't stat 'no such': No such file or directory"),
        (("-e", "trace=none", "./plain"), "exec: Permission denied"),
        (("-o", "/nowhere/x", "true"), "Can't fopen '/nowhere/x': No such file or directory"),
        (("-p", "1999999999"), "attach: ptrace(PTRACE_SEIZE, 1999999999): No such process"),
    ):
        done = trace(*words, file=False, cwd=tmp_path)
        assert (done.status, done.err.splitlines()[0]) == (1, f"bstrace: {line}")


def test_a_set_uid_program(trace: Trace, nobody: tuple[str, ...]) -> None:
    """Traced by another user it has not its owner's rights: one warning says so."""
    program = shutil.which("su")
    if program is None or not os.stat(program).st_mode & 0o4000:  # noqa: PTH116
        pytest.skip("there is no set-uid program")
    done = trace("-e", "trace=none", "-qq", program, "--help", file=False, before=nobody)
    assert [each for each in done.err.splitlines() if each.startswith("bstrace: ")] == [
        f"bstrace: {program} is set-uid or set-gid: traced by you, it runs without those privileges"
    ]


def test_a_closed_output_costs_the_text_alone(tmp_path: Path) -> None:
    """With -o and a command SIGPIPE is ignored, as in strace: the command goes on to its own status."""
    done = subprocess.run(
        [*COMMAND, "-o", "|head -1", "sh", "-c", "ls /etc >listed; sleep 0.2; echo there >after; exit 5"],
        cwd=tmp_path,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 5
    assert (tmp_path / "after").exists()
    assert done.stderr == b"bstrace: |head -1: Broken pipe\n"


def test_the_writing_process_is_killed(tmp_path: Path, started: Starter) -> None:
    """The rest of the trace is lost, and that is said; the command goes on."""
    tracer = started(*COMMAND, "-o", str(tmp_path / "trace"), "sh", "-c", "echo on; read line; exit 6")
    assert tracer.stdout is not None
    assert tracer.stdin is not None
    assert tracer.stdout.readline() == b"on\n"
    writer = next(child for child in psutil.Process(tracer.pid).children() if "bstrace" in child.cmdline()[1])
    writer.kill()
    writer.wait(TIMEOUT)
    tracer.stdin.write(b"\n")
    tracer.stdin.flush()
    assert tracer.wait(TIMEOUT) == 6
    assert tracer.stderr is not None
    assert b"has ended; the program goes on" in tracer.stderr.read()


@pytest.mark.parametrize("pure", ["", "1"])
def test_a_stopped_tracer_goes_on(
    started: Starter, sleeper: Process, tmp_path: Path, wait: Waiter, pure: str
) -> None:
    """SIGSTOP and SIGCONT of the tracer itself end nothing."""
    to = tmp_path / "trace"
    environment = {**os.environ, "BSTRACE_PURE": pure}
    tracer = started(*COMMAND, "-q", "-o", str(to), "-p", str(sleeper.pid), env=environment)
    wait.traced(sleeper.pid)
    wait.until(to.read_text, "it is not in its call")
    for _ in range(5):
        tracer.send_signal(signal.SIGSTOP)
        wait.state(tracer.pid, "T")
        tracer.send_signal(signal.SIGCONT)
        wait.state(tracer.pid, "SR")
    assert wait.traced(sleeper.pid) == tracer.pid
    sleeper.kill()
    assert tracer.wait(TIMEOUT) == 0
    assert "+++ killed by SIGKILL +++" in to.read_text()


def test_the_end_of_the_decoder_is_not_the_end(started: Starter) -> None:
    """On standard error too: what makes the text is killed, and the program goes on."""
    command = ("sh", "-c", "echo ready; read line; exit 4")
    tracer = started(*COMMAND, "--no-colocate", "-e", "trace=read", *command)
    assert tracer.stdin is not None
    assert tracer.stdout is not None
    assert tracer.stdout.readline() == b"ready\n"
    (decoder,) = [each for each in psutil.Process(tracer.pid).children() if proc.tracer(each.pid) is None]
    decoder.kill()
    tracer.stdin.write(b"word\n")
    tracer.stdin.close()
    assert tracer.wait(TIMEOUT) == 4
