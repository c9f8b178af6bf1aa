"""What calls move over connections: messages where the bytes are ZeroMQ's, else the mere sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.trace.annotating import MOVES, ZmtpAnnotator

if TYPE_CHECKING:
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


class Traffic(ZmtpAnnotator):
    """Annotates calls as --zmtp does, and remembers what the last one moved."""

    def __init__(self) -> None:
        super().__init__()
        self._last: Move | None = None
        self.words = ""
        """What was said of the call that was annotated last."""

    def moves(self, name: str) -> bool:
        """Tell whether calls of that name move bytes."""
        return name in MOVES

    def annotate(self, call: Call, pid: int) -> str:
        """Return what the call moved, in words."""
        self._last = None
        text = super().annotate(call, pid)
        self.words = text.removeprefix("zmtp: ")
        return text

    def take(self) -> Move | None:
        """Return what the call moved that was annotated last, and forget it."""
        last, self._last = self._last, None
        return last

    def moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> list[Event]:
        """Take what a call moved."""
        events = super().moved(pid, fd, data, length, sent=sent)
        self._last = Move(pid, fd, sent, data[: max(length, 0)], length, events)
        return events
