"""Who is at the other end of a connection: paired from connect and accept, and from what the kernel told."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

from bstinspect.decode.call import s32

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.descriptors import Descriptors
    from bstinspect.findings.model import MessageFacts, SeenCall

Place: TypeAlias = tuple[int, int]
"""A process and one of its descriptors."""
_SOL_SOCKET: Final = 1
_SO_PEERCRED: Final = 17
_MOST_WAITING: Final = 256
"""So many connects to one address wait for their accept; older ones were to somebody who is not traced."""
_MOST_ADDRESSES: Final = 1000
_MOST_ARRIVALS: Final = 16
_MOST_ENDS: Final = 10_000
"""So many descriptors are known at a time; the oldest is forgotten for a new one."""


class LinkEnd:
    """One end of one connection: a descriptor from its opening to its end."""

    __slots__ = (
        "_number", "abandoned", "arrivals", "is_zmtp", "other", "peer", "place", "received", "sends", "sent",
        "uncertain", "under_way",
    )  # fmt: skip

    def __init__(self, place: Place) -> None:
        self.place = place
        self.other: LinkEnd | None = None
        """The other end, where it is known; also when that is closed: what it sent is still on its way."""
        self.peer: int | None = None
        """The process there, where only that is known."""
        self._number = 0
        self.uncertain = False
        """Its connect was still in progress when it returned: it may be refused."""
        self.abandoned = False
        """It was closed, and nothing had come of it: nobody accepts it any more."""
        self.is_zmtp = False
        """Its bytes were understood; of other connections there is the following."""
        self.sends = 0
        self.sent = 0
        self.received = 0
        """Bytes."""
        self.under_way: deque[tuple[int, MessageFacts]] = deque()
        """What was sent and has not arrived: where it ends in the stream, and the send."""
        self.arrivals: deque[tuple[int, SeenCall]] = deque(maxlen=_MOST_ARRIVALS)
        """The last receives: up to where in the stream, and the call."""

    @property
    def pid(self) -> int | None:
        """Return the process at the other end, where it is known."""
        return self.other.place[0] if self.other else self.peer

    def number(self, new: int) -> int:
        """Return the connection's number, the same at both ends; `new` where it has none."""
        if not self._number:
            self._number = (self.other._number if self.other else 0) or new  # noqa: SLF001 - its like
        return self._number

    def meet(self, other: LinkEnd) -> None:
        """Note that this is the other end of that."""
        if self.other is None and other.other is None:
            self.other, other.other = other, self


class Peers:
    """Connections between traced processes.

    The connects to an address meet the accepts there in their order: that is how the kernel hands them out.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._connected = _Waiting()
        self._accepted = _Waiting()
        self._ends: dict[Place, LinkEnd] = {}
        self._count = 0

    def take(self, call: Finished) -> None:
        """Take a call that has returned, before `Descriptors` does so."""
        if call.leaving is None:
            return
        pid, arguments = call.entry.pid, call.entry.arguments
        if call.name == "close":
            end = self._ends.pop((pid, s32(arguments[0])), None)
            if end is not None:
                end.abandoned = end.uncertain and not (end.is_zmtp or end.sent or end.received)
        elif call.name in ("accept", "accept4") and not call.failed:
            life = self._descriptors.get(pid, s32(arguments[0]))
            self._meet((pid, call.value), life.name if life else "", self._accepted, self._connected)
        elif call.name == "getsockopt" and arguments[1:3] == (_SOL_SOCKET, _SO_PEERCRED) and not call.failed:
            data = call.decoded().peek(arguments[3], 12) or b""
            if len(data) == 12:
                self.end((pid, s32(arguments[0]))).peer = struct.unpack("<i8x", data)[0]

    def connected(self, call: Finished) -> None:
        """Take a connect, after `Descriptors` did so."""
        if call.leaving is None or (call.failed and call.error != "EINPROGRESS"):
            return
        place = call.entry.pid, s32(call.entry.arguments[0])
        life = self._descriptors.get(*place)
        self._meet(place, life.name if life else "", self._connected, self._accepted)
        self._ends[place].uncertain = call.failed

    def end(self, place: Place) -> LinkEnd:
        """Return the end of the connection that a descriptor is now."""
        end = self._ends.get(place)
        return end or self._new(place)

    def pid(self, place: Place) -> int | None:
        """Return the process at the other end of a connection, where it is known."""
        end = self._ends.get(place)
        return end.pid if end else None

    def number(self, end: LinkEnd) -> int:
        """Return the number of a connection, the same at both ends, counted from 1."""
        number = end.number(self._count + 1)
        self._count = max(self._count, number)
        return number

    def forked(self, parent: int, child: int) -> None:
        """A process has the descriptors of the one that forked it: they are the same ends."""
        for (pid, fd), end in list(self._ends.items()):
            if pid == parent:
                self._ends.setdefault((child, fd), end)

    def ended(self, pid: int) -> None:
        """A process is gone: its descriptors are nobody's any more."""
        for place in [each for each in self._ends if each[0] == pid]:
            del self._ends[place]

    def _new(self, place: Place) -> LinkEnd:
        self._ends.pop(place, None)
        end = self._ends[place] = LinkEnd(place)
        if len(self._ends) > _MOST_ENDS:
            del self._ends[next(iter(self._ends))]
        return end

    def _meet(self, place: Place, address: str, mine: _Waiting, theirs: _Waiting) -> None:
        end = self._new(place)
        if not address:
            return
        other = theirs.first(address)
        if other is not None:
            end.meet(other)
        else:
            mine.add(address, end)


class _Waiting:
    """Ends that wait for the other one, by the address where they meet."""

    def __init__(self) -> None:
        self._by_address: dict[str, deque[LinkEnd]] = {}

    def add(self, address: str, end: LinkEnd) -> None:
        """Let an end wait."""
        key = _meeting_place(address)
        queue = self._by_address.get(key)
        if queue is None:
            queue = self._by_address[key] = deque(maxlen=_MOST_WAITING)
            if len(self._by_address) > _MOST_ADDRESSES:
                del self._by_address[next(iter(self._by_address))]
        queue.append(end)

    def first(self, address: str) -> LinkEnd | None:
        """Return who has waited longest at an address, and let it wait no more."""
        key = _meeting_place(address)
        queue = self._by_address.get(key)
        end = None
        while queue and (end is None or end.abandoned):
            end = queue.popleft()
        if queue is not None and not queue:
            del self._by_address[key]
        return None if end is None or end.abandoned else end


def _meeting_place(address: str) -> str:
    """Return where a connect to an address and an accept there meet.

    Of TCP that is the port: a server mostly listens on 0.0.0.0, and is connected to by another address.
    """
    host, colon, port = address.rpartition(":")
    return port if colon and port.isdigit() and not host.startswith(("/", "@")) else address
