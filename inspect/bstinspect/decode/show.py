"""How to print one argument: functions that make an `Argument`, to be put together in the families' tables.

Those without a pointer need the register alone; the others read what it points to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from bstinspect.decode.call import AT_FDCWD, Call, hexadecimal, octal, pointer, s32, s64, u32
from bstinspect.decode.named import ABBREV, choice_text, flags_text
from bstinspect.decode.remembered import Remembered

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

Show: TypeAlias = Callable[[Call, bytes], str]
"""Prints a structure of fixed size."""
_LEAST_NEGATIVE: Final = 1 << 31
"""From here on a register's low half is a negative int."""


_DIRECTORIES: Final[Remembered[int]] = Remembered(
    lambda value: "AT_FDCWD" if s32(value) == AT_FDCWD else str(s32(value))
)


# Arguments that need no memory.


def number(index: int) -> Argument:
    """Print an int."""

    def argument(call: Call) -> str:
        value = call.arguments[index]
        return str(value) if value < _LEAST_NEGATIVE else str(s32(value))

    return argument


def unsigned(index: int) -> Argument:
    """Print an unsigned int."""
    return lambda call: str(call.arguments[index] & 0xFFFFFFFF)


def size(index: int) -> Argument:
    """Print a size_t."""
    return lambda call: str(call.arguments[index])


def long(index: int) -> Argument:
    """Print a long."""
    return lambda call: str(s64(call[index]))


def hex_long(index: int) -> Argument:
    """Print an unsigned long as strace prints flags without names: 0 or 0x..."""
    return lambda call: hexadecimal(call.arguments[index])


def hex_int(index: int) -> Argument:
    """Print an unsigned int in hexadecimal."""
    return lambda call: hexadecimal(u32(call[index]))


def address(index: int) -> Argument:
    """Print an address."""
    return lambda call: pointer(call.arguments[index])


def mode(index: int) -> Argument:
    """Print permissions (umode_t)."""
    return lambda call: octal(u32(call[index]) & 0xFFFF)


def fd(index: int) -> Argument:
    """Print a descriptor."""

    def argument(call: Call) -> str:
        value = call.arguments[index]
        if value < _LEAST_NEGATIVE and not call.style.descriptors:
            return str(value)
        return call.descriptor(s32(value))

    return argument


def directory(index: int) -> Argument:
    """Print the directory descriptor of an ...at() call."""

    def argument(call: Call) -> str:
        value = call.arguments[index]
        if call.style.descriptors or call.style.constants is not ABBREV:
            return call.directory(s32(value))
        return _DIRECTORIES[value]

    return argument


def process(index: int) -> Argument:
    """Print a pid or tid."""
    return lambda call: call.process(s32(call[index]))


def user(index: int) -> Argument:
    """Print a uid or gid: -1 means that none is given."""
    return lambda call: str(s32(call[index])) if u32(call[index]) == 0xFFFFFFFF else str(u32(call[index]))


def flags(index: int, *tables: Mapping[int, str], unknown: str | None = "") -> Argument:
    """Print a set of flags, 32 bits."""
    return _flags(index, 0xFFFFFFFF, tables, unknown)


def flags64(index: int, *tables: Mapping[int, str], unknown: str | None = "") -> Argument:
    """Print a set of flags, 64 bits."""
    return _flags(index, 0xFFFFFFFFFFFFFFFF, tables, unknown)


def _flags(index: int, mask: int, tables: tuple[Mapping[int, str], ...], unknown: str | None) -> Argument:
    known: Remembered[int] = Remembered(lambda value: flags_text(value, tables, ABBREV, unknown, hexadecimal))

    def argument(call: Call) -> str:
        value = call.arguments[index] & mask
        if call.style.constants is ABBREV:
            return known[value]
        return call.flags(value, *tables, unknown=unknown)

    return argument


def choice(index: int, *tables: Mapping[int, str], unknown: str = "") -> Argument:
    """Print one of several constants, 32 bits."""
    known: Remembered[int] = Remembered(
        lambda value: choice_text(value, tables, ABBREV, unknown, hexadecimal)
    )

    def argument(call: Call) -> str:
        value = call.arguments[index] & 0xFFFFFFFF
        if call.style.constants is ABBREV:
            return known[value]
        return call.choice(value, *tables, unknown=unknown)

    return argument


def choice64(index: int, *tables: Mapping[int, str], unknown: str = "") -> Argument:
    """Print one of several constants, 64 bits."""
    return lambda call: call.choice(call[index], *tables, unknown=unknown)


# Arguments behind a pointer.


def path(index: int) -> Argument:
    """Print a path, whole."""
    return lambda call: call.path(call.arguments[index])


def text(index: int) -> Argument:
    """Print a C string, cut as strace cuts."""
    return lambda call: call.text(call[index])


def data_in(index: int, length_index: int) -> Argument:
    """Print a buffer that the call hands over."""
    return lambda call: call.buffer(call.arguments[index], call.arguments[length_index])


def data_out(index: int) -> Argument:
    """Print a buffer that the kernel filled, as long as the result says."""

    def argument(call: Call) -> str:
        where = call.arguments[index]
        return pointer(where) if call.is_error or not call.leaving else call.buffer(where, call.value)

    return argument


def structure(index: int, length: int, show: Show) -> Argument:
    """Print a structure of fixed size that the call reads."""

    def argument(call: Call) -> str:
        where = call.arguments[index]
        data = call.fetch(where, length)
        return pointer(where) if data is None else show(call, data)

    return argument


def filled(index: int, length: int, show: Show) -> Argument:
    """Print a structure of fixed size that the kernel fills."""
    return structure(index, length, show)


def int_in(index: int) -> Argument:
    """Print ``[N]``, an int behind a pointer."""
    return structure(index, 4, lambda _call, data: f"[{int.from_bytes(data, 'little', signed=True)}]")


int_out = int_in
"""Print ``[N]``, an int that the kernel stores."""


def array(  # noqa: PLR0917 - as strace's print_array
    call: Call,
    where: int,
    count: int,
    item: int,
    show: Show,
    fetch: Callable[[int, int], bytes | None] | None = None,
) -> str:
    """Print an array behind a pointer, element by element (strace's print_array).

    It is cut at -s elements where the call is abbreviated; where an element cannot be read, its address is
    printed: ``[1, 2, ... /* 0x7f0000001000 */]``, or only the array's address where that is the first.
    """
    if not where:
        return "NULL"
    if not count:
        return "[]"
    if where + count * item >= 1 << 64:
        return pointer(where)
    read = fetch or call.fetch
    shown = call.style.strings if call.abbreviated else count
    parts: list[str] = []
    for index in range(count):
        data = read(where + index * item, item)
        if data is None:
            if not index:
                return pointer(where)
            parts.append(f"... /* {pointer(where + index * item)} */")
            break
        if index >= shown:
            parts.append("...")
            break
        parts.append(show(call, data))
    return f"[{', '.join(parts)}]"
