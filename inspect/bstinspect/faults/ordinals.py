"""What one process sends, receives and does, counted into the addresses of its crash points. Pure.

A call has the places of the messages with a name that begin or end in it (of our cluster ``exec-reply`` and
so on, ``greeting``, ZMTP's commands in lower case: ``ready``), each counted over all connections. A message
cut over several calls is entered where it begins and left where it ends, under one ordinal; it is counted
where its name is first known. A call without any of these has one place without a name, and its ordinal
says which call of its connection and direction it is: all of them count, those with names too.

Only calls that moved bytes count as sends and receives: one that fails is made again, as the same place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.faults.address import Address
from bstinspect.zmtp import words
from bstinspect.zmtp.events import (
    Begun,
    Broken,
    Command,
    Continued,
    Greeting,
    GreetingBegun,
    Message,
    Missing,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from bstinspect.zmtp.events import Event

EVENTS: Final = {
    **dict.fromkeys(("sendto", "sendmsg"), "send"),
    **dict.fromkeys(("recvfrom", "recvmsg"), "recv"),
    **{name: name for name in ("bind", "connect", "listen", "fork", "unlink")},
    **dict.fromkeys(("vfork", "clone", "clone3"), "fork"),
    **dict.fromkeys(("wait4", "waitid"), "wait"),
    "unlinkat": "unlink",
    "exit_group": "exit",
}
"""The event that each syscall is. A clone is a fork only without CLONE_THREAD; a thread's exit is none."""
RESTARTS: Final = range(-516, -511)
"""Results of calls that a signal interrupts (ERESTARTSYS ... ERESTART_RESTARTBLOCK): they are made again."""
CLONE_THREAD: Final = 0x10000
"""The flag of a clone that makes a thread, and so is no fork (clone(2))."""
GREETING: Final = "greeting"
_OURS: Final = frozenset(words.NAMES.values())


class Place(msgspec.Struct, frozen=True):
    """Where a call stands: a crash point without its process and its entry or exit."""

    event: str
    message: str = ""
    connection: int = 0
    """0 where the place has a message with a name, or is none of a connection."""
    ordinal: int = 1
    begins: bool = True
    """The message begins in this call: here is its entry."""
    ends: bool = True
    """The message ends in this call: here is its exit."""

    def address(self, who: str, when: str) -> Address:
        """Return this place as a crash point of `who`, at its ``entry`` or ``exit``."""
        return Address(who, self.event, self.message, self.connection, self.ordinal, when)

    def __str__(self) -> str:
        return str(self.address("", "entry")).removesuffix("@entry")


class ConnectionNumbers:
    """The numbers of one process's connections, in the order in which it first used them."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._last = 0

    def number(self, key: Hashable) -> int:
        """Return the number of connection `key`, for example its descriptor; a new one has the next."""
        if key not in self._numbers:
            self._last += 1
            self._numbers[key] = self._last
        return self._numbers[key]

    def closed(self, key: Hashable) -> None:
        """Connection `key` is closed: what comes under the same key is another connection."""
        self._numbers.pop(key, None)


class Ordinals:
    """Counts the calls of one process. Calls come in their order, their connections by number."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        """By event, message and connection."""
        self._under_way: dict[tuple[str, int, type], Place] = {}
        """What began in a call and has not ended, by event, connection and kind of item."""

    def sends(self, connection: int, events: Sequence[Event]) -> list[Place]:
        """Return the places of a call that sent bytes over `connection`, which meant `events`; count them."""
        return self._moved("send", connection, events)

    def receives(self, connection: int, events: Sequence[Event]) -> list[Place]:
        """Return the places of a call that received bytes over `connection`; count them."""
        return self._moved("recv", connection, events)

    def call(self, event: str) -> Place:
        """Return the place of a call of another kind (``bind``, ``fork`` ...), and count it."""
        return self._next(event)

    def would_send(self, connection: int, events: Sequence[Event]) -> list[Place]:
        """Return the places that a call would have, were it made now and sent all. Nothing is counted."""
        counts, under_way = dict(self._counts), dict(self._under_way)
        places = self._moved("send", connection, events)
        self._counts, self._under_way = counts, under_way
        return places

    def would_call(self, event: str) -> Place:
        """Return the place that a call of another kind would have, were it made now. Nothing is counted."""
        return Place(event, ordinal=self._counts.get((event, "", 0), 0) + 1)

    def _moved(self, event: str, connection: int, events: Sequence[Event]) -> list[Place]:
        unnamed = self._next(event, "", connection)
        places = [place for each in events if (place := self._place(event, connection, each)) is not None]
        return places or [unnamed]

    def _place(self, event: str, connection: int, what: Event) -> Place | None:
        """Return the place of an item that begins or ends; None where it does not, or has no name."""
        match what:
            case Greeting() | Command() | Message():
                return self._ended(event, connection, what)
            case GreetingBegun():
                return self._began(event, connection, Greeting, GREETING)
            case Begun(item=item) if item is not None:
                return self._began(event, connection, type(item), _name(item))
            case Missing(in_step=False) | Broken():
                for kind in (Greeting, Command, Message):
                    self._under_way.pop((event, connection, kind), None)
                return None
            case Begun() | Continued() | Missing():
                return None

    def _began(self, event: str, connection: int, kind: type, name: str) -> Place | None:
        if not name:
            return None
        place = msgspec.structs.replace(self._next(event, name), ends=False)
        self._under_way[event, connection, kind] = place
        return place

    def _ended(self, event: str, connection: int, item: Greeting | Command | Message) -> Place | None:
        began = self._under_way.pop((event, connection, type(item)), None)
        if item.continued and began is not None:
            return msgspec.structs.replace(began, begins=False, ends=True)
        name = _name(item)
        if not name:
            return None
        return msgspec.structs.replace(self._next(event, name), begins=not item.continued)

    def _next(self, event: str, message: str = "", connection: int = 0) -> Place:
        key = (event, message, connection)
        self._counts[key] = self._counts.get(key, 0) + 1
        return Place(event, message, connection, self._counts[key])


def _name(item: Greeting | Command | Message) -> str:
    """Return the name of an item; empty for a message that is none of our cluster's."""
    match item:
        case Greeting():
            return GREETING
        case Message():
            return words.name(item) or ""
        case Command(name=name):
            lower = name.lower()
            return f"zmtp-{lower}" if lower in _OURS else lower
