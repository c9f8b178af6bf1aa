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
    from collections.abc import Callable

    from bstinspect.decode.call import Call
    from bstinspect.decode.layout import Layout
    from bstinspect.decode.opened import Form
    from bstinspect.records import SyscallEntry, SyscallExit

LEAST_ERROR: Final = -4095
_ERRORS: Final[Remembered[int]] = Remembered(describe_error)


class WholeLines:
    """Makes lines in one layout."""

    def __init__(self, layout: Layout) -> None:
        self._width = layout.column - 1
        self._durations = Durations(layout.durations)

    def line(self, leader: str, form: Form, entry: SyscallEntry, leaving: SyscallExit) -> str:
        """Return a call's line, with its newline."""
        if (
            entry.memory or leaving.memory
            or entry.descriptors or leaving.descriptors
            or entry.names or leaving.names
        ):  # fmt: skip
            text, result = _decoded(form, entry, leaving, Recorded.of(entry))
        else:
            text, result = _from_registers(form, entry, leaving)
        padded = (leader + text).ljust(self._width)
        return f"{padded} = {result}{self._durations.text(leaving.when - entry.when)}\n"


def _from_registers(form: Form, entry: SyscallEntry, leaving: SyscallExit) -> tuple[str, str]:
    """Return the texts of a call that has nothing but its registers: the same were often there before."""
    arguments = entry.arguments[: form.arguments]
    if form.value_text is not None and not form.ends:  # the value says nothing about the arguments
        text = form.begun.get(arguments)
        if text is None:
            text = form.begin(form.call(entry, NOTHING)) + ")"
            form.remember(arguments, text)
        return text, _result_of_value(form, form.value_text, leaving)
    seen = arguments, leaving.value, leaving.is_error
    texts = form.done.get(seen)
    if texts is None:
        texts = _decoded(form, entry, leaving, NOTHING)
        form.remember_done(seen, texts)
    return texts


def _decoded(form: Form, entry: SyscallEntry, leaving: SyscallExit, recorded: Recorded) -> tuple[str, str]:
    """Return the texts of a call up to the bracket that closes it, and of its result."""
    call = form.call(entry, recorded)
    text = form.begin(call)
    if form.value_text is not None and not form.ends:
        return text + ")", _result_of_value(form, form.value_text, leaving)
    call.leave(leaving.value, Recorded.of(leaving, recorded), is_error=leaving.is_error)
    text += form.end(call)
    return text + ")", result_text(form, call)


def _result_of_value(form: Form, of_value: Callable[[int], str], leaving: SyscallExit) -> str:
    value = leaving.value
    if value >= 0 or not leaving.is_error or value < LEAST_ERROR:
        return of_value(value)
    return error_text(form, -value)


def result_text(form: Form, call: Call) -> str:
    """Return what stands behind the equals sign."""
    if call.is_error and LEAST_ERROR <= call.value < 0:
        return error_text(form, -call.value)
    result = form.shape.result(call) if form.value_text is None else form.value_text(call.value)
    return f"{result} ({call.note})" if call.note else result


def error_text(form: Form, number: int) -> str:
    """Return what stands behind the equals sign of a call that failed."""
    return describe_error(number, restarts=False) if form.raw else _ERRORS[number]
