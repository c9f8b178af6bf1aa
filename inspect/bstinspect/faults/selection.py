"""Which crash points and faults an exploration visits, and which of them need no run of their own."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import UsageError
from bstinspect.faults.address import EVENTS, WHENS, Address
from bstinspect.faults.fault import ON_CALLS, ON_MESSAGES, Fault
from bstinspect.faults.run import Injection
from bstinspect.zmtp.words import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from bstinspect.faults.run import Passed, Run

_NAMED: Final = frozenset(NAMES.values())
_LONG: Final = frozenset({"numbers"})
"""Messages that take several calls, and cannot be left out or changed in one."""
_OF_PROCESSES: Final = frozenset({"kill", "stop", "signal"})
"""Kinds of faults that happen to the process, whatever call it is in."""
_OTHERS: Final = ("controller", "keeper")


class Selection(msgspec.Struct, frozen=True):
    """Points by pattern, and the faults that happen at each."""

    nodes: tuple[str, ...] = ("*",)
    """Ids, with or without a life, as patterns of a shell; ``controller`` and ``keeper`` by their names."""
    events: tuple[str, ...] = EVENTS
    at: tuple[str, ...] = WHENS
    faults: tuple[Fault, ...] = (Fault("kill"), Fault("stop"))

    @classmethod
    def parse(cls, nodes: str = "*", events: str = "", at: str = "", faults: str = "kill,stop") -> Self:
        """Read a selection: words with commas or bars between them. Raises UsageError."""
        chosen = _words(events) or EVENTS
        whens = _words(at) or WHENS
        for kind, words, known in (("event", chosen, EVENTS), ("place", whens, WHENS)):
            for word in words:
                if word not in known:
                    raise UsageError(f"{word!r} is no {kind}; there are {', '.join(known)}", advice=False)
        kinds = tuple(Fault.parse(word) for word in _words(faults))
        if not kinds:
            raise UsageError("no fault is asked for", advice=False)
        return cls(_words(nodes) or ("*",), chosen, whens, kinds)

    def fits(self, at: Address) -> bool:
        """Tell whether a point is one of those asked for."""
        return (
            at.event in self.events and at.when in self.at and any(_is(each, at.who) for each in self.nodes)
        )

    def injections(self, at: Address) -> list[Injection]:
        """Return the faults that can happen at a point."""
        return [Injection(at, fault) for fault in self.faults if can_happen(fault, at)]


def injection(text: str) -> Injection:
    """Read ``20.1:send(exec-reply)#1@exit=kill``. Raises UsageError, where it cannot happen too."""
    at, equals, fault = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no ADDRESS=FAULT", advice=False)
    found = Injection(Address.parse(at), Fault.parse(fault))
    if not can_happen(found.fault, found.at):
        raise UsageError(f"{text!r}: there can be no {fault} at this point", advice=False)
    return found


def can_happen(fault: Fault, at: Address) -> bool:
    """Tell whether a fault can be put at a point."""
    if fault.kind in ON_MESSAGES:
        return at.event == "send" and at.when == "entry" and at.message in _NAMED - _LONG
    if fault.kind in ON_CALLS:
        return at.when == "entry" and at.event != "exit"
    return True


def equals(points: Sequence[Passed]) -> dict[Address, Address]:
    """Return, for points at which a death or a stop is the same as at a later one, that one.

    The points are those of a whole run, in its order. Two are the same where one call is at both (a send
    that carries two messages), or where the process goes from the exit of a call to the entry of the next
    while no other process comes to a point: nothing that anybody can observe has happened in between.
    """
    like: dict[Address, Address] = {}
    for before, after in zip(reversed(points[:-1]), reversed(points[1:]), strict=True):
        together = before.stop == after.stop
        next_call = before.at.when == "exit" and after.at.when == "entry" and before.command == after.command
        if before.at.who == after.at.who and (together or next_call):
            like[before.at] = like.get(after.at, after.at)
    return like


def after(run: Run, injection: Injection) -> tuple[Passed, ...]:
    """Return the points that a run passed after a fault took effect."""
    for index, passed in enumerate(run.points):
        if injection.at.fits(passed.at):
            return run.points[index + 1 :]
    return ()


def is_of_process(fault: Fault) -> bool:
    """Tell whether a fault happens to the process, whatever call it is in."""
    return fault.kind in _OF_PROCESSES


def _is(pattern: str, who: str) -> bool:
    if who in _OTHERS or pattern in _OTHERS:
        return pattern == who
    return fnmatch.fnmatchcase(who, pattern) or fnmatch.fnmatchcase(who.partition(".")[0], pattern)


def _words(text: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(text, str):
        text = text.replace("|", ",").split(",")
    return tuple(word.strip() for word in text if word.strip())
