"""The line of a call that nobody interrupts, made at once: the way that most calls take.

It is what `StraceText` writes piece by piece where another thread may be heard between entry and exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.blocks import NOTHING, Recorded
from bstinspect.decode.durations import Durations
from bstinspect.decode.names import describe_error
from bstinspect.decode.remembered import Remembered

if TYPE_CHECKING:
    from bstinspect.decode.layout import Layout
    from bstinspect.decode.opened import Form
    from bstinspect.records import SyscallEntry, SyscallExit

LEAST_ERROR: Final = -4095
_ERRORS: Final[Remembered[int]] = Remembered(describe_error)


class WholeLines:
    """Makes lines in one layout."""

    def __init__(self, layout: Layout) -> None:
        self._width = layout.column - 1
        self._duration = Durations(layout.durations).text

    def line(self, leader: str, form: Form, entry: SyscallEntry, leaving: SyscallExit) -> str:
        """Return a call's line, with its newline. A `Call` is made only where registers do not say it all."""
        call = None
        recorded = NOTHING
        if entry.memory or entry.descriptors or entry.names:
            recorded = Recorded.of(entry)
            call = form.call(entry, recorded)
            text = form.begin(call)
        else:
            arguments = entry.arguments[: form.arguments]
            known = form.begun.get(arguments)
            if known is None:
                call = form.call(entry, recorded)
                known = form.begin(call)
                form.remember(arguments, call, known)
            text = known

        value = leaving.value
        failed = leaving.is_error and LEAST_ERROR <= value < 0
        if form.ends or form.value_text is None:
            if call is None:
                call = form.call(entry, recorded)
            call.leave(value, Recorded.of(leaving, recorded), is_error=leaving.is_error)
            text += (", " if form.shape.separator else "").join(form.shape.exit(call))

        if failed:
            result = describe_error(-value, restarts=False) if form.raw else _ERRORS[-value]
        elif form.value_text is not None:
            result = form.value_text(value)
        else:
            result = form.shape.result(call or form.call(entry, recorded))
        if call is not None and call.note and not failed:
            result += f" ({call.note})"
        padded = f"{leader}{text})".ljust(self._width)
        return f"{padded} = {result}{self._duration(leaving.when - entry.when)}\n"
