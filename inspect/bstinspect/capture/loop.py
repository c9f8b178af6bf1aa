"""The tracer's hot loop: wait for stops, and take those at which a syscall only has to be recorded.

Who has stopped is learnt from SIGCHLD, so that no call walks the list of all tracees.

waitpid(-1) walks that list: with 1000 tracees it takes 50 µs (measured, Linux 6.18). SIGCHLD says in si_pid
who has stopped, and waitpid(pid) takes the same time whatever their number. But standard signals are not
queued (signal(7)): of stops that come together only the first is told. So a sweep with waitpid(-1) follows:
with few tracees after every signal; with many when the signals run dry, at once where the last sweep found
somebody, and in any case every few milliseconds.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import deque
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from bstinspect.capture.buffer import FLUSH_BYTES
from bstinspect.capture.reads import Limits
from bstinspect.errors import PtraceError
from bstinspect.linux import memory, ptrace
from bstinspect.linux.waitstatus import WALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.capture.buffer import PlainBuffer
    from bstinspect.capture.reads import Plan
    from bstinspect.records import Block

FEW: Final = 16
"""With so many tracees or fewer, a sweep is as cheap as asking for one."""
SWEEP_NS: Final = 4_000_000
"""With many, a sweep is made this often while stops come one by one."""
PAUSE_NS: Final = 2_000_000
"""When nothing has come for so long, what was recorded is written out."""
SYSCALL_STATUS: Final = (signal.SIGTRAP | ptrace.SYSCALL_STOP) << 8 | 0x7F
"""The wait status of a syscall-stop."""
_OUTSIDE, _INSIDE, _HANDED_OVER, _PASSED_OVER = range(4)
_BILLION: Final = 1_000_000_000


class Reason(IntEnum):
    """Why the waiting is over."""

    DRY = 0
    """Nothing has happened in the time given."""
    STOPPED = 1
    """`tid`, `status` and `system_ns` tell of a stop, or of an end."""
    FULL = 2
    """The buffer is to be written out first."""
    SIGNALLED = 3
    """`signal` has arrived, which is not SIGCHLD."""
    TICK = 4
    """`until_ns` has come, with stops still coming."""


class Loop(Protocol):
    """Gives one stop after the other; takes the plain ones of registered tracees itself.

    A plain stop is a syscall-stop that only has to be recorded, as a table says (`record`).
    """

    @property
    def tid(self) -> int:
        """Who has stopped, or ended."""

    @property
    def status(self) -> int:
        """Its wait status."""

    @property
    def system_ns(self) -> int:
        """The system time of its process so far, nanoseconds, where that is measured."""

    @property
    def signal(self) -> int:
        """The signal that has arrived."""

    tracees: int
    """How many there are; to be kept up to date."""
    until_ns: int
    """CLOCK_MONOTONIC, nanoseconds: when to return though stops still come."""

    def next(self, patience_ns: int) -> Reason:
        """Wait so long at most (-1: for ever) for the next stop that is not plain."""

    def record(self, plans: dict[int, Plan], limits: Limits, *, passed_over: Iterable[int]) -> None:
        """Say which calls are recorded and how, and which are not recorded; the others are handed over."""

    def register(self, tid: int, pid: int, *, inside: bool) -> None:
        """Take the plain stops of a tracee; while it is `inside` a call that others handle, after that."""

    def forget(self, tid: int) -> Entered | None:
        """Hand every stop of a tracee over; return the call that it is inside of, if that was recorded."""


class Entered(NamedTuple):
    """A call that was recorded at its entry."""

    number: int
    arguments: tuple[int, ...]
    system_ns: int


class _Tracee:
    """What the loop knows of a registered tracee."""

    __slots__ = ("arguments", "inside", "number", "pid", "read", "system_ns", "tid")

    def __init__(self, tid: int, pid: int, *, handed_over: bool) -> None:
        self.tid = tid
        self.pid = pid
        self.inside = _HANDED_OVER if handed_over else _OUTSIDE
        self.number = 0
        self.arguments: tuple[int, ...] = ()
        self.system_ns = 0
        self.read = partial(memory.read, tid)


class PureLoop:
    """The loop in pure Python."""

    def __init__(
        self, own_arch: int, signals: Iterable[int], buffer: PlainBuffer, *, measure: bool = False
    ) -> None:
        """`signals` are waited for besides SIGCHLD; all are blocked from now on. `measure`: system times."""
        self._own_arch = own_arch
        self._buffer = buffer
        self._measure = measure
        self._encode = msgspec.msgpack.Encoder().encode
        self._registered: dict[int, _Tracee] = {}
        self._plans: dict[int, Plan] = {}
        self._passed_over: frozenset[int] = frozenset()
        self._limits = Limits()
        self._signals = frozenset({signal.SIGCHLD, *signals})
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        self._reap = _reap_with_usage if measure else _reap
        self._queue: deque[tuple[int, int, int]] = deque()
        self._unswept = True
        self._hidden = False
        self._swept_ns = 0
        self.tid = self.status = self.system_ns = self.signal = self.tracees = self.until_ns = 0

    def next(self, patience_ns: int) -> Reason:
        """Wait so long at most (-1: for ever) for the next stop that is not plain."""
        queue, registered = self._queue, self._registered
        while True:
            if not queue:
                if self._buffer and not 0 <= patience_ns <= PAUSE_NS:
                    patience_ns = PAUSE_NS  # then what was recorded is written out
                reason = self._gather(patience_ns)
                if reason != Reason.STOPPED:
                    return reason
            tid, status, system_ns = queue.popleft()
            tracee = registered.get(tid) if status == SYSCALL_STATUS else None
            if tracee is None or not self._plain_stop(tracee, system_ns):
                self.tid, self.status, self.system_ns = tid, status, system_ns
                return Reason.STOPPED
            if len(self._buffer) >= FLUSH_BYTES:
                return Reason.FULL

    def record(self, plans: dict[int, Plan], limits: Limits, *, passed_over: Iterable[int]) -> None:
        """Say which calls are recorded and how, and which are not recorded; the others are handed over."""
        self._plans, self._limits, self._passed_over = plans, limits, frozenset(passed_over)

    def register(self, tid: int, pid: int, *, inside: bool) -> None:
        """Take the plain stops of a tracee; while it is `inside` a call that others handle, after that."""
        if inside or tid not in self._registered:
            self._registered[tid] = _Tracee(tid, pid, handed_over=inside)

    def forget(self, tid: int) -> Entered | None:
        """Hand every stop of a tracee over; return the call that it is inside of, if that was recorded."""
        tracee = self._registered.pop(tid, None)
        if tracee is None or tracee.inside != _INSIDE:
            return None
        return Entered(tracee.number, tracee.arguments, tracee.system_ns)

    def _plain_stop(self, tracee: _Tracee, system_ns: int) -> bool:
        """Take a syscall-stop; False where it has to be handed over."""
        try:
            info = ptrace.raw_syscall_info(tracee.tid)
            now = time.monotonic_ns()
            if info[0] == ptrace.SYSCALL_INFO_ENTRY:
                number = info[4]
                plan = self._plans.get(number) if info[1] == self._own_arch else None
                if plan is not None:
                    tracee.inside, tracee.number, tracee.system_ns = _INSIDE, number, system_ns
                    self._enter(tracee, plan, now, info)
                elif info[1] == self._own_arch and number in self._passed_over:
                    tracee.inside = _PASSED_OVER
                else:
                    tracee.inside = _HANDED_OVER
                    return False
            elif info[0] == ptrace.SYSCALL_INFO_EXIT:
                inside, tracee.inside = tracee.inside, _OUTSIDE
                if inside in (_OUTSIDE, _HANDED_OVER):
                    return False
                if inside == _INSIDE:
                    self._leave(tracee, now, info, system_ns)
            else:
                return False
            ptrace.syscall(tracee.tid)
        except PtraceError as error:
            # Killed inside the stop: the wait status of its death comes next.
            if error.errno != errno.ESRCH:
                raise
        return True

    def _enter(self, tracee: _Tracee, plan: Plan, now: int, info: tuple[int, ...]) -> None:
        """Record an entry: as `SyscallEntry`, without the fields at its end that have their defaults."""
        tracee.arguments = arguments = info[5:]
        blocks: list[Block] = []
        for step in plan.entry:
            step(arguments, 0, tracee.read, self._limits, blocks)
        self._buffer.append(
            self._encode(("E", now, tracee.tid, tracee.pid, info[4], arguments, blocks, info[2], info[3]))
        )

    def _leave(self, tracee: _Tracee, now: int, info: tuple[int, ...], system_ns: int) -> None:
        """Record an exit: as `SyscallExit`, likewise."""
        value, is_error = info[4], info[5] & 0xFF != 0
        plan = self._plans[tracee.number]
        blocks: list[Block] = []
        for step in plan.failed if is_error else plan.leave:
            step(tracee.arguments, value, tracee.read, self._limits, blocks)
        head = ("X", now, tracee.tid, tracee.pid, value, is_error, blocks)
        measured = ((), (), "", system_ns - tracee.system_ns) if self._measure else ()
        self._buffer.append(self._encode(head + measured))

    def _gather(self, patience_ns: int) -> Reason:
        few = self.tracees <= FEW
        while True:
            now = time.monotonic_ns()
            if 0 < self.until_ns <= now:
                return Reason.TICK
            if self._unswept and (few or self._hidden or now - self._swept_ns > SWEEP_NS):
                found = self._sweep(now)
                self._hidden = found and not few
                if found:
                    return Reason.STOPPED
            patience = SWEEP_NS if self._unswept and not 0 <= patience_ns <= SWEEP_NS else patience_ns
            arrived = self._next_signal(patience)
            if arrived is None:
                if self._unswept and self._sweep(now):
                    return Reason.STOPPED
                if patience == patience_ns:
                    return Reason.DRY
            elif arrived.si_signo != signal.SIGCHLD:
                self.signal = arrived.si_signo
                return Reason.SIGNALLED
            else:
                self._unswept = True
                if not few and (one := self._reap(arrived.si_pid))[0]:
                    self._queue.append(one)
                    return Reason.STOPPED

    def _next_signal(self, patience_ns: int) -> signal.struct_siginfo | None:
        if patience_ns < 0:
            return signal.sigwaitinfo(self._signals)
        arrived = signal.sigtimedwait(self._signals, patience_ns / _BILLION)
        # Interrupted (by a stop and SIGCONT) with no time left, CPython gives one that was never filled in.
        return arrived if arrived is not None and arrived.si_signo in self._signals else None

    def _sweep(self, now: int) -> bool:
        """Take all that is there before the first runs on: on one CPU it would keep the others out.

        Where every tracee is registered, and each is in a syscall-stop (none in that of a fork), nobody else
        can be there.
        """
        left = self.tracees if self.tracees == len(self._registered) else -1
        while left and (found := self._reap(-1))[0]:
            self._queue.append(found)
            left -= found[1] == SYSCALL_STATUS and found[0] in self._registered
        self._unswept = False
        self._swept_ns = now
        return bool(self._queue)


def _reap(pid: int) -> tuple[int, int, int]:
    """Return a tid, its wait status, and 0; tid 0 when nothing is there. `pid` is -1 for anybody."""
    try:
        tid, status = os.waitpid(pid, os.WNOHANG | WALL)
    except ChildProcessError:
        return 0, 0, 0
    return tid, status, 0


def _reap_with_usage(pid: int) -> tuple[int, int, int]:
    """Return a tid, its wait status, and the system time of its process so far, nanoseconds."""
    try:
        tid, status, usage = os.wait4(pid, os.WNOHANG | WALL)
    except ChildProcessError:
        return 0, 0, 0
    return tid, status, int(usage.ru_stime * _BILLION)
