"""Who is at the other end of a connection: paired from connect and accept, and from what the kernel told."""

from __future__ import annotations

import struct
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final, TypeAlias

from bstinspect.decode.call import s32

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.descriptors import Descriptors

Place: TypeAlias = tuple[int, int]
"""A process and one of its descriptors."""
_SOL_SOCKET: Final = 1
_SO_PEERCRED: Final = 17
_MOST_WAITING: Final = 256
"""So many connects to one address wait for their accept; older ones were to somebody who is not traced."""


class Peers:
    """Connections between traced processes.

    The connects to an address meet the accepts there in their order: that is how the kernel hands them out.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._connected: dict[str, deque[Place]] = defaultdict(lambda: deque(maxlen=_MOST_WAITING))
        self._accepted: dict[str, deque[Place]] = defaultdict(lambda: deque(maxlen=_MOST_WAITING))
        self._others: dict[Place, Place] = {}
        self._pids: dict[Place, int] = {}
        self._numbers: dict[Place, int] = {}
        self._count = 0

    def take(self, call: Finished) -> None:
        """Take a call that has returned, before `Descriptors` does so."""
        if call.leaving is None:
            return
        pid, arguments = call.entry.pid, call.entry.arguments
        if call.name == "close":
            self._forget((pid, s32(arguments[0])))
        elif call.name in ("accept", "accept4") and not call.failed:
            life = self._descriptors.get(pid, s32(arguments[0]))
            self._meet((pid, call.value), life.name if life else "", self._accepted, self._connected)
        elif call.name == "getsockopt" and arguments[1:3] == (_SOL_SOCKET, _SO_PEERCRED) and not call.failed:
            data = call.decoded().peek(arguments[3], 12) or b""
            if len(data) == 12:
                self._pids[pid, s32(arguments[0])] = struct.unpack("<i8x", data)[0]

    def connected(self, call: Finished) -> None:
        """Take a connect, after `Descriptors` did so."""
        if call.leaving is None or (call.failed and call.error != "EINPROGRESS"):
            return
        place = call.entry.pid, s32(call.entry.arguments[0])
        life = self._descriptors.get(*place)
        self._meet(place, life.name if life else "", self._connected, self._accepted)

    def other(self, place: Place) -> Place | None:
        """Return the other end of a connection, where it is known."""
        return self._others.get(place)

    def pid(self, place: Place) -> int | None:
        """Return the process at the other end of a connection, where it is known."""
        other = self._others.get(place)
        return other[0] if other else self._pids.get(place)

    def number(self, place: Place) -> int:
        """Return the number of a connection, the same at both ends, counted from 1."""
        number = self._numbers.get(place)
        if number is None:
            other = self._others.get(place)
            number = self._numbers.get(other) if other else None
            if number is None:
                self._count += 1
                number = self._count
            self._numbers[place] = number
        return number

    def learn(self, one: Place, other: Place) -> None:
        """Note that what one sent came to the other."""
        self._others.setdefault(one, other)
        self._others.setdefault(other, one)

    def _meet(
        self, place: Place, address: str, mine: dict[str, deque[Place]], theirs: dict[str, deque[Place]]
    ) -> None:
        self._forget(place)
        if not address:
            return
        if theirs[address]:
            self.learn(place, theirs[address].popleft())
        else:
            mine[address].append(place)

    def _forget(self, place: Place) -> None:
        """Forget this end; the other one still has data on its way, and its process is still known."""
        other = self._others.pop(place, None)
        self._numbers.pop(place, None)
        self._pids.pop(place, None)
        if other is not None and self._others.get(other) == place:
            self._pids[other] = place[0]
            del self._others[other]
