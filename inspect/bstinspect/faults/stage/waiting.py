"""Calls that wait: what for, how long, and whether it is there. The waiting itself is never done.

A thread is held at the entry of the call. Its descriptors are copied by pidfd_getfd(2) (Linux 5.6) into an
epoll of ours: only looked at, and closed again before anybody else runs on, so that nobody's end of a
connection lives longer than its owner.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.decode.architecture import native_numbers
from bstinspect.linux import memory
from bstinspect.linux.seccomp import FUTEX_COMMANDS, FUTEX_WAIT

if TYPE_CHECKING:
    from bstinspect.faults.stage.clock import Clock
    from bstinspect.faults.stage.tracee import Thread

_NUMBERS: Final = native_numbers()
_EPOLLS: Final = {
    _NUMBERS[name]: name for name in ("epoll_wait", "epoll_pwait", "epoll_pwait2") if name in _NUMBERS
}
_POLLS: Final = {_NUMBERS[name]: name for name in ("poll", "ppoll") if name in _NUMBERS}
_SELECTS: Final = {_NUMBERS[name]: name for name in ("select", "pselect6") if name in _NUMBERS}
_SLEEPS: Final = {_NUMBERS[name]: name for name in ("nanosleep", "clock_nanosleep") if name in _NUMBERS}
FUTEX: Final = _NUMBERS["futex"]
CALLS: Final = frozenset({*_EPOLLS, *_POLLS, *_SELECTS, *_SLEEPS})
"""All but futex(2), which is stopped only with a timeout: else another thread's word ends it, and no time."""
_BILLION: Final = 1_000_000_000
_libc = ctypes.CDLL(None, use_errno=True)
_PIDFD_GETFD: Final = 438
_TIMER_ABSTIME: Final = 1
_FUTEX_CLOCK_REALTIME: Final = 256
_NONE_LEFT: Final = (errno.EMFILE, errno.ENFILE)


class Wait(NamedTuple):
    """What a call waits for."""

    wanted: tuple[tuple[int, int], ...]
    """Descriptors of the thread's process, with the events of poll(2)."""
    patience_ns: int | None
    """None: for ever; 0: it does not wait, it only looks."""
    word: tuple[int, int] | None = None
    """The address of a futex, and what stands there as long as it has to wait."""
    in_vain: int = 0
    """What it returns when its time is over."""


def is_wait(number: int) -> bool:
    """Say whether a call at whose entry a thread is stopped is one that waits."""
    return number in CALLS or number == FUTEX


def is_ended_by_stop(number: int) -> bool:
    """Say whether a wait fails with EINTR after SIGSTOP and SIGCONT; the others go on (signal(7))."""
    return number in _EPOLLS


def read_wait(thread: Thread, clock: Clock) -> Wait:
    """Say what the call waits for that `thread` is at the entry of."""
    number, arguments, tid = thread.number, thread.arguments, thread.tid
    if number in _EPOLLS:
        patience = (
            _timespec(tid, arguments[3]) if _EPOLLS[number] == "epoll_pwait2" else _milliseconds(arguments[3])
        )
        return Wait(((_signed(arguments[0]), select.POLLIN),), patience)
    if number in _POLLS:
        patience = _timespec(tid, arguments[2]) if _POLLS[number] == "ppoll" else _milliseconds(arguments[2])
        data = memory.read(tid, arguments[0], 8 * min(arguments[1], 4096))
        return Wait(tuple((fd, events) for fd, events, _ in struct.iter_unpack("<ihh", data)), patience)
    if number in _SELECTS:
        return Wait(tuple(_selected(thread)), _time(tid, arguments[4], _SELECTS[number]))
    if number == FUTEX:
        return _futex(thread, clock)
    if _SLEEPS[number] == "nanosleep":
        return Wait((), _timespec(tid, arguments[0]))
    patience = _timespec(tid, arguments[2])
    if patience is not None and arguments[1] & _TIMER_ABSTIME:
        patience -= clock.reading(arguments[0])
    return Wait((), max(patience or 0, 1))


class Readiness:
    """Which of the parked threads could go on."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._threads: dict[int, Thread] = {}
        """By our copy of a descriptor."""
        self._words: dict[Thread, tuple[int, int]] = {}
        self._pidfds: dict[int, int] = {}

    def watch(self, thread: Thread, wanted: tuple[tuple[int, int], ...]) -> bool:
        """Copy what a thread waits for; False where something cannot be: then it may go on, and see."""
        whole = True
        for descriptor, events in wanted:
            if descriptor < 0:
                continue
            copy = self._copy(thread.process.pid, descriptor)
            if copy < 0:
                whole = False
                continue
            thread.descriptors.append(copy)
            try:
                self._epoll.register(copy, events)
            except OSError:  # a regular file is always ready
                whole = False
            self._threads[copy] = thread
        return whole

    def watch_word(self, thread: Thread, word: tuple[int, int]) -> None:
        """Watch a futex. Who wakes it has changed it before (futex(2)); no other thread runs meanwhile."""
        self._words[thread] = word

    def forget(self, thread: Thread) -> None:
        """Close the copies."""
        self._words.pop(thread, None)
        for copy in thread.descriptors:
            with contextlib.suppress(OSError):
                self._epoll.unregister(copy)
            del self._threads[copy]
            os.close(copy)
        thread.descriptors.clear()

    def forget_process(self, pid: int) -> None:
        """A process is gone."""
        descriptor = self._pidfds.pop(pid, -1)
        if descriptor >= 0:
            os.close(descriptor)

    def ready(self) -> set[Thread]:
        """Return the threads of which something is there that they wait for."""
        found = {thread for thread, word in self._words.items() if not _stands(thread.tid, *word)}
        if self._threads:
            found |= {self._threads[copy] for copy, _ in self._epoll.poll(0, len(self._threads))}
        return found

    def close(self) -> None:
        """Let everything go."""
        for thread in set(self._threads.values()):
            self.forget(thread)
        for pid in list(self._pidfds):
            self.forget_process(pid)
        self._epoll.close()

    def _copy(self, pid: int, descriptor: int) -> int:
        if pid not in self._pidfds:
            try:
                self._pidfds[pid] = os.pidfd_open(pid)
            except OSError as error:
                if error.errno in _NONE_LEFT:
                    raise
                return -1
        copy = int(_libc.syscall(_PIDFD_GETFD, self._pidfds[pid], descriptor, 0))
        if copy < 0 and ctypes.get_errno() in _NONE_LEFT:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return copy


def _futex(thread: Thread, clock: Clock) -> Wait:
    address, operation, value, timeout = thread.arguments[:4]
    patience = _timespec(thread.tid, timeout)
    if patience is not None and operation & FUTEX_COMMANDS != FUTEX_WAIT:  # then it is a time of a clock
        kind = time.CLOCK_REALTIME if operation & _FUTEX_CLOCK_REALTIME else time.CLOCK_MONOTONIC
        patience -= clock.reading(kind)
    word = (address, value & 0xFFFFFFFF)
    return Wait((), 0 if patience is None else max(patience, 1), word, -errno.ETIMEDOUT)


def _stands(tid: int, address: int, value: int) -> bool:
    return memory.read(tid, address, 4) == value.to_bytes(4, "little")


def _selected(thread: Thread) -> list[tuple[int, int]]:
    """Return the descriptors of a select(2)."""
    found: dict[int, int] = {}
    count = min(thread.arguments[0], 1024)
    kinds = (select.POLLIN, select.POLLOUT, select.POLLPRI)
    for address, events in zip(thread.arguments[1:4], kinds, strict=True):
        bits = int.from_bytes(memory.read(thread.tid, address, 128), "little")
        for descriptor in range(count):
            if bits >> descriptor & 1:
                found[descriptor] = found.get(descriptor, 0) | events
    return sorted(found.items())


def _time(tid: int, address: int, name: str) -> int | None:
    if name == "pselect6":
        return _timespec(tid, address)
    data = memory.read(tid, address, 16)
    if len(data) < 16:
        return None
    seconds, microseconds = struct.unpack("<qq", data)
    return int(seconds * _BILLION + microseconds * 1000)


def _timespec(tid: int, address: int) -> int | None:
    data = memory.read(tid, address, 16)
    if len(data) < 16:
        return None
    seconds, nanoseconds = struct.unpack("<qq", data)
    return int(seconds * _BILLION + nanoseconds)


def _milliseconds(value: int) -> int | None:
    number = _signed(value)
    return None if number < 0 else number * 1_000_000


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
