"""The stage's time: it stands still while anybody can run, and jumps to the next deadline when nobody can.

The calls that read a clock are answered here. glibc makes them real calls when the vDSO is hidden from it
(vdso(7)); rdtsc, which libzmq reads for a clock, raises SIGSEGV after prctl(PR_SET_TSC) and is answered too.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.errors import InspectError
from bstinspect.linux import memory, ptrace, registers

if TYPE_CHECKING:
    from bstinspect.faults.stage.tracee import Thread

_NUMBERS: Final = native_numbers()
CLOCK_GETTIME: Final = _NUMBERS["clock_gettime"]
GETTIMEOFDAY: Final = _NUMBERS["gettimeofday"]
TIME: Final = _NUMBERS.get("time", -2)
CALLS: Final = frozenset({CLOCK_GETTIME, GETTIMEOFDAY, TIME} - {-2})
_TICK_NS: Final = 1_000
_MOST_TICK_NS: Final = 1_000_000
_PATIENCE: Final = 1_000
"""Who looks at the clock so often in one turn is waiting for a time to come: from then on each look takes a
tick, and a longer one with each such number of looks.
Not before: how often a program looks (CPython does at every lock) is no property of its messages."""
_BILLION: Final = 1_000_000_000
_REAL: Final = frozenset({time.CLOCK_REALTIME, 5})  # 5: CLOCK_REALTIME_COARSE
_MONOTONIC: Final = frozenset({time.CLOCK_MONOTONIC, time.CLOCK_MONOTONIC_RAW, 6, time.CLOCK_BOOTTIME})
_RDTSC: Final = b"\x0f\x31"
_RDTSCP: Final = b"\x0f\x01\xf9"
_SYSCALL: Final = b"\x0f\x05"
_TSC_PER_NS: Final = 2


class Clock:
    """What time it is on the stage."""

    def __init__(self) -> None:
        # Whole seconds: how a program rounds its sums of times does not depend on the moment.
        self._monotonic_ns = time.monotonic_ns() // _BILLION * _BILLION
        self._real_ns = time.time_ns() // _BILLION * _BILLION
        self.now_ns = 0
        """Nanoseconds since the beginning."""
        self._looks = 0

    def tick(self) -> None:
        """Let a moment pass: a turn begins, or a crash point is passed."""
        self.now_ns += _TICK_NS
        self._looks = 0

    def advance_to(self, when_ns: int) -> None:
        """Let time pass; it never goes back."""
        self.now_ns = max(self.now_ns, when_ns)

    def reading(self, kind: int) -> int:
        """Return what a clock shows now, nanoseconds; `kind` is CLOCK_REALTIME or another."""
        return self.now_ns + (self._real_ns if kind in _REAL else self._monotonic_ns)

    def answer(self, thread: Thread) -> bool:
        """Answer a call that reads a clock, at its entry; False where the kernel has to."""
        address, result = thread.arguments[0], 0
        self._look()
        if thread.number == CLOCK_GETTIME:
            kind, address = thread.arguments[0] & 0xFFFFFFFF, thread.arguments[1]
            if kind not in _REAL and kind not in _MONOTONIC:
                return False
            data = struct.pack("<qq", *divmod(self.reading(kind), _BILLION))
        elif thread.number == GETTIMEOFDAY:
            seconds, rest = divmod(self.reading(time.CLOCK_REALTIME), _BILLION)
            data = struct.pack("<qq", seconds, rest // 1000)
        else:
            result = self.reading(time.CLOCK_REALTIME) // _BILLION
            data = struct.pack("<q", result) if address else b""  # time(2): it may be null
        try:
            if data:
                memory.write_exactly(thread.tid, address, data)
        except InspectError:
            return False
        skip(thread.tid, result)
        return True

    def answer_counter(self, tid: int) -> bool:
        """Answer rdtsc or rdtscp at a SIGSEGV; False where it was another instruction."""
        found = registers.read(tid)
        code = memory.read(tid, found.rip, 3)
        length = 2 if code[:2] == _RDTSC else 3 if code == _RDTSCP else 0
        if not length:
            return False
        self._look()
        value = (self._monotonic_ns + self.now_ns) * _TSC_PER_NS
        changed = {"rax": value & 0xFFFFFFFF, "rdx": value >> 32 & 0xFFFFFFFF, "rip": found.rip + length}
        if length == 3:
            changed["rcx"] = 0
        registers.write(tid, found._replace(**changed))
        return True

    def _look(self) -> None:
        self._looks += 1
        if self._looks > _PATIENCE:
            self.now_ns += min(_TICK_NS << self._looks // _PATIENCE, _MOST_TICK_NS)


def skip(tid: int, result: int) -> None:
    """At an entry: no call is made, and it returns `result` (a negative errno for a failure)."""
    registers.write(tid, registers.read(tid)._replace(orig_rax=-1, rax=result))


def again(tid: int) -> None:
    """At an entry: no call is made, and it comes again as soon as the thread runs."""
    found = registers.read(tid)
    registers.write(tid, found._replace(orig_rax=-1, rax=found.orig_rax, rip=found.rip - 2))


def fail_instead(tid: int, number: int, error: int) -> None:
    """Let call `number`, which was to come again, return an error; not where a handler has come between."""
    found = registers.read(tid)
    if found.rax == number and memory.read(tid, found.rip, 2) == _SYSCALL:
        registers.write(tid, found._replace(rax=-error, rip=found.rip + 2))


def hide_vdso(tid: int) -> None:
    """At the stop of an exec: let the program not find the vDSO (getauxval(3), AT_SYSINFO_EHDR)."""
    at = registers.stack_pointer(tid)
    at += 8 * (2 + ptrace.peek(tid, at))  # argc, argv and its NULL
    while ptrace.peek(tid, at):
        at += 8
    at += 8
    while kind := ptrace.peek(tid, at):
        if kind == 33:
            ptrace.poke(tid, at, 1)  # AT_IGNORE
            return
        at += 16
