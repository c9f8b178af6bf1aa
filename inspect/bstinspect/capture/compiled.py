"""The compiled loop: the same waiting and recording as in pure Python, for what needs no decision.

native/loop.c is plain C without Python in it, so it fits every interpreter; it is called through ctypes. It
is optional: where it was not built (no compiler at install time), or BSTRACE_PURE is set, `load` returns None
and everything is done by `loop` and `syscalls`.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
from typing import TYPE_CHECKING, Final

from bstinspect.capture import reads
from bstinspect.capture.buffer import PlainBuffer, RecordBuffer
from bstinspect.capture.loop import FEW, PAUSE_NS, SWEEP_NS, Entered, PureLoop, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.capture.reads import Limits, PlainStep, Plan

_LIBRARY: Final = os.path.join(os.path.dirname(__file__), "libbstloop.so")  # noqa: PTH118, PTH120 - a fast start
_HAND_OVER, _PASS_OVER, _RECORD = range(3)
_TEXT, _FIXED, _SIZED, _BUFFERED, _FILLED, _CHOSEN = range(6)
_OUTSIDE, _INSIDE, _HANDED_OVER = range(3)
_REASONS: Final = tuple(Reason)
"""By number: a look-up costs a tenth of a call of the enumeration."""
CALLS: Final = 512
"""Calls with higher numbers are always handed over."""


class _Stop(ctypes.Structure):
    _fields_ = (("tid", ctypes.c_int32), ("status", ctypes.c_int32), ("system_ns", ctypes.c_int64))


class _Tracee(ctypes.Structure):
    _fields_ = (
        ("tid", ctypes.c_int32),
        ("pid", ctypes.c_int32),
        ("inside", ctypes.c_uint32),
        ("number", ctypes.c_uint32),
        ("arguments", ctypes.c_uint64 * 6),
        ("system_ns", ctypes.c_int64),
    )


@functools.cache
def load() -> ctypes.CDLL | None:
    """Return the library; None where it is not there, not wanted, or not for this machine."""
    if os.environ.get("BSTRACE_PURE"):
        return None
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    library.bst_forget.restype = ctypes.POINTER(_Tracee)
    library.bst_buffer.restype = ctypes.c_void_p
    library.bst_append.restype = ctypes.c_uint64
    library.bst_append.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
    library.bst_run.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_uint64]
    library.bst_step.argtypes = [
        ctypes.c_uint32,
        *[ctypes.c_int] * 4,
        ctypes.c_uint32,
        *[ctypes.c_uint64] * 2,
    ]
    library.bst_open.argtypes = [*[ctypes.c_uint64] * 2, ctypes.c_int, ctypes.c_uint64, *[ctypes.c_int64] * 2]
    return library


def record_buffer() -> PlainBuffer | CompiledBuffer:
    """Make the buffer of this process's tracer: that of the compiled loop, where there is one."""
    library = load()
    return CompiledBuffer(library) if library else PlainBuffer()


def stop_loop(
    own_arch: int, signals: Iterable[int], buffer: RecordBuffer | None, *, measure: bool = False
) -> PureLoop | CompiledLoop:
    """Make the loop of this process's tracer; `signals` besides SIGCHLD are blocked from now on.

    `buffer` is where its records go; None where records may not pass others by, and every stop is handed
    over. `measure`: the system time of each process is taken with its stops.
    """
    library = load()
    if library is None:
        plain = buffer if isinstance(buffer, PlainBuffer) else PlainBuffer()
        return PureLoop(own_arch, signals, plain, measure=measure)
    return CompiledLoop(library, own_arch, signals, measure=measure)


class CompiledBuffer:
    """The buffer that the compiled loop writes its records into (`buffer.RecordBuffer`)."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._append = library.bst_append
        self._used = ctypes.c_uint64.in_dll(library, "bst_used")
        self._address: int = library.bst_buffer()

    def append(self, payload: bytes) -> int:
        """Take an encoded record; return how many bytes are waiting. Raises MemoryError beyond 20 MiB."""
        used: int = self._append(payload, len(payload))
        if not used:
            raise MemoryError("a record that is longer than any can be")
        return used

    def contents(self) -> memoryview:
        """Return what is waiting. To be released before the next `append` or `clear`."""
        return memoryview((ctypes.c_char * self._used.value).from_address(self._address)).cast("B")

    def clear(self) -> None:
        """Forget what was waiting."""
        self._used.value = 0


class CompiledLoop:
    """Waits, and takes plain syscall-stops on the way (`loop.Loop`)."""

    def __init__(
        self, library: ctypes.CDLL, own_arch: int, signals: Iterable[int], *, measure: bool = False
    ) -> None:
        """`signals` are waited for besides SIGCHLD; all are blocked from now on. `measure`: system times."""
        wanted = {signal.SIGCHLD, *signals}
        signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
        mask = sum(1 << (number - 1) for number in wanted)
        library.bst_open(own_arch, mask, measure, FEW, SWEEP_NS, PAUSE_NS)
        self._library = library
        self._run = library.bst_run
        self._stop = _Stop.in_dll(library, "bst_stop")
        self._signal = ctypes.c_int32.in_dll(library, "bst_signal")
        self._registered: set[int] = set()
        self.tracees = self.until_ns = 0

    @property
    def tid(self) -> int:
        """Who has stopped, or ended."""
        number: int = self._stop.tid
        return number

    @property
    def status(self) -> int:
        """Its wait status."""
        number: int = self._stop.status
        return number

    @property
    def system_ns(self) -> int:
        """The system time of its process so far, nanoseconds, where that is measured."""
        number: int = self._stop.system_ns
        return number

    @property
    def signal(self) -> int:
        """The signal that has arrived."""
        return self._signal.value

    def next(self, patience_ns: int) -> Reason:
        """Wait so long at most (-1: for ever) for the next stop that is not plain."""
        number: int = self._run(patience_ns, self.until_ns, self.tracees)
        return _REASONS[number]

    def record(self, plans: dict[int, Plan], limits: Limits, *, passed_over: Iterable[int]) -> None:
        """Say which calls are recorded and how, and which are not recorded; the others are handed over."""
        for number, plan in plans.items():
            if number < CALLS and all(
                self._add(number, moment, step, limits) for moment, steps in enumerate(plan) for step in steps
            ):
                self._library.bst_call(number, _RECORD)
        for number in passed_over:
            self._library.bst_call(number, _PASS_OVER)

    def _add(self, number: int, moment: int, step: PlainStep, limits: Limits) -> bool:
        """Say what is copied; False where the loop has no room for it."""
        match step:
            case reads.Text():
                what = (_TEXT, step.index, 0, 0, 0)
            case reads.Fixed():
                what = (_FIXED, step.index, 0, 0, step.size)
            case reads.Sized():
                what = (_SIZED, step.index, step.size_index, step.item, step.most)
            case reads.Buffer():
                most = limits.message if step.message else limits.plain
                what = (_BUFFERED, step.index, step.size_index, 0, most)
            case reads.Filled():
                what = (_FILLED, step.index, 0, step.item, step.bound(limits))
            case reads.Chosen():
                what = (_CHOSEN, step.index, step.chooser, step.within, step.size)
        choices = step.choices if isinstance(step, reads.Chosen) else 0
        return bool(self._library.bst_step(number, moment, *what, choices))

    def register(self, tid: int, pid: int, *, inside: bool) -> None:
        """Take the plain stops of a tracee; while it is `inside` a call that others handle, after that."""
        if inside or tid not in self._registered:
            self._library.bst_register(tid, pid, _HANDED_OVER if inside else _OUTSIDE)
            self._registered.add(tid)

    def forget(self, tid: int) -> Entered | None:
        """Hand every stop of a tracee over; return the call that it is inside of, if that was recorded."""
        if tid not in self._registered:
            return None
        self._registered.discard(tid)
        found = self._library.bst_forget(tid)
        tracee = found.contents if found else None
        if tracee is None or tracee.inside != _INSIDE:
            return None
        return Entered(tracee.number, tuple(tracee.arguments), tracee.system_ns)
