"""A call that has been entered: its record, and how to print it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bstinspect.decode.architecture import Architecture, foreign
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.generic import SAME_EVERYWHERE, as_numbers
from bstinspect.decode.table import shape_of

if TYPE_CHECKING:
    from bstinspect.decode.shape import Shape
    from bstinspect.decode.style import Style
    from bstinspect.records import SyscallEntry, SyscallExit


@dataclass(slots=True)
class Opened:
    """Made of a record of the entry; `leave` takes that of the exit."""

    entry: SyscallEntry
    call: Call
    shape: Shape
    recorded: Recorded
    """What was read at the entry."""

    def leave(self, record: SyscallExit) -> None:
        """Take the exit."""
        self.call.leave(record.value, Recorded.of(record, self.recorded), is_error=record.is_error)


def open_call(record: SyscallEntry, tables: Architecture, style: Style) -> Opened:
    """Begin to decode a call; one of another kind than the machine's own has a name, and mostly numbers."""
    own = tables.is_own(record.arch)
    tables = tables if own else foreign(record.arch)
    recorded = Recorded.of(record)
    call = Call(tables.name(record.number), record.arguments, recorded, tables, style)
    call.pid = record.tid
    call.stack_pointer = record.stack_pointer
    shape = shape_of(call) if own or call.name in SAME_EVERYWHERE else as_numbers(call)
    return Opened(record, call, shape, recorded)
