"""What stands before a call or an event on its line: pid, time, number, address (strace's printleader)."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from bstinspect.decode.durations import BILLION, fraction
from bstinspect.decode.quote import quote_name

if TYPE_CHECKING:
    from bstinspect.decode.layout import Layout
    from bstinspect.decode.style import Style
    from bstinspect.decode.thread import Thread

_NINE: Final = 9
_U64: Final = (1 << 64) - 1


class Leader:
    """Knows from the layout what is wanted, and the time of the line before."""

    def __init__(self, layout: Layout, style: Style) -> None:
        self._layout = layout
        self._style = style
        self._more = layout.relative is not None or layout.numbers or layout.addresses
        self._stamped = bool(layout.stamp)
        self._unit = 10 ** (_NINE - layout.stamp_digits)
        """Nanoseconds in the last digit of the stamp."""
        self._full = 10**layout.stamp_digits
        self._realtime_minus_monotonic = 0
        self._previous = 0
        self._second = 0
        """When the second began that `_clock` is; monotonic time."""
        self._lasts = 0
        """How long that second lasts; 0 where none has begun."""
        self._clock = ""
        self._tid = -1
        self._pid = ""
        """What the last thread's lines begin with, where that is no more than its tid."""

    def set_clock(self, realtime_minus_monotonic: int) -> None:
        """Take what has to be added to the times of the records."""
        self._realtime_minus_monotonic = realtime_minus_monotonic
        self._lasts = 0

    def text(self, thread: Thread, when: int, threads: int) -> str:
        """Return what a line begins with; `threads` are attached."""
        known = thread.tid == self._tid and not thread.name
        text = self._pid if known else self._who(thread, threads)
        if self._stamped:
            since = when - self._second
            if not 0 <= since < self._lasts:
                self._begin_second(when)
                since = when - self._second
            text += self._clock
            if self._full > 1:
                # The leading 1 keeps the zeros behind it: far quicker than a width in the format.
                text += str(self._full + since // self._unit)[1:] + " "
        return text + self._rest(thread, when) if self._more else text

    def _who(self, thread: Thread, threads: int) -> str:
        pids = self._layout.pids
        name = f"<{quote_name(thread.name, self._style.hexadecimal)}>" if thread.name else ""
        if pids == "always":
            if name:
                return f"{thread.tid}{name} "
            self._tid, self._pid = thread.tid, f"{thread.tid:<5} "
            return self._pid
        if pids == "brackets" or (pids == "several" and threads > 1):
            return f"[pid {thread.tid:5}{name}] "
        return ""

    def _begin_second(self, when: int) -> None:
        """Note the clock's text for the second that a time lies in: up to the fraction."""
        seconds, nanoseconds = divmod(when + self._realtime_minus_monotonic, BILLION)
        self._second, self._lasts = when - nanoseconds, BILLION
        clock = str(seconds)
        if self._layout.stamp != "unix":
            with contextlib.suppress(OverflowError, OSError, ValueError):  # a damaged capture holds anything
                clock = time.strftime("%H:%M:%S", time.localtime(seconds))
        self._clock = clock + ("." if self._full > 1 else " ")

    def _rest(self, thread: Thread, when: int) -> str:
        layout, text = self._layout, ""
        if layout.relative is not None:
            text += self._since(when, layout.relative)
        if layout.numbers:
            text += _number(thread.number)
        if layout.addresses:
            text += f"[{thread.address:016x}] " if thread.address else "[????????????????] "
        return text

    def _since(self, when: int, digits: int) -> str:
        """Return the time since the line before (-r)."""
        seconds, nanoseconds = divmod(max(when - (self._previous or when), 0), BILLION)
        self._previous = when
        text = f"{seconds:6}.{fraction(nanoseconds, digits)}" if digits else f"{seconds:6}"
        return f"(+{text}) " if self._layout.stamp else f"{text} "


def _number(number: int | None) -> str:
    """Return what -n prints of a call's number."""
    if number is None:
        return "[????] "
    return "[???] " if number & _U64 == _U64 else f"[{number:4}] "
