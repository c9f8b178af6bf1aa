"""A call that has been entered: its record, and how to print it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import foreign
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import REGISTERS, Call
from bstinspect.decode.generic import SAME_EVERYWHERE, as_numbers
from bstinspect.decode.shape import Shape, value_text
from bstinspect.decode.table import shape_of

if TYPE_CHECKING:
    from bstinspect.decode.architecture import Architecture
    from bstinspect.decode.style import Style
    from bstinspect.records import SyscallEntry, SyscallExit

_MOST: Final = 512
"""So many texts are remembered of one call."""


class Form:
    """How the calls of one number are printed: all that is the same for each of them, looked up once."""

    def __init__(self, number: int, tables: Architecture, style: Style, *, own: bool) -> None:
        self.tables = tables
        self.style = style
        self.name = tables.name(number)
        call = Call(self.name, (), Recorded(), tables, style)
        self.shape: Shape = shape_of(call) if own or self.name in SAME_EVERYWHERE else as_numbers(call)
        self.arguments = tables.counts.get(number, REGISTERS)
        """So many arguments the call has; the other registers hold anything."""
        kind = type(self.shape)
        self.before = self.shape.before if kind.entry is Shape.entry and kind.waits is Shape.waits else None
        """The arguments of the entry, where the shape does nothing else with them than others do."""
        self.after = self.shape.after if kind.exit is Shape.exit else None
        """Those of the exit."""
        self.separator = ", " if self.shape.separator else ""
        self.ends = self.after != ()
        """Something is printed at the exit, besides the result."""
        self.value_text = value_text(self.shape.result, style)
        """How to print the result where its value alone says that."""
        self.raw = style.raw(self.name)
        self.begun: dict[tuple[int, ...], str] = {}
        self.done: dict[tuple[tuple[int, ...], int, bool], tuple[str, str]] = {}
        """Texts that are remembered: see `remember` and `remember_done`."""

    def call(self, record: SyscallEntry, recorded: Recorded) -> Call:
        """Begin to decode a call; `recorded` is what its record holds."""
        call = Call(self.name, record.arguments, recorded, self.tables, self.style)
        call.pid = record.tid
        call.stack_pointer = record.stack_pointer
        return call

    def begin(self, call: Call) -> str:
        """Return the name, and the arguments that are printed at the entry."""
        shape, before = self.shape, self.before
        if before is None:
            arguments = ", ".join(shape.entry(call))
            waits = shape.waits(call)
        else:
            texts = []
            for each in before:
                if (text := each(call)) is not None:
                    texts.append(text)  # noqa: PERF401 - the comprehension would be one more call
            arguments = ", ".join(texts)
            waits = self.ends
        if arguments and waits:
            arguments += shape.separator
        return f"{self.name}({arguments}"

    def end(self, call: Call) -> str:
        """Return the arguments that are printed at the exit."""
        after = self.after
        if after is None:
            return self.separator.join(self.shape.exit(call))
        texts = []
        for each in after:
            if (text := each(call)) is not None:
                texts.append(text)  # noqa: PERF401 - as above
        return self.separator.join(texts)

    def remember(self, arguments: tuple[int, ...], text: str) -> None:
        """Remember the text of a call without memory up to its closing bracket, in `begun`."""
        if self.shape.from_registers:
            if len(self.begun) >= _MOST:
                self.begun.clear()
            self.begun[arguments] = text

    def remember_done(self, seen: tuple[tuple[int, ...], int, bool], texts: tuple[str, str]) -> None:
        """Remember both texts of such a call, by its arguments, value and whether that is an error."""
        if self.shape.from_registers:
            if len(self.done) >= _MOST:
                self.done.clear()
            self.done[seen] = texts


class Forms:
    """The forms of one machine's calls, in one manner of printing."""

    def __init__(self, tables: Architecture, style: Style) -> None:
        self._tables = tables
        self._style = style
        self._own: dict[int, Form] = {}

    def of(self, record: SyscallEntry) -> Form:
        """Return how to print a call; one of a kind that is not the machine's own mostly as numbers."""
        form = self._own.get(record.number)
        if form is not None and (not record.arch or self._tables.is_own(record.arch)):
            return form
        return self._look_up(record.number, record.arch)

    def _look_up(self, number: int, arch: int) -> Form:
        own = self._tables.is_own(arch)
        form = Form(number, self._tables if own else foreign(arch), self._style, own=own)
        if own and number in self._tables.names:  # of other numbers there is no end
            self._own[number] = form
        return form

    def open(self, record: SyscallEntry) -> Opened:
        """Begin to decode a call."""
        form = self.of(record)
        recorded = Recorded.of(record)
        return Opened(record, form.call(record, recorded), form, recorded)


class Opened:
    """Made of a record of the entry; `leave` takes that of the exit."""

    def __init__(self, entry: SyscallEntry, call: Call, form: Form, recorded: Recorded) -> None:
        self.entry = entry
        self.call = call
        self.form = form
        self.recorded = recorded
        """What was read at the entry."""

    @property
    def shape(self) -> Shape:
        """How its arguments and its result are printed."""
        return self.form.shape

    def leave(self, record: SyscallExit) -> None:
        """Take the exit."""
        self.call.leave(record.value, Recorded.of(record, self.recorded), is_error=record.is_error)
