"""The connections of all traced processes: whose bytes go to which stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.zmtp.labels import label
from bstinspect.zmtp.stream import Stream

if TYPE_CHECKING:
    from bstinspect.zmtp.events import Event

MOST: Final = 1024
"""So many descriptors are known at a time; whichever was not used for longest is forgotten for a new one."""


class Connection:
    """Both directions of a connection."""

    def __init__(self, *, late: bool) -> None:
        self.sent = Stream(late=late)
        self.received = Stream(late=late)


class Connections:
    """Streams by process and descriptor."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Connection] = {}
        """By (pid, descriptor), in the order of their last use."""
        self._running: set[int] = set()
        """Processes of which a call was seen."""

    def __len__(self) -> int:
        return len(self._known)

    def opened(self, pid: int, fd: int) -> None:
        """`fd` of process `pid` is new (socket, accept): it begins with a greeting, or is not ZMTP."""
        self._running.add(pid)
        self._remember((pid, fd), Connection(late=False))

    def closed(self, pid: int, fd: int) -> None:
        """`fd` of process `pid` is closed."""
        self._running.add(pid)
        self._known.pop((pid, fd), None)

    def closed_range(self, pid: int, first: int, last: int) -> None:
        """The descriptors from `first` to `last` of process `pid` are closed."""
        self._running.add(pid)
        for key in [key for key in self._known if key[0] == pid and first <= key[1] <= last]:
            del self._known[key]

    def duplicated(self, pid: int, fd: int, copy: int) -> None:
        """`copy` is the same connection as `fd` from now on (dup, dup2, fcntl with F_DUPFD)."""
        self._known.pop((pid, copy), None)
        if (pid, fd) in self._known:
            self._remember((pid, copy), self._known[pid, fd])

    def forked(self, parent: int, child: int) -> None:
        """Process `child` is a copy of `parent`: each of its descriptors is the same connection.

        Not where the child has run before its parent's fork returned: what it closed must not come back, for
        the next file of that number would be read as the parent's connection. What it kept is joined late.
        """
        if child in self._running:
            return
        for (pid, fd), connection in list(self._known.items()):
            if pid == parent:
                self._remember((child, fd), connection)

    def ended(self, pid: int) -> None:
        """Process `pid` is gone, or calls of it were not seen: what it has open is unknown now."""
        self._running.discard(pid)
        for key in [key for key in self._known if key[0] == pid]:
            del self._known[key]

    def moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> list[Event]:
        """Return what a call meant that moved `length` bytes (its result), the first of which are `data`.

        Nothing where `length` is an error's number. Not for MSG_PEEK: those bytes come again.
        """
        if length <= 0:
            return []
        connection = self._use(pid, fd)
        return (connection.sent if sent else connection.received).feed(data, length)

    def sent(self, pid: int, fd: int, data: bytes, length: int) -> str:
        """Return in words what a call sent."""
        return label(self.moved(pid, fd, data, length, sent=True))

    def received(self, pid: int, fd: int, data: bytes, length: int) -> str:
        """Return in words what a call received."""
        return label(self.moved(pid, fd, data, length, sent=False))

    def _use(self, pid: int, fd: int) -> Connection:
        self._running.add(pid)
        connection = self._known.get((pid, fd)) or Connection(late=True)
        self._remember((pid, fd), connection)
        return connection

    def _remember(self, key: tuple[int, int], connection: Connection) -> None:
        self._known.pop(key, None)
        self._known[key] = connection
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
