"""The guardian: gives back the CPU masks of those whom a killed tracer left on one CPU.

The tracer forks it before it pins anything, and keeps a table of what is pinned in memory that both share.
The guardian sleeps until the tracer is gone. It has a session of its own and no descriptor of anybody's, so
neither a key on the terminal nor a pipe's reader notices it. A tracer that ends in order has given everything
back, and ends its guardian itself.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import struct
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from bstinspect.linux import affinity, prctl, proc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME: Final = "bstrace-guard"
SLOTS: Final = 1 << 16
"""So many threads can be pinned at a time."""
_MASKS: Final = 256
_MASK_BYTES: Final = 1024
"""For CPU numbers up to 8191, the most that Linux can be built for (NR_CPUS)."""
_SLOT: Final = struct.Struct("=IIIIQ")  # tid (0: free), CPU that it is pinned to, its mask's place, 1, start
_TID: Final = struct.Struct("=I")
_SLOTS_AT: Final = _MASKS * _MASK_BYTES
_ALL_DESCRIPTORS: Final = 1 << 30


class Pin(NamedTuple):
    """A thread that is kept on one CPU."""

    tid: int
    cpu: int
    own: frozenset[int]
    """Its own mask."""
    start_ticks: int
    """When the thread started, since boot: tells it from a later one of the same tid."""


class Table:
    """Who is pinned; in shared memory, of which only what is used takes room."""

    def __init__(self) -> None:
        """Raises OSError."""
        self._memory = mmap.mmap(-1, _SLOTS_AT + SLOTS * _SLOT.size)
        self._places: dict[frozenset[int], int] = {}
        self._masks: list[frozenset[int]] = []
        self._free: list[int] = []
        self._used = 0

    def add(self, pin: Pin) -> int:
        """Enter a thread, before it is pinned; return its slot, or -1 where there is no room."""
        place = self._places.get(pin.own)
        if place is None:
            place = len(self._places)
            if place == _MASKS or max(pin.own) >= 8 * _MASK_BYTES:
                return -1
            self._places[pin.own] = place
            start = place * _MASK_BYTES
            self._memory[start : start + _MASK_BYTES] = affinity.to_bytes(pin.own, _MASK_BYTES)
        if self._free:
            slot = self._free.pop()
        elif self._used < SLOTS:
            slot, self._used = self._used, self._used + 1
        else:
            return -1
        at = _SLOTS_AT + slot * _SLOT.size
        _SLOT.pack_into(self._memory, at, 0, pin.cpu, place, 1, pin.start_ticks)
        _TID.pack_into(self._memory, at, pin.tid)  # last: with it, the slot is valid
        return slot

    def remove(self, slot: int) -> None:
        """Take a thread out, after it has its mask back or is dead."""
        _TID.pack_into(self._memory, _SLOTS_AT + slot * _SLOT.size, 0)
        self._free.append(slot)

    def pins(self) -> Iterator[Pin]:
        """Yield who is in the table, from the shared memory alone: the guardian's view."""
        for slot in range(SLOTS):
            tid, cpu, place, used, start = _SLOT.unpack_from(self._memory, _SLOTS_AT + slot * _SLOT.size)
            if tid:
                own = self._memory[place * _MASK_BYTES : (place + 1) * _MASK_BYTES]
                yield Pin(tid, cpu, affinity.from_bytes(own), start)
            elif not used:  # nor are those behind it
                return

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()


class Guardian:
    """The guardian as its tracer has it."""

    def __init__(self) -> None:
        """Fork it. Raises OSError."""
        self.table = Table()
        tracer = os.getpid()
        try:
            self.pid = os.fork()
        except OSError:
            self.table.close()
            raise
        if not self.pid:
            _guard(self.table, tracer)

    def dismiss(self, *, reaped: bool) -> None:
        """End it, unless its end was seen; the table is empty."""
        if not reaped:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.table.close()


def _guard(table: Table, tracer: int) -> NoReturn:
    """Be the guardian. Never returns."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        os.closerange(0, _ALL_DESCRIPTORS)
        for _ in range(3):
            os.open(os.devnull, os.O_RDWR)
        os.chdir("/")
        prctl.set_name(NAME)
        descriptor = os.pidfd_open(tracer)
        if os.getppid() == tracer:  # else it is gone already
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
        give_back(table.pins())
    finally:
        os._exit(0)


def give_back(pins: Iterable[Pin]) -> None:
    """Give threads their own masks back, and what they started meanwhile theirs.

    A pinned child of a process that was itself started and has ended since the tracer's end is not found.
    """
    families: dict[int, Pin] = {}
    for pin in pins:
        facts, status = proc.stat(pin.tid), proc.status(pin.tid)
        if facts is not None and status is not None and facts.start_ticks == pin.start_ticks:
            affinity.replace(pin.tid, (pin.cpu,), pin.own)
            families[status.tgid] = pin
    while families and _give_heirs_back(families):
        pass


def _give_heirs_back(families: dict[int, Pin]) -> bool:
    """Go through all processes once; say whether a thread was found that had inherited a pin."""
    found = False
    for pid in proc.pids():
        pin = families.get(pid)
        if pin is None:
            facts = proc.stat(pid)
            pin = families.get(facts.parent) if facts else None
        if pin is None:
            continue
        families[pid] = pin
        for tid in proc.threads(pid):
            found |= affinity.replace(tid, (pin.cpu,), pin.own)
    return found
