"""The program on the stage: started under a filter that stops what matters, seized before it runs."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
from typing import TYPE_CHECKING, Final, NoReturn

from bstinspect.linux import ptrace, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

OPTIONS: Final = (
    ptrace.PTRACE_O_TRACESYSGOOD
    | ptrace.PTRACE_O_TRACEFORK
    | ptrace.PTRACE_O_TRACEVFORK
    | ptrace.PTRACE_O_TRACECLONE
    | ptrace.PTRACE_O_TRACEEXEC
    | ptrace.PTRACE_O_TRACEEXIT
    | ptrace.PTRACE_O_TRACESECCOMP
    | ptrace.PTRACE_O_EXITKILL
)
LONGEST_LINE: Final = 1 << 20
"""Bytes that a command may have: its pipe takes as much at once (/proc/sys/fs/pipe-max-size, pipe(7))."""
NOT_STARTED: Final = b"cannot start it: "
"""How its standard error begins where the program cannot be had."""
_PR_SET_TSC: Final = 26
_PR_TSC_SIGSEGV: Final = 2
_ADDR_NO_RANDOMIZE: Final = 0x0040000
_libc = ctypes.CDLL(None, use_errno=True)


class Subject:
    """A started program, and our ends of its standard streams (all non-blocking)."""

    def __init__(self, pid: int, streams: tuple[int, int, int]) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = streams

    def close_input(self) -> None:
        """Let it read the end of its input."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def close(self) -> None:
        """Close our ends."""
        self.close_input()
        os.close(self.stdout)
        os.close(self.stderr)


def start(
    run: Callable[[], NoReturn], filtered: bytes, environment: Mapping[str, str], home: Path
) -> Subject:
    """Fork a child that will `run`, seized, in directory `home`; `filtered` is the program of its filter.

    Raises OSError, PtraceError.
    """
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    waiting = os.pipe()
    pid = os.fork()
    if not pid:
        _become(
            run,
            streams=(stdin[0], stdout[1], stderr[1]),
            waiting=waiting,
            program=filtered,
            environment=environment,
            home=home,
        )
    for descriptor in (stdin[0], stdout[1], stderr[1], waiting[0]):
        os.close(descriptor)
    try:
        ptrace.seize(pid, OPTIONS)
        os.write(waiting[1], b"g")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(waiting[1])
    for descriptor in (stdin[1], stdout[0], stderr[0]):
        os.set_blocking(descriptor, False)
    with contextlib.suppress(PermissionError):  # who has many pipes already gets 64 KiB
        fcntl.fcntl(stdin[1], fcntl.F_SETPIPE_SZ, LONGEST_LINE)
    return Subject(pid, (stdin[1], stdout[0], stderr[0]))


def _become(
    run: Callable[[], NoReturn],
    *,
    streams: tuple[int, int, int],
    waiting: tuple[int, int],
    program: bytes,
    environment: Mapping[str, str],
    home: Path,
) -> NoReturn:
    """Be the program. Never returns."""
    status = 127
    try:
        os.close(waiting[1])
        if not os.read(waiting[0], 1):  # the tracer is gone
            os._exit(status)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.setsid()
        os.chdir(home)
        os.environ.clear()
        os.environ.update(environment)
        _libc.personality(_ADDR_NO_RANDOMIZE)
        _libc.prctl(_PR_SET_TSC, _PR_TSC_SIGSEGV, 0, 0, 0)
        seccomp.install(program)
        run()
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, NOT_STARTED + f"{error.strerror}\n".encode())
    finally:
        os._exit(status)
