"""How a command is run: its status and death are bstrace's, and it starts as strace would start it."""

from __future__ import annotations

import os
import pwd
import re
import resource
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bstinspect.linux import proc

from .conftest import COMMAND, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .conftest import Orphanage, Trace, Waiter

NOTHING = ("-e", "trace=none", "-e", "signal=none", "-qq")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 77", 77),
        ("exit 255", 255),
        ("kill -KILL $$", -signal.SIGKILL),
        ("kill -INT $$", -signal.SIGINT),
        ("ulimit -c unlimited; kill -SEGV $$", -signal.SIGSEGV),
    ],
)
def test_the_end_is_the_commands(trace: Trace, script: str, status: int, tmp_path: Path) -> None:
    """By its status or its signal; a core file is the command's own, or none."""
    done = trace("-e", "trace=none", "sh", "-c", script, cwd=tmp_path)
    assert done.status == status
    assert done.lines[-1].startswith("+++ exited with" if status >= 0 else "+++ killed by")


def strace_or_skip() -> str:
    """Return strace, or skip the test."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed")
    return found


def inherited(tracer: Sequence[str], **options: Any) -> list[str]:
    """Return the environment of a command under a tracer, and the signals that it blocks and ignores."""
    words = [*tracer, "-o", os.devnull, "cat", "/proc/self/environ", "/proc/self/status"]
    done: Any = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False, **options)
    assert done.returncode == 0, done.stderr
    variables, _, status = done.stdout.rpartition("\0")
    return [*variables.split("\0"), *re.findall(r"^Sig(?:Blk|Ign):.*", status, re.MULTILINE)]


def signals_changed() -> None:
    """Block one signal, ignore others."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGRTMIN + 1, signal.SIGCHLD})
    for number in (signal.SIGCHLD, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize(
    "environment", [{}, {"LC_CTYPE": "C.UTF-8", "LANG": "C"}, {"LC_CTYPE": "de_DE"}, {"LC_ALL": "C"}]
)
def test_the_environment_is_straces(environment: dict[str, str]) -> None:
    """What the interpreter sets for itself does not reach the command; what was there does."""
    variables = {"PATH": os.environ["PATH"], "EMPTY": ""} | environment
    theirs = inherited([strace_or_skip()], env=variables)
    assert inherited(COMMAND, env=variables) == theirs
    assert set(theirs) >= {f"{name}={value}" for name, value in variables.items()}


def test_signals_are_passed_on_as_strace_does() -> None:
    """Blocked ones stay blocked, ignored ones ignored."""
    theirs = inherited([strace_or_skip()], preexec_fn=signals_changed, env={"PATH": "/usr/bin:/bin"})
    assert inherited(COMMAND, preexec_fn=signals_changed, env={"PATH": "/usr/bin:/bin"}) == theirs


@pytest.mark.xfail(strict=True, reason="the interpreter ignores it itself: nobody can tell what was before")
def test_an_ignored_sigpipe() -> None:
    """It is ignored for the command too."""
    ignore = partial(signal.signal, signal.SIGPIPE, signal.SIG_IGN)
    environment = {"PATH": "/usr/bin:/bin"}
    theirs = inherited([strace_or_skip()], preexec_fn=ignore, env=environment)
    assert inherited(COMMAND, preexec_fn=ignore, env=environment) == theirs


def test_closed_standard_descriptors(tmp_path: Path) -> None:
    """They are closed for the command too; no file of ours takes their numbers."""
    for closing in ("<&-", ">&- 2>&-", "<&- >&- 2>&-"):
        script = f'"$@" {closing}'
        tell = "for n in 0 1 2 3 4 5 6 7; do test -e /proc/self/fd/$n && echo $n; done > told; exit 9"
        found = []
        for tracer in ((strace_or_skip(),), COMMAND):
            words = ["sh", "-c", script, "sh", *tracer, "-o", os.devnull, "sh", "-c", tell]
            assert subprocess.run(words, cwd=tmp_path, timeout=TIMEOUT, check=False).returncode == 9
            found.append((tmp_path / "told").read_text())
        assert found[0] == found[1]


def test_variables(trace: Trace) -> None:
    """-E sets and removes; the last word counts."""
    words = ("-E", "A=1", "-E", "A=2=3", "-E", "B", "--env=C=", "sh", "-c", 'echo "$A|${B-none}|${C-none}"')
    assert trace(*NOTHING, *words, env={"PATH": os.environ["PATH"], "B": "x"}).out == "2=3|none|\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may run as another user")
def test_another_user(trace: Trace) -> None:
    """-u runs the command as somebody else, with that one's groups; unknown ones are refused."""
    nobody = pwd.getpwnam("nobody")
    done = trace(*NOTHING, "-u", "nobody", "id", "-u")
    assert (done.out, done.status) == (f"{nobody.pw_uid}\n", 0)
    done = trace("-u", "no such", "true", file=False)
    assert (done.err, done.status) == ("bstrace: Cannot find user 'no such'\n", 1)


@pytest.mark.parametrize("letters", ["-D", "-DD", "-DDD"])
def test_daemonized(letters: str, tmp_path: Path, wait: Waiter) -> None:
    """The command is the process that was started; the tracer is its grandchild, in the group asked for."""
    to = tmp_path / "trace"
    words = [*COMMAND, letters, "-o", str(to), "sh", "-c", "echo $$; read line; exit 6"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        tracer = wait.traced(process.pid)
        assert tracer != process.pid
        assert (os.getpgid(tracer) == os.getpgid(0)) == (letters == "-D")
        assert (os.getsid(tracer) == os.getsid(0)) == (letters != "-DDD")
        watch = os.pidfd_open(tracer)
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(TIMEOUT) == 6
    os.waitid(os.P_PIDFD, watch, os.WEXITED)  # it has fallen to this subreaper
    os.close(watch)
    assert to.read_text().splitlines()[-1] == "+++ exited with 6 +++"


def _reads(pid: int) -> bool:
    """Tell whether a process is in read(0, ...)."""
    found = proc.syscall(pid)
    return found is not None and found.number == 0 and found.arguments[0] == 0


@pytest.mark.parametrize(("mode", "ends"), [("1", True), ("2", True), ("3", False), ("4", False)])
def test_interruptible(
    mode: str,
    *,
    ends: bool,
    orphanage: Orphanage,
    started: Callable[..., subprocess.Popen[bytes]],
    wait: Waiter,
) -> None:
    """In modes 1 and 2 SIGINT ends the tracing and the command; in 3 and 4 it is nothing to bstrace."""
    process = started(
        *COMMAND, f"-I{mode}", "-o", os.devnull, "sh", "-c", "trap : INT; echo $$; read line; exit 3"
    )
    assert process.stdout is not None
    command = int(process.stdout.readline())
    wait.traced(command)
    wait.until(lambda: _reads(command), "it does not read its line")
    process.send_signal(signal.SIGINT)
    if ends:
        assert process.wait(TIMEOUT) == -signal.SIGINT
        assert mode == "1" or orphanage.gone([command], TIMEOUT) == []
    else:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(TIMEOUT) == 3


@pytest.mark.usefixtures("orphanage")
def test_until_an_execve(trace: Trace) -> None:
    """-b execve lets a process go at its second execve: the first makes it the command."""
    done = trace("-b", "execve", "sh", "-c", "exec sh -c 'exec true; exit 5'")
    assert len(done.those("<detached ...>")) == 1
    assert "exited" not in done.text
    assert done.status == 0


def test_a_commands_input(trace: Trace, tmp_path: Path) -> None:
    """-o '|command' writes there, and waits for it."""
    to = tmp_path / "upper"
    done = trace("-o", f"|tr a-z A-Z > {to}", "-e", "trace=write", "echo", "hello", file=False)
    assert (done.out, done.status) == ("hello\n", 0)
    assert to.read_text().splitlines() == [
        'WRITE(1, "HELLO\\N", 6)                  = 6',
        "+++ EXITED WITH 0 +++",
    ]


def test_files(trace: Trace, tmp_path: Path) -> None:
    """A file is made anew, or with -A appended to; -ff makes one for each process."""
    to = tmp_path / "t"
    for options, count in (((), 1), ((), 1), (("-A",), 2)):
        trace(*options, "-o", str(to), "-e", "trace=none", "true", file=False)
        assert to.read_text().count("+++ exited with 0 +++\n") == count
    trace("-ff", "-o", str(to), "-e", "trace=exit_group", "sh", "-c", "(exit 3); exit 4", file=False)
    found = {each.read_text().splitlines()[-1] for each in tmp_path.glob("t.*")}
    assert found == {"+++ exited with 3 +++", "+++ exited with 4 +++"}
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 2
    assert Path(to).exists()
