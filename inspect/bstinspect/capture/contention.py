"""When sharing one CPU costs more than it saves, and when it would pay again.

What it saves: each time the tracer sleeps and is woken by a stop, the waking of another CPU, twice. What it
costs: while several tracees could run, all but one wait. Both are measured over windows of some 25 ms:

- the *gain* is the number of times that the tracer slept (getrusage(2), ru_nvcsw) times `SAVED_NS`;
- a tracee's *loss* is the time that it waited on a run queue (schedstat) beyond the tracer's own CPU time,
  for it would wait for the tracer anywhere. All together cannot lose more than the other CPUs would give.

They are let go when more than one wanted the CPU on average (`_CROWD`) and the loss is above the gain. They
come together again when, for some windows in a row, what they use would fit on one CPU (`_FITS`), and the
tracer slept so often that the gain is worth it (`_WORTH` of the time). How many windows in a row:
`FIRST_CALM`, and after each letting go that came within `SOON_NS` of coming together twice as many, up to
`MOST_CALM`.

Measured on a 2-CPU virtual machine (Linux 6.18): a stop costs strace as run 0 to 90 µs more than under
`taskset -c 1`: most where the other CPU sleeps, least where both are busy; `SAVED_NS` is on the low side.
Reading what a window needs takes 1 µs a process (its CPU clock), and 12 µs more for each thread of a process
that was busy in the window. Four that compute were let go 10 to 90 ms after the last was started.
"""

from __future__ import annotations

import os
import resource
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from bstinspect.linux import affinity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bstinspect.capture.colocation import Member

WINDOW_NS: Final = 25_000_000
LONGEST_NS: Final = 1_000_000_000
"""A window with nothing going on is made longer and longer, up to this."""
SHARE: Final = 100
"""Measuring may take one part in so many of the tracer's time: with many tracees the windows are longer."""
SAVED_NS: Final = 30_000
FIRST_CALM: Final = 4
MOST_CALM: Final = 64
SOON_NS: Final = 1_000_000_000
_CROWD: Final = 1.25
_FITS: Final = 1.1
_WORTH: Final = 0.125
_BUSY: Final = 0.02
"""A process that used less of a CPU in a window is not looked at."""


class Window(NamedTuple):
    """What happened between two samples; times are nanoseconds."""

    length_ns: int
    tracer_ns: int
    sleeps: int
    used_ns: int
    """CPU time of all tracees."""

    @property
    def gain_ns(self) -> int:
        """What sharing a CPU saves, or would."""
        return self.sleeps * SAVED_NS


def crowded(window: Window, waited_ns: Iterable[int], cpus: int) -> bool:
    """Say whether sharing a CPU cost more than it saved; `waited_ns` of each thread, of `cpus` in all."""
    lost = sum(max(0, min(each, window.length_ns) - window.tracer_ns) for each in waited_ns)
    wanted = (window.used_ns + lost) / window.length_ns
    return wanted > _CROWD and min(lost, window.length_ns * (cpus - 1)) > window.gain_ns


def calm(window: Window) -> bool:
    """Say whether sharing a CPU would have paid in this window."""
    fits = window.used_ns < _FITS * window.length_ns
    return fits and window.gain_ns > _WORTH * window.length_ns


class Sampler:
    """Measures window after window."""

    def __init__(self) -> None:
        self._now_ns, self._tracer_ns, self._sleeps = _tracer_usage()
        self.due_ns = self.latest_ns = self._now_ns + WINDOW_NS
        """When the next sample is due while stops come, and also when none come (CLOCK_MONOTONIC)."""
        self._quiet_ns = WINDOW_NS
        self._clocks: dict[int, int] = {}
        self._ended_ns = 0
        self._ended_waited: list[int] = []
        self._calm = 0
        self._calm_wanted = FIRST_CALM
        self._together_ns = self._now_ns

    def born(self, pid: int) -> None:
        """A tracee has started a process: all of its time counts."""
        self._clocks[pid] = 0

    def ended(self, member: Member) -> None:
        """Count a process whose last thread is about to end: it will be gone at the next sample."""
        pid = member.thread.process.pid
        spent = affinity.cpu_time_ns(pid)
        if spent is not None:
            self._ended_ns += spent - self._clocks.get(pid, spent)
            self._clocks[pid] = spent
        if member.pinned:
            self._ended_waited.append(_waited(member))

    def crowded(self, members: Collection[Member], cpus: int) -> bool:
        """End a window in which they shared a CPU; say whether they must not go on, having `cpus` in all."""
        window, busy = self._end_window(members)
        waited = [_waited(each) for each in members if each.thread.process.pid in busy and each.pinned]
        waited += self._ended_waited
        self._begin_window(quiet=not busy and window.sleeps <= 1)  # to wait for this look is one
        if not crowded(window, waited, cpus):
            return False
        soon = self._now_ns - self._together_ns < SOON_NS
        self._calm_wanted = min(2 * self._calm_wanted, MOST_CALM) if soon else FIRST_CALM
        self._calm = 0
        return True

    def calm(self, members: Collection[Member]) -> bool:
        """End a window in which each had its own CPU; say whether it is time to share one again."""
        window, _ = self._end_window(members)
        self._begin_window(quiet=False)
        self._calm = self._calm + 1 if calm(window) else 0
        if self._calm < self._calm_wanted:
            return False
        self._together_ns = self._now_ns
        return True

    def _end_window(self, members: Iterable[Member]) -> tuple[Window, set[int]]:
        """Return what happened, and the processes that were busy."""
        began_ns, tracer_ns, sleeps = self._now_ns, self._tracer_ns, self._sleeps
        self._now_ns, self._tracer_ns, self._sleeps = _tracer_usage()
        length_ns = max(self._now_ns - began_ns, 1)
        clocks: dict[int, int] = {}
        busy = set()
        used_ns = self._ended_ns
        for pid in {each.thread.process.pid for each in members}:
            now_ns = affinity.cpu_time_ns(pid)
            if now_ns is not None:
                clocks[pid] = now_ns
                grown_ns = now_ns - self._clocks.get(pid, now_ns)
                used_ns += grown_ns
                if grown_ns > _BUSY * length_ns:
                    busy.add(pid)
        self._clocks = clocks
        window = Window(length_ns, self._tracer_ns - tracer_ns, self._sleeps - sleeps, used_ns)
        return window, busy

    def _begin_window(self, *, quiet: bool) -> None:
        """Say when the next window ends."""
        self._ended_ns = 0
        self._ended_waited = []
        least_ns = max(WINDOW_NS, SHARE * (time.monotonic_ns() - self._now_ns))
        self._quiet_ns = min(2 * max(self._quiet_ns, least_ns), LONGEST_NS) if quiet else least_ns
        self.due_ns = self._now_ns + least_ns
        self.latest_ns = self._now_ns + max(self._quiet_ns, least_ns)


def _tracer_usage() -> tuple[int, int, int]:
    """Return the time, the caller's CPU time, and how often it has slept so far."""
    sleeps = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    return time.monotonic_ns(), time.process_time_ns(), sleeps


def _waited(member: Member) -> int:
    """Return how long a thread has waited for a CPU since the last look."""
    before = member.waited_ns
    now = affinity.waited_ns(member.thread.process.pid, member.thread.tid)
    if now is None:
        return 0
    member.waited_ns = now
    return now - before


def waits_are_told() -> bool:
    """Say whether this kernel tells how long threads wait (CONFIG_SCHED_INFO)."""
    return affinity.waited_ns(os.getpid(), os.getpid()) is not None
