"""One direction of a connection: the bytes of one call after the other, told as greeting, commands, messages.

A stream that is seen from its first byte begins with a greeting, or it is not ZMTP and nothing is ever
told of it. One that was there before (``late``) is believed to be ZMTP as soon as it greets, or as one of
its first `TRIES` calls looks like nothing but whole frames (`frames.tiles`): then that call is read, and all
after it. Until then it is silent. Another protocol may be taken for ZMTP by that, if it has a length of two
bytes in network order before each of its messages, and sends them whole and shorter than 256 bytes.

Bytes of a call that were not captured are skipped by count where they belong to one frame. Where the end of
a frame is among them, the stream is out of step, and silent until a call looks like whole frames again.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from bstinspect.zmtp import greeting
from bstinspect.zmtp.assembly import Assembly
from bstinspect.zmtp.events import Broken, Continued, Event, Greeting, GreetingBegun, Missing
from bstinspect.zmtp.frames import FrameError, tiles

TRIES: Final = 16
"""So many calls of a late stream are looked at before it is given up."""


class Phase(Enum):
    """What the next byte belongs to."""

    GREETING = auto()
    FRAMES = auto()
    SEARCHING = auto()
    SILENT = auto()


class Stream:
    """Puts the bytes of calls together. Memory is bounded, whatever comes; `feed` never raises."""

    def __init__(self, *, late: bool = False) -> None:
        self.phase = Phase.SEARCHING if late else Phase.GREETING
        self._tries = TRIES
        """Calls that are still looked at while searching; without an end once the stream has greeted."""
        self._greeted = False
        self._first = True
        self._greeting = b""
        self._told_of_greeting = False
        self._assembly = Assembly()

    def feed(self, data: bytes, length: int) -> list[Event]:
        """Return what a call meant that moved `length` bytes, of which the first, `data`, were captured."""
        events: list[Event] = []
        if length <= 0 or self.phase is Phase.SILENT:
            return events
        data = data[:length]
        try:
            if self.phase is Phase.SEARCHING:
                self._search(data, length)
            at = 0
            while at < len(data) and self.phase in {Phase.GREETING, Phase.FRAMES}:
                take = self._greet if self.phase is Phase.GREETING else self._take
                at = take(data, at, events)
            self._end_call(length - len(data), events)
        except greeting.GreetingError:
            self.phase = Phase.SILENT
            self._greeting = b""
        except FrameError as error:
            if self._greeted:
                events.append(Broken(str(error)))
            self.phase = Phase.SILENT
            self._assembly.drop()
        self._first = False
        return events

    def _search(self, data: bytes, length: int) -> None:
        if len(data) >= greeting.SIGNATURE and data[:1] == b"\xff" and data[9:10] == b"\x7f":
            self.phase = Phase.GREETING
        elif tiles(data, length):
            self.phase = Phase.FRAMES
        elif not self._greeted:
            self._tries -= 1
            if not self._tries:
                self.phase = Phase.SILENT

    def _greet(self, data: bytes, at: int, events: list[Event]) -> int:
        """Take bytes of the greeting; return where it stopped."""
        if self._first and data == greeting.OLDEST:
            events.append(Greeting((1, 0)))
            self.phase = Phase.SILENT
            return len(data)
        end = at + greeting.needed(self._greeting) - len(self._greeting)
        self._greeting += data[at:end]
        if len(self._greeting) == greeting.needed(self._greeting):
            whole = greeting.parse(self._greeting, continued=self._told_of_greeting)
            events.append(whole)
            self._greeted = True
            self._greeting = b""
            self.phase = Phase.SILENT if whole.version < (2, 0) else Phase.FRAMES
            self._assembly.mechanism = whole.mechanism
            self._assembly.socket_type = whole.socket_type
            self._assembly.identity = whole.identity
        return min(end, len(data))

    def _take(self, data: bytes, at: int, events: list[Event]) -> int:
        at, item = self._assembly.take(data, at)
        if item is not None:
            events.append(item)
        return at

    def _end_call(self, missing: int, events: list[Event]) -> None:
        """Tell what goes on in the next call, and of `missing` bytes of this one."""
        lost = 0
        greets = self.phase is Phase.GREETING and len(self._greeting) >= greeting.SIGNATURE
        tell = greets or self.phase is Phase.FRAMES
        if missing and self.phase is Phase.FRAMES:
            skipped, item = self._assembly.skip(missing)
            if item is not None:
                events.append(item)
            lost = missing - skipped
        elif self.phase is Phase.GREETING:
            lost = missing
        if lost:
            self._lose_step()
        elif self.phase is Phase.FRAMES and (under_way := self._assembly.end_call()) is not None:
            events.append(under_way)
        elif greets:
            events.append(Continued(0, 0, more=False) if self._told_of_greeting else GreetingBegun())
            self._told_of_greeting = True
        if missing and tell:
            events.append(Missing(missing, in_step=not lost))

    def _lose_step(self) -> None:
        self.phase = Phase.SEARCHING
        self._greeting = b""
        self._told_of_greeting = False
        self._assembly.drop()
