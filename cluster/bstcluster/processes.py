"""What the keeper and the nodes ask of the kernel: fork, wait, prctl, the lifeline."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import os
import shutil
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Final

import setproctitle

from bstcluster.protocol import ChildContinued, ChildExited, ChildNotice, ChildStopped

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

LIFELINE: Final = 3
"""Descriptor number of the lifeline in the keeper and in every node: a pidfd of the controller, readable once
the controller is gone, even after kill -9."""

_PR_SET_PTRACER: Final = 0x59616D61  # prctl(2); "Yama" in ASCII
_PR_SET_CHILD_SUBREAPER: Final = 36
_libc = ctypes.CDLL(None, use_errno=True)
_ended: list[object] = []


def become_subreaper() -> None:
    """Inherit, and so be able to reap, every orphan among the descendants (prctl(2), Linux 3.4)."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), "PR_SET_CHILD_SUBREAPER")


def allow_tracer(ancestor: int) -> None:
    """Let `ancestor` and its descendants attach to this process under YAMA's ptrace_scope 1.

    It is asked again after each fork, because a child does not inherit it. Without YAMA the kernel answers
    EINVAL, and there is nothing to allow.
    """
    _libc.prctl(_PR_SET_PTRACER, ancestor, 0, 0, 0)


def start_ticks(pid: int) -> int:
    """Return when process `pid` started, in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)).

    Raises OSError where there is no such process.
    """
    # The command's name may hold anything, parentheses and spaces too; the fields begin after the last one.
    return int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[19])


def set_title(role: str) -> None:
    """Show ``bstrace: ROLE`` in ps, and `role` where only 15 characters are shown (pstree, top, proc(5))."""
    setproctitle.setproctitle(f"bstrace: {role}")
    setproctitle.setthreadtitle(role)


def fork() -> int:
    """Fork a process whose only other threads are libzmq's. Returns as os.fork does.

    Python 3.12 and newer warn about a fork with several threads, because a lock that another thread holds
    stays locked in the child. Here no other thread runs Python; libzmq's threads hold libzmq's locks, which
    the child never takes (it leaves the inherited context alone for good), and malloc's, which glibc puts in
    order itself (pthread_atfork). So the warning is answered for exactly these threads; with any other thread
    about it stays.
    """
    if sys.hexversion < 0x030C0000 or not _only_libzmq_threads():
        return os.fork()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        return os.fork()


def begin_child(inherited: object) -> None:
    """Make a freshly forked child clean: no descriptor but 0, 1, 2 and the lifeline.

    `inherited` (the parent's sockets and contexts) is kept for ever, so that no finalizer touches it.
    """
    signal.set_wakeup_fd(-1)
    _ended.append(inherited)
    gc.freeze()
    os.closerange(LIFELINE + 1, os.sysconf("SC_OPEN_MAX"))


def keep_descriptors(control: int, lifeline: int) -> int:
    """Put `lifeline` at `LIFELINE`, /dev/null at 0 and 1, and return where `control` is now.

    Every other descriptor but standard error is closed.
    """
    floor = LIFELINE + 1
    control = fcntl.fcntl(control, fcntl.F_DUPFD_CLOEXEC, floor)
    lifeline = fcntl.fcntl(lifeline, fcntl.F_DUPFD_CLOEXEC, floor)
    os.dup2(lifeline, LIFELINE, inheritable=False)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.closerange(floor, control)
    os.closerange(control + 1, os.sysconf("SC_OPEN_MAX"))
    return control


class ChildEvents:
    """A descriptor that is readable when something happened to a child (SIGCHLD), and what it was."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._read

    def take(self) -> list[ChildNotice]:
        """Return what happened since the last call; ended children are reaped by it (waitid(2))."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass
        notices: list[ChildNotice] = []
        options = os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, options)
            except ChildProcessError:
                return notices
            if found is None:
                return notices
            notices.append(_notice(found))


def ensure_descriptors(count: int) -> None:
    """Raise OSError where the process could not open `count` files more.

    libzmq ends the whole process where it cannot accept a connection (4.3, ipc_listener.cpp): so who is about
    to get one looks first.
    """
    opened: list[int] = []
    try:
        for _ in range(count):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401 - each may fail
    finally:
        for descriptor in opened:
            os.close(descriptor)


def is_child(pid: int) -> bool:
    """Say whether `pid` is a child of this process, a zombie included."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def children() -> list[int]:
    """Return the pids of this process's children, adopted orphans included."""
    tasks = os.listdir("/proc/self/task")  # noqa: PTH208 - see _read
    return [int(pid) for task in tasks for pid in _read(f"/proc/self/task/{task}/children").split()]


def end_of_controller(directory: Path) -> None:
    """What every process of the cluster does when the lifeline says that the controller is gone.

    Each of them sweeps the directory of the sockets: none can know whether it is the last.
    """
    shutil.rmtree(directory, ignore_errors=True)


def _only_libzmq_threads() -> bool:
    """Say whether every thread of this process but the calling one is libzmq's."""
    tasks = os.listdir("/proc/self/task")  # noqa: PTH208 - see _read
    return sum(not _read(f"/proc/self/task/{task}/comm").startswith(b"ZMQbg/") for task in tasks) == 1


def _read(path: str) -> bytes:
    """Read a file of /proc.

    Not with pathlib: each page that a node's interpreter touches is a page of its own, and no longer shared
    with its parent; pathlib and the io layers come to 0.2 MB a node.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: the wake-up descriptor carries the news."""


def _notice(found: os.waitid_result) -> ChildNotice:
    if found.si_code == os.CLD_STOPPED:
        return ChildStopped(found.si_pid, found.si_status)
    if found.si_code == os.CLD_CONTINUED:
        return ChildContinued(found.si_pid)
    if found.si_code == os.CLD_EXITED:
        return ChildExited(found.si_pid, found.si_status << 8)
    core_dumped = 0x80 if found.si_code == os.CLD_DUMPED else 0
    return ChildExited(found.si_pid, found.si_status | core_dumped)
