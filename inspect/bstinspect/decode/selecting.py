"""Waiting for descriptors with select(2) and pselect6; what is ready is noted behind the result."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer, s32
from bstinspect.decode.shape import Shape, decimal_result
from bstinspect.decode.signal_sets import set_at
from bstinspect.decode.spans import TIMESPEC, timespec, timespec_text, timeval, timeval_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.decode.shape import Argument

_MOST: Final = 1 << 20
"""No more descriptors are looked at, whatever the first argument says."""
_SETS: Final = ((1, "in"), (2, "out"), (3, "except"))
_NOTE_SIZE: Final = 1024
"""strace's buffer for the note, with the NUL; what does not fit is left out."""
_NOTE_RESERVE: Final = len(", except [") + 1 + 4 * 3 + 2
_MASK: Final = struct.Struct("<QQ")


def _count(call: Call) -> int:
    return min(max(s32(call[0]), 0), _MOST)


def _set_size(call: Call) -> int:
    """Return the size of one set in bytes: whole longs."""
    return (_count(call) + 63) // 64 * 8


def _members(data: bytes, count: int) -> Iterator[int]:
    for place, byte in enumerate(data):
        for bit in range(8) if byte else ():
            if byte >> bit & 1 and 8 * place + bit < count:
                yield 8 * place + bit


def _set(index: int) -> Argument:
    """Print a set: ``[0 5]``."""

    def argument(call: Call) -> str:
        size = _set_size(call)
        data = call.fetch(call[index], size) if size else None
        if data is None:
            return pointer(call[index])
        return f"[{' '.join(call.descriptor(number) for number in _members(data, _count(call)))}]"

    return argument


def _result(call: Call) -> str:
    """Note which descriptors are ready and how much time was left, with strace's brackets too many."""
    if call.value == 0:
        call.note = "Timeout"
        return decimal_result(call)
    note, separator = "", ""
    ready = s32(call.value)
    for index, name in _SETS:
        data = call.peek(call[index], _set_size(call)) if ready > 0 and _set_size(call) else None
        if data is None:
            continue
        first = True
        for number in _members(data, _count(call)):
            if len(note) < _NOTE_SIZE - _NOTE_RESERVE:
                note += f"{separator}{name} [{number}" if first else f" {number}"
                separator = ", " if first else separator
                first = False
            ready -= 1
            if not ready:
                break
        if note:
            note += "]"
    call.note = note + _time_left(call, note, separator)
    # The brackets stand there even if there is nothing to say.
    return decimal_result(call) + ("" if call.note else " ()")


def _time_left(call: Call, note: str, separator: str) -> str:
    if not call[4]:
        return ""
    show_time = timeval_text if call.name == "select" else timespec_text
    data = call.fetch(call[4], TIMESPEC)
    left = f"{separator}left {pointer(call[4]) if data is None else show_time(call, data)}"
    return left if len(note) + len(left) + 1 < _NOTE_SIZE else ""


def _mask_text(call: Call, data: bytes) -> str:
    address, size = _MASK.unpack(data)
    return f"{{sigmask={set_at(call, address, size)}, sigsetsize={size}}}"


def signal_mask(index: int) -> Argument:
    """Print a pair of a set of signals and its size."""
    return show.structure(index, _MASK.size, _mask_text)


_WAITING: Final = (show.number(0), _set(1), _set(2), _set(3))

SHAPES: Final[dict[str, Shape]] = {
    "select": Shape((*_WAITING, timeval(4)), (), _result),
    "pselect6": Shape((*_WAITING, timespec(4), signal_mask(5)), (), _result),
}
