"""Who sent the signal: the tracepoint signal:signal_generate, in a private instance of tracefs (root only).

ptrace(2) shows no signal-delivery-stop for SIGKILL, so this is the only place that names its sender. The
file system is mounted detached (fsopen(2), fsmount(2), Linux 5.2), in no directory: nothing stays behind, and
it works whether or not /sys/kernel/tracing is mounted. Pids are those of the first pid namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import re
from typing import Final, NamedTuple

from bstinspect.linux import proc

_FSOPEN: Final = 430  # the same number on every architecture
_FSCONFIG: Final = 431
_FSMOUNT: Final = 432
_FSOPEN_CLOEXEC: Final = 1
_FSCONFIG_CMD_CREATE: Final = 6
_FSMOUNT_CLOEXEC: Final = 1
_PREFIX: Final = "bstrace"
_KEPT: Final = 4096
"""Senders remembered; the oldest goes first."""

# comm is anything, so the greedy match finds the last "-PID [CPU]" and the line's end is anchored.
_LINE: Final = re.compile(
    rb"^\s*(?P<comm>.*)-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+[\d.]+: signal_generate: "
    rb"sig=(?P<signal>\d+) errno=-?\d+ code=(?P<code>-?\d+) comm=.* "
    rb"pid=(?P<target>\d+) grp=\d+ res=(?P<result>\d+)$"
)
_FIRST_PID_NAMESPACE: Final = "pid:[4026531836]"
"""PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h, as /proc/PID/ns/pid shows it."""
_serial = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)


class Sender(NamedTuple):
    """Who sent a signal. `uid` is None when it was gone before it could be asked."""

    pid: int
    comm: str
    uid: int | None


class SignalWatch:
    """Remembers the senders of signals from `open` to `close`."""

    def __init__(self, root: int, name: str, pipe: int) -> None:
        """Use `open` instead."""
        self._root = root
        self._name = name
        self._pipe = pipe
        self._rest = b""
        self._senders: dict[int, Sender] = {}

    @classmethod
    def open(cls, signals: tuple[int, ...] = (9,)) -> tuple[SignalWatch | None, str]:
        """Begin to watch; where that is not possible, None and the reason in a few words."""
        if _pid_namespace() != _FIRST_PID_NAMESPACE:
            return None, "tracefs: its pids are not those of this pid namespace"
        try:
            root = _mount()
        except OSError as error:
            return None, f"tracefs: {error.strerror}"
        name = ""
        try:
            _sweep(root)
            own = proc.stat(os.getpid())
            name = f"{_PREFIX}-{os.getpid()}-{own.start_ticks if own else 0}-{next(_serial)}"
            os.mkdir(f"instances/{name}", dir_fd=root)
            _write(root, f"instances/{name}/buffer_size_kb", "64")
            event = f"instances/{name}/events/signal/signal_generate"
            _write(root, f"{event}/filter", " || ".join(f"sig == {number}" for number in signals))
            _write(root, f"{event}/enable", "1")
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            pipe = os.open(f"instances/{name}/trace_pipe", flags, dir_fd=root)
        except OSError as error:
            if name:
                _remove(root, name)
            os.close(root)
            return None, f"tracefs: {error.strerror}"
        return cls(root, name, pipe), ""

    def sender_of(self, pid: int) -> Sender | None:
        """Say who sent the last signal to a process (or thread) that got through; None when not seen."""
        self.drain()
        return self._senders.get(pid)

    def drain(self) -> None:
        """Take in what the kernel has noted; never blocks."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._pipe, 65536):
                *lines, self._rest = (self._rest + data).split(b"\n")
                # A comm with a newline breaks its line in two; the half with the event still names the pid.
                for line in lines:
                    self._take(line)

    def _take(self, line: bytes) -> None:
        match = _LINE.match(line)
        if match is None or match["result"] != b"0":  # 0: delivered; not ignored, pending or lost
            return
        tid = int(match["pid"])
        status = proc.status(tid)
        pid, uid = (status.tgid, status.uid) if status else (tid, None)
        comm = proc.printable(match["comm"])
        if comm == "<...>":  # the kernel's small table of names had lost it
            comm = status.name if status else "?"
        target = int(match["target"])
        if int(match["code"]) > 0:  # SI_KERNEL: nobody's kill(2); the line names who happened to run
            pid, comm, uid = 0, "the kernel", None
        self._senders.pop(target, None)
        self._senders[target] = Sender(pid, comm, uid)
        if len(self._senders) > _KEPT:
            del self._senders[next(iter(self._senders))]

    def close(self) -> None:
        """Remove the instance."""
        os.close(self._pipe)
        _remove(self._root, self._name)
        os.close(self._root)


def _mount() -> int:
    """Mount tracefs in no directory and return a descriptor of its root. Raises OSError."""
    context = _syscall(_FSOPEN, ctypes.c_char_p(b"tracefs"), ctypes.c_uint(_FSOPEN_CLOEXEC))
    try:
        _syscall(_FSCONFIG, ctypes.c_int(context), ctypes.c_uint(_FSCONFIG_CMD_CREATE), None, None, 0)
        return _syscall(_FSMOUNT, ctypes.c_int(context), ctypes.c_uint(_FSMOUNT_CLOEXEC), ctypes.c_uint(0))
    finally:
        os.close(context)


def _syscall(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _write(root: int, path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=root)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _remove(root: int, name: str) -> None:
    with contextlib.suppress(OSError):  # whatever is left goes at the next `open`
        os.rmdir(f"instances/{name}", dir_fd=root)


def _sweep(root: int) -> None:
    """Remove the instances of owners that died without `close`."""
    directory = os.open("instances", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries]
    finally:
        os.close(directory)
    for name in names:
        match = re.fullmatch(rf"{_PREFIX}-(\d+)-(\d+)-\d+", name)
        if match:
            owner = proc.stat(int(match[1]))
            if owner is None or owner.start_ticks != int(match[2]):
                _remove(root, name)


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path, only its text
    except OSError:
        return ""
