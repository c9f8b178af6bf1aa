"""Wait for stops: who has stopped is learnt from SIGCHLD, so that no call walks the list of all tracees.

waitpid(-1) walks that list: with 1000 tracees it takes 50 µs (measured, Linux 6.18). SIGCHLD says in si_pid
who has stopped, and waitpid(pid) takes the same time whatever their number. But standard signals are not
queued (signal(7)): of stops that come together only the first is told. So a sweep with waitpid(-1) follows:
with few tracees after every signal; with many when the signals run dry, at once where the last sweep found
somebody, and in any case every few milliseconds.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

WALL: Final = 0x40000000
"""__WALL of waitpid(2): clone children too. The os module has no name for it."""
FEW: Final = 16
"""With so many tracees or fewer, a sweep is as cheap as asking for one."""
SWEEP_NS: Final = 4_000_000
"""With many, a sweep is made this often while stops come one by one."""
PAUSE_NS: Final = 2_000_000
"""When nothing has come for so long, what was recorded is written out."""
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


class Waiting(Protocol):
    """Gives one stop after the other."""

    tid: int
    status: int
    """As waitpid(2) gives it."""
    system_ns: int
    """The system time of its process so far, nanoseconds, where that is measured."""
    signal: int
    tracees: int
    """How many there are; to be kept up to date."""
    until_ns: int
    """CLOCK_MONOTONIC, nanoseconds: when to return though stops still come."""

    def next(self, patience_ns: int) -> Reason:
        """Wait so long at most (-1: for ever) for the next stop."""


class SignalWaiting:
    """Waits in pure Python."""

    def __init__(self, signals: Iterable[int], *, measure: bool = False) -> None:
        """`signals` are waited for besides SIGCHLD; all are blocked from now on. `measure`: system times."""
        self._signals = frozenset({signal.SIGCHLD, *signals})
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        self._reap = _reap_with_usage if measure else _reap
        self._queue: deque[tuple[int, int, int]] = deque()
        self._unswept = True
        self._hidden = False
        self._swept_ns = 0
        self.tid = self.status = self.system_ns = self.signal = self.tracees = self.until_ns = 0

    def next(self, patience_ns: int) -> Reason:
        """Wait so long at most (-1: for ever) for the next stop."""
        if not self._queue:
            reason = self._gather(patience_ns)
            if reason != Reason.STOPPED:
                return reason
        self.tid, self.status, self.system_ns = self._queue.popleft()
        return Reason.STOPPED

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
        return signal.sigtimedwait(self._signals, patience_ns / _BILLION)

    def _sweep(self, now: int) -> bool:
        """Take all that is there before the first runs on: on one CPU it would keep the others out."""
        while (found := self._reap(-1))[0]:
            self._queue.append(found)
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
