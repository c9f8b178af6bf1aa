"""Crash points that are asked for by name, and the names that a test's ids have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.fault import Fault
from bstinspect.faults.selection import can_happen, injection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from bstinspect.faults.run import Injection


class Target(msgspec.Struct, frozen=True):
    """A crash point, with its fault or with any; or several faults, one after the other."""

    at: Address
    fault: Fault | None = None
    before: tuple[Injection, ...] = ()
    """The faults that come first."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``ADDRESS``, ``ADDRESS=FAULT`` or ``ADDRESS=FAULT,ADDRESS=FAULT``. Raises UsageError."""
        *first, last = text.split(",")
        at, equals, fault = last.partition("=")
        found = cls(Address.parse(at), Fault.parse(fault) if equals else None, tuple(map(injection, first)))
        if found.fault is not None and not can_happen(found.fault, found.at):
            raise UsageError(f"{text!r}: there can be no {found.fault} at this point", advice=False)
        return found


def name(injections: Sequence[Injection]) -> str:
    """Return how a test's id names some faults; `Target.parse` reads it."""
    return ",".join(map(str, injections))
