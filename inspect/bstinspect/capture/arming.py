"""A crash that waits for its point: `crash ID --at` (see `bstinspect.faults.address`).

Counting begins with the arming. A connection that is open then is joined late: of a message that was cut
over several calls before the first whole one nothing is known (`bstinspect.zmtp.stream`).
"""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import native_numbers
from bstinspect.faults.ordinals import CLONE_THREAD, EVENTS, RESTARTS, ConnectionNumbers, Ordinals
from bstinspect.linux.ptrace import SyscallEntryInfo
from bstinspect.zmtp.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from bstinspect.capture.tracee import Thread
    from bstinspect.faults.address import Address
    from bstinspect.faults.ordinals import Place
    from bstinspect.linux.ptrace import SyscallExitInfo

_NUMBERS: Final = native_numbers()
_VECTORS: Final = frozenset({"sendmsg", "recvmsg"})
"""No node makes these calls: libzmq sends and receives one buffer at a time."""
_CALLS: Final = {
    _NUMBERS[name]: event for name, event in EVENTS.items() if name in _NUMBERS and name not in _VECTORS
}
_CLONE: Final = _NUMBERS.get("clone", -1)
_CLONE3: Final = _NUMBERS["clone3"]
_MSG_PEEK: Final = 2
_MOST: Final = 1 << 16
"""Bytes of a call that are looked at; libzmq sends 8192 at a time."""


class Armed:
    """Looks at the calls of one process, as far as the point is of their kind."""

    def __init__(self, address: Address, on_reached: Callable[[], None]) -> None:
        """`on_reached` is called once, before the process is killed."""
        self._address = address
        self.on_reached = on_reached
        self._ordinals = Ordinals()
        self._numbers = ConnectionNumbers()
        self._streams: dict[Hashable, Stream] = {}
        """By connection, the direction that the point is of."""
        self._inside: dict[int, tuple[int, tuple[int, ...]]] = {}
        """By tid the call that it is in: number and arguments."""

    def is_at(self, thread: Thread, info: SyscallEntryInfo | SyscallExitInfo) -> bool:
        """Tell whether a thread in a syscall-stop, of the machine's own kind, is at the point."""
        if isinstance(info, SyscallEntryInfo):
            self._inside.pop(thread.tid, None)
            if _CALLS.get(info.number) != self._address.event or _makes_thread(thread, info):
                return False
            self._inside[thread.tid] = info.number, info.arguments
            places = self._entered(thread, info) if self._address.when == "entry" else ()
        else:
            _, arguments = self._inside.pop(thread.tid, (0, None))
            if arguments is None:
                return False
            places = self._left(thread, arguments, info)
        return any(each.address(self._address.who, self._address.when) == self._address for each in places)

    def _entered(self, thread: Thread, info: SyscallEntryInfo) -> Iterable[Place]:
        """Return the places that begin with a call that is about to be made."""
        if self._address.event != "send":
            return (self._ordinals.would_call(self._address.event),)
        key = _connection(thread, info.arguments[0])
        length = info.arguments[2]
        data = thread.read(info.arguments[1], min(length, _MOST))
        events = copy.deepcopy(self._stream(key)).feed(data, length)
        places = self._ordinals.would_send(self._numbers.number(key), events)
        return [each for each in places if each.begins]

    def _left(self, thread: Thread, arguments: tuple[int, ...], info: SyscallExitInfo) -> Iterable[Place]:
        """Count a call that was made; return the places that end with it, where that is asked for."""
        event, at_exit = self._address.event, self._address.when == "exit"
        if event not in ("send", "recv"):
            if info.is_error and info.value in RESTARTS:
                return ()
            place = self._ordinals.call(event)
            return (place,) if at_exit else ()
        if info.value <= 0 or (event == "recv" and arguments[3] & _MSG_PEEK):
            return ()
        key = _connection(thread, arguments[0])
        data = thread.read(arguments[1], min(info.value, _MOST))
        events = self._stream(key).feed(data, info.value)
        count = self._ordinals.sends if event == "send" else self._ordinals.receives
        return [each for each in count(self._numbers.number(key), events) if each.ends and at_exit]

    def _stream(self, key: Hashable) -> Stream:
        if key not in self._streams:
            self._streams[key] = Stream(late=True)
        return self._streams[key]


def _connection(thread: Thread, descriptor: int) -> Hashable:
    """Return what tells a socket from a later one of the same number: its inode."""
    try:
        return os.readlink(f"/proc/{thread.process.pid}/fd/{descriptor}")  # noqa: PTH115 - for every call
    except OSError:
        return descriptor


def _makes_thread(thread: Thread, info: SyscallEntryInfo) -> bool:
    flags = info.arguments[0]
    if info.number == _CLONE3:
        flags = int.from_bytes(thread.read(flags, 8), "little")
    return info.number in (_CLONE, _CLONE3) and bool(flags & CLONE_THREAD)
