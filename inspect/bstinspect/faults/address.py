"""The address of a crash point: ``20.1:send(exec-reply)#1@exit``. Parsed and printed; no I/O.

    [WHO:]EVENT[(MESSAGE)][/CONNECTION][#ORDINAL]@WHEN

WHO is a node's id and life (``20.1``), an id for any of its lives (``20``), ``controller`` or ``keeper``;
without it the address fits any process. MESSAGE is a message's name (`bstinspect.zmtp.words.NAMES`,
``greeting``, ``ready``): the ordinal then counts what this process sent, or received, of that name, over all
of its connections. A send or receive without a name counts the calls on one connection: CONNECTION is the
connection's number in the order in which the process first used it, 1 where it is not given. Everything else
counts the calls of the process. ``@entry``: the call has not happened yet; ``@exit``: it has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

EVENTS: Final = ("send", "recv", "bind", "connect", "listen", "fork", "unlink", "wait", "exit")
MESSAGE_EVENTS: Final = ("send", "recv")
WHENS: Final = ("entry", "exit")
_ADDRESS: Final = re.compile(
    r"(?:(?P<who>controller|keeper|[+-]?[0-9]+(?:\.[0-9]+)?):)?"
    r"(?P<event>[a-z]+)(?:\((?P<message>[^()\s]+)\))?(?:/(?P<connection>[0-9]+))?(?:#(?P<ordinal>[0-9]+))?"
    r"@(?P<when>[a-z]+)",
    re.ASCII,
)
_MOST: Final = 10**9


class Address(msgspec.Struct, frozen=True, order=True):
    """One crash point, or with an open `who` the same point of several processes."""

    who: str
    """``20.1``, ``20`` (any life), ``controller``, ``keeper``; empty: any process."""
    event: str
    message: str = ""
    connection: int = 0
    """0 where the address names a message, or where the event has no connection."""
    ordinal: int = 1
    when: str = "entry"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address. Raises UsageError, which says what is wrong with it."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise UsageError(
                f"{text!r} is no crash point; one looks like 20.1:send(exec-reply)#1@exit", advice=False
            )
        event, message, when = found["event"], found["message"] or "", found["when"]
        connection, ordinal = found["connection"], int(found["ordinal"] or 1)
        if event not in EVENTS:
            raise UsageError(f"{text!r}: {event!r} is none of {', '.join(EVENTS)}", advice=False)
        if when not in WHENS:
            raise UsageError(f"{text!r}: {when!r} is neither entry nor exit", advice=False)
        if (message or connection) and event not in MESSAGE_EVENTS:
            raise UsageError(f"{text!r}: only a send or a recv has a message or a connection", advice=False)
        if message and connection:
            raise UsageError(f"{text!r}: a message is counted over all connections", advice=False)
        if not 1 <= ordinal <= _MOST or (connection is not None and not 1 <= int(connection) <= _MOST):
            raise UsageError(f"{text!r}: it is counted from 1", advice=False)
        number = int(connection or 1) if event in MESSAGE_EVENTS and not message else 0
        return cls(found["who"] or "", event, message, number, ordinal, when)

    def fits(self, other: Address) -> bool:
        """Tell whether `other`, a point of one process and life, is the one that this address means."""
        same = (self.event, self.message, self.connection, self.ordinal, self.when)
        if same != (other.event, other.message, other.connection, other.ordinal, other.when):
            return False
        return self.who in ("", other.who) or self.who == other.who.partition(".")[0]

    def __str__(self) -> str:
        who = f"{self.who}:" if self.who else ""
        message = f"({self.message})" if self.message else ""
        connection = f"/{self.connection}" if self.connection > 1 else ""
        return f"{who}{self.event}{message}{connection}#{self.ordinal}@{self.when}"
