"""CPU affinity and CPU times of threads: sched_setaffinity(2), clock_getcpuclockid(3), /proc/PID/schedstat.

All is None, or False, where the thread is gone, is not ours to move, or the kernel does not tell.
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import TYPE_CHECKING, Final

from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Iterable

_CPUCLOCK_SCHED: Final = 2
_CAP_SYS_NICE: Final = 1 << 23

_sched_getcpu = ctypes.CDLL(None).sched_getcpu


def mask(tid: int) -> frozenset[int] | None:
    """Return the CPUs that a thread may run on; `tid` 0 is the caller."""
    try:
        return frozenset(os.sched_getaffinity(tid))
    except OSError:
        return None


def set_mask(tid: int, cpus: Iterable[int]) -> bool:
    """Let a thread run on these CPUs only; say whether it now does."""
    try:
        os.sched_setaffinity(tid, cpus)
    except OSError:
        return False
    return True


def replace(tid: int, expected: Iterable[int], cpus: Iterable[int]) -> bool:
    """Give a thread another mask, unless somebody has given it one that is not the `expected`."""
    return mask(tid) == frozenset(expected) and set_mask(tid, cpus)


def is_real_time(tid: int) -> bool:
    """Say whether a thread comes before all others (sched(7): SCHED_FIFO, SCHED_RR, SCHED_DEADLINE)."""
    try:
        policy = os.sched_getscheduler(tid) & ~os.SCHED_RESET_ON_FORK
    except OSError:
        return False
    return policy not in (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE)


def here() -> int:
    """Return the CPU that the caller runs on; -1 where that is not known."""
    cpu: int = _sched_getcpu()
    return cpu


def to_bytes(cpus: Iterable[int], size: int) -> bytes:
    """Return a mask as sched_getaffinity(2) gives it: an unsigned long's bit for each CPU, little-endian."""
    bits = sum(1 << cpu for cpu in cpus)
    return (bits & (1 << 8 * size) - 1).to_bytes(size, "little")


def from_bytes(data: bytes) -> frozenset[int]:
    """Return the CPUs of a mask."""
    bits = int.from_bytes(data, "little")
    return frozenset(cpu for cpu in range(bits.bit_length()) if bits >> cpu & 1)


def cpu_time_ns(pid: int) -> int | None:
    """Return the CPU time of all threads of a process: one call, without a file (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED)
    except OSError:
        return None


def waited_ns(pid: int, tid: int) -> int | None:
    """Return how long a thread has waited on run queues, though it could have run (schedstat, 2nd field)."""
    fields = (proc.read_file(f"/proc/{pid}/task/{tid}/schedstat") or b"").split()
    return int(fields[1]) if len(fields) > 1 else None


def may_move_anybody() -> bool:
    """Say whether the caller has CAP_SYS_NICE: without, it moves only threads of its own user."""
    for line in (proc.read_file("/proc/self/status") or b"").splitlines():
        if line.startswith(b"CapEff:"):
            return bool(int(line.split()[1], 16) & _CAP_SYS_NICE)
    return False
