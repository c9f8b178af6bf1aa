"""--points: which calls are crash points, and the address of each (see `bstinspect.faults.address`).

Counted is what is traced, from where the trace begins. A process of our cluster has the name of the socket
that it binds (``20.1``, ``controller``), or under which it greets its parent, the keeper that of its program;
any other has no name here.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import s32
from bstinspect.faults.ordinals import EVENTS, RESTARTS, ConnectionNumbers, Ordinals
from bstinspect.trace.annotating import ZmtpAnnotator, makes_process
from bstinspect.zmtp.events import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bstinspect.decode.call import Call
    from bstinspect.faults.ordinals import Place
    from bstinspect.zmtp.events import Event

_PATH: Final = re.compile(rb"/bstrace-[^/]+/(controller|-?\d{1,19}\.\d{1,19})\Z")
"""A socket in the directory of a cluster."""
_IDENTITY: Final = re.compile(rb"-?\d{1,19}\.\d{1,19}")
_KEEPER: Final = b"bstcluster.keeper\0"
_NAMING: Final = frozenset({"execve"})
_MOVES: Final = frozenset({"send", "recv"})
_MAKES_CONNECTIONS: Final = frozenset({"socket", "accept", "accept4"})
_PATH_MOST: Final = 110
_ARGUMENTS: Final = 8


def nobody(_pid: int) -> str:
    """Return no name."""
    return ""


class _Process:
    """What is counted of one process."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.is_named = False
        """It has said its name itself."""
        self.ordinals = Ordinals()
        self.connections = ConnectionNumbers()


class Points:
    """Counts the calls of all processes."""

    def __init__(self, name_of: Callable[[int], str] = nobody) -> None:
        """`name_of` gives a process its name, by pid, until it shows one of its own; empty: it has none."""
        self._name_of = name_of
        self._processes: dict[int, _Process] = {}

    def moved(self, pid: int, fd: int, events: list[Event], *, sent: bool) -> list[Place]:
        """Return the places of a call that moved bytes, which meant `events`."""
        process = self._process(pid)
        if sent and not process.is_named and (name := _introduced(events)):
            process.who, process.is_named = name, True
        count = process.ordinals.sends if sent else process.ordinals.receives
        return count(process.connections.number(fd), events)

    def called(self, call: Call, pid: int) -> Place | None:
        """Return the place of a call of another kind; None where it is no crash point."""
        process = self._process(pid)
        if not process.is_named and (name := _name(call)):
            process.who, process.is_named = name, True
        event = EVENTS.get(call.name)
        if event is None or event in _MOVES or (call.is_error and call.value in RESTARTS):
            return None
        if event == "fork" and not makes_process(call):
            return None
        return process.ordinals.call(event)

    def closed(self, pid: int, fd: int) -> None:
        """`fd` of process `pid` is closed, or new."""
        self._process(pid).connections.closed(fd)

    def who(self, pid: int) -> str:
        """Return the name of a process; empty where it has none."""
        return self._process(pid).who

    def ended(self, pid: int) -> None:
        """A process has ended."""
        self._processes.pop(pid, None)

    def _process(self, pid: int) -> _Process:
        process = self._processes.get(pid)
        if process is None:
            process = self._processes[pid] = _Process(self._name_of(pid))
        return process


class PointAnnotator(ZmtpAnnotator):
    """Annotates calls with their addresses: ``20.1:send(exec-reply)#1``."""

    def __init__(self, name_of: Callable[[int], str] = nobody) -> None:
        """`name_of` gives a process its name, by pid, until it shows one of its own; empty: it has none."""
        super().__init__()
        self._points = Points(name_of)
        self._places: list[Place] = []
        self._moves = False
        self.points: tuple[str, ...] = ()
        """The addresses of the last call."""
        self.words = ""
        """What --zmtp would have said of the last call."""

    def wants(self, name: str) -> bool:
        """Tell whether a call of that name can be a crash point, or says who its process is."""
        return name in EVENTS or name in _NAMING or super().wants(name)

    def annotate(self, call: Call, pid: int) -> str:
        """Return the addresses of a call, with commas between; empty where it is no crash point."""
        self._places = []
        self._moves = EVENTS.get(call.name) in _MOVES  # a read or a write is no crash point
        self.words = super().annotate(call, pid)
        place = self._points.called(call, pid)
        if place is not None:
            self._places = [place]
        who = self._points.who(pid)
        self.points = tuple(text for each in self._places if (text := written(each, who)))
        return ", ".join(self.points)

    def moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> list[Event]:
        """Take what a call moved."""
        events = super().moved(pid, fd, data, length, sent=sent)
        if length > 0 and self._moves:
            self._places = self._points.moved(pid, fd, events, sent=sent)
        return events

    def _descriptors(self, call: Call, pid: int) -> None:
        super()._descriptors(call, pid)
        if call.name == "close":
            self._points.closed(pid, s32(call[0]))
        elif call.name in _MAKES_CONNECTIONS:
            self._points.closed(pid, call.value)

    def ended(self, pid: int) -> None:
        """A process has ended."""
        super().ended(pid)
        self._points.ended(pid)


class PointsAndMessages(PointAnnotator):
    """Annotates calls with their addresses, and with the messages that they moved."""

    def annotate(self, call: Call, pid: int) -> str:
        """Return the addresses of a call, then the words of --zmtp."""
        points = super().annotate(call, pid)
        return "; ".join(text for text in (points, self.words) if text)


def written(place: Place, who: str) -> str:
    """Return a place as an address; without its @WHEN where both are points. Empty where neither is.

    A receive has only an exit (what it brings is not known before), an exit only an entry, and a message that
    was cut has its entry in one call and its exit in another.
    """
    entry = place.begins and place.event != "recv"
    leaves = place.ends and place.event != "exit"
    if not (entry or leaves):
        return ""
    text = f"{who}:{place}" if who else str(place)
    if entry and leaves:
        return text
    return text + ("@entry" if entry else "@exit")


def _introduced(events: Iterable[Event]) -> str:
    """Return the name under which a node greets its parent; mostly empty."""
    for event in events:
        if isinstance(event, Command) and event.name == "READY":
            for key, value in event.properties:
                if key.lower() == "identity" and _IDENTITY.fullmatch(value):
                    return value.decode("ascii")
    return ""


def _name(call: Call) -> str:
    """Return the name that a call gives to its process; mostly empty."""
    match call.name:
        case "bind":
            path = (call.peek(call[1], min(call[2], _PATH_MOST)) or b"")[2:].rstrip(b"\0")
        case "unlink":  # libzmq makes room before it binds
            path = (call.before.string(call[0], _PATH_MOST) or b"").rstrip(b"\0")
        case "execve" if _runs_keeper(call):
            return "keeper"
        case _:
            return ""
    found = _PATH.search(path)
    return found[1].decode("ascii") if found else ""


def _runs_keeper(call: Call) -> bool:
    pointers = call.before.read(call[1], 8 * _ARGUMENTS)
    return any(
        call.before.string(address, len(_KEEPER)) == _KEEPER
        for (address,) in struct.iter_unpack("<Q", pointers[: len(pointers) // 8 * 8])
        if address
    )
