"""What calls move over connections: messages where the bytes are ZeroMQ's, else the mere sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.trace.annotating import MOVES
from bstinspect.trace.pointing import PointAnnotator, nobody

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.decode.call import Call
    from bstinspect.zmtp.events import Event


class Move(msgspec.Struct, frozen=True):
    """What one call sent or received."""

    pid: int
    fd: int
    sent: bool
    data: bytes
    """As much of it as was captured;"""
    length: int
    """the call's result."""
    events: list[Event]
    """What that means in ZMTP; empty where it means nothing."""


class Traffic(PointAnnotator):
    """Annotates calls as --zmtp does, and remembers what the last one moved, and its addresses."""

    def __init__(self, name_of: Callable[[int], str] = nobody) -> None:
        """`name_of` gives a process its name, by pid, until it shows one of its own; empty: it has none."""
        super().__init__(name_of)
        self._last: Move | None = None

    def moves(self, name: str) -> bool:
        """Tell whether calls of that name move bytes."""
        return name in MOVES

    def annotate(self, call: Call, pid: int) -> str:
        """Return what the call moved, in words."""
        self._last = None
        super().annotate(call, pid)
        text, self.words = self.words, self.words.removeprefix("zmtp: ")
        return text

    def take(self) -> Move | None:
        """Return what the call moved that was annotated last, and forget it."""
        last, self._last = self._last, None
        return last

    def take_points(self) -> tuple[str, ...]:
        """Return the addresses, as crash points, of the call that was annotated last, and forget them."""
        points, self.points = self.points, ()
        return points

    def moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> list[Event]:
        """Take what a call moved."""
        events = super().moved(pid, fd, data, length, sent=sent)
        self._last = Move(pid, fd, sent, data[: max(length, 0)], length, events)
        return events
