"""The autopsy: a dying process, read in its PTRACE_EVENT_EXIT stop, when everything is still there.

While this is done the process cannot die, so it is bounded by time, and by size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bstinspect.linux import descriptors, proc
from bstinspect.records import Autopsy, Descriptor, ThreadState

if TYPE_CHECKING:
    from collections.abc import Mapping

BUDGET_NS: Final = 50_000_000
"""How long an autopsy may take, nanoseconds."""
_MOST_THREADS: Final = 1024
_MOST_TEXT: Final = 1 << 16
"""Characters of descriptors' names that are kept: hostile paths are long, a message is not."""


def examine(
    pid: int, tid: int, status: int, last_words: Mapping[int, ThreadState], *, was_stopped: bool
) -> Autopsy:
    """Read a process of which thread `tid` is in its exit stop.

    `last_words` are the threads that were read in exit stops of their own; the others are read as they are.
    """
    when = time.monotonic_ns()
    deadline = when + BUDGET_NS
    facts = proc.status(tid)
    stat = proc.stat(pid)
    threads = _threads(pid, last_words, deadline)
    found, omitted = _descriptors(tid, deadline)
    return Autopsy(
        when=when,
        pid=pid,
        status=status,
        was_stopped=was_stopped,
        threads=threads,
        descriptors=found,
        descriptors_omitted=omitted,
        resident_kib=facts.resident_kib if facts else 0,
        peak_kib=facts.peak_kib if facts else 0,
        age_ns=proc.age_ns(stat.start_ticks) if stat else 0,
        parent=facts.parent if facts else 0,
        uid=facts.uid if facts else 0,
    )


def _threads(pid: int, last_words: Mapping[int, ThreadState], deadline: int) -> tuple[ThreadState, ...]:
    states = []
    for tid in proc.threads(pid)[:_MOST_THREADS]:
        states.append(last_words.get(tid) or thread_state(pid, tid))
        if time.monotonic_ns() > deadline:
            break
    return tuple(states)


def thread_state(pid: int, tid: int) -> ThreadState:
    """Read the syscall that a thread is in; in its exit stop, the one that it was in when the end came."""
    state = proc.syscall(pid, tid)
    name = proc.comm(tid) or ""
    return ThreadState(tid, name, state.number, state.arguments) if state else ThreadState(tid, name, -1, ())


def _descriptors(tid: int, deadline: int) -> tuple[tuple[Descriptor, ...], int]:
    """Describe the descriptors through a thread that still has them; also say how many were left out."""
    numbers = descriptors.numbers(tid)
    found: list[Descriptor] = []
    text = 0
    endpoints = descriptors.Endpoints(tid)
    try:
        for position, number in enumerate(numbers):
            if time.monotonic_ns() > deadline or text > _MOST_TEXT:
                return tuple(found), len(numbers) - position
            descriptor = descriptors.describe(tid, number)
            if descriptor is None:
                continue
            endpoint = endpoints.name(descriptor.inode) if descriptor.inode else ""
            text += len(descriptor.target) + len(endpoint) + 16
            found.append(Descriptor(number, descriptor.target, endpoint))
    finally:
        endpoints.close()
    return tuple(found), 0
