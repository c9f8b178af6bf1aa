"""How to print one argument: functions that make an `Argument`, to be put together in the families' tables.

Those without a pointer need the register alone; the others read what it points to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from bstinspect.decode.call import Call, hexadecimal, octal, pointer, s32, s64, u32

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

Show: TypeAlias = Callable[[Call, bytes], str]
"""Prints a structure of fixed size."""


# Arguments that need no memory.


def number(index: int) -> Argument:
    """Print an int."""
    return lambda call: str(s32(call[index]))


def unsigned(index: int) -> Argument:
    """Print an unsigned int."""
    return lambda call: str(u32(call[index]))


def size(index: int) -> Argument:
    """Print a size_t."""
    return lambda call: str(call[index])


def long(index: int) -> Argument:
    """Print a long."""
    return lambda call: str(s64(call[index]))


def hex_long(index: int) -> Argument:
    """Print an unsigned long as strace prints flags without names: 0 or 0x..."""
    return lambda call: hexadecimal(call[index])


def hex_int(index: int) -> Argument:
    """Print an unsigned int in hexadecimal."""
    return lambda call: hexadecimal(u32(call[index]))


def address(index: int) -> Argument:
    """Print an address."""
    return lambda call: pointer(call[index])


def mode(index: int) -> Argument:
    """Print permissions (umode_t)."""
    return lambda call: octal(u32(call[index]) & 0xFFFF)


def fd(index: int) -> Argument:
    """Print a descriptor."""
    return lambda call: call.descriptor(s32(call[index]))


def directory(index: int) -> Argument:
    """Print the directory descriptor of an ...at() call."""
    return lambda call: call.directory(s32(call[index]))


def process(index: int) -> Argument:
    """Print a pid or tid."""
    return lambda call: call.process(s32(call[index]))


def user(index: int) -> Argument:
    """Print a uid or gid: -1 means that none is given."""
    return lambda call: str(s32(call[index])) if u32(call[index]) == 0xFFFFFFFF else str(u32(call[index]))


def flags(index: int, *tables: Mapping[int, str], unknown: str | None = "") -> Argument:
    """Print a set of flags, 32 bits."""
    return lambda call: call.flags(u32(call[index]), *tables, unknown=unknown)


def flags64(index: int, *tables: Mapping[int, str], unknown: str | None = "") -> Argument:
    """Print a set of flags, 64 bits."""
    return lambda call: call.flags(call[index], *tables, unknown=unknown)


def choice(index: int, *tables: Mapping[int, str], unknown: str = "") -> Argument:
    """Print one of several constants, 32 bits."""
    return lambda call: call.choice(u32(call[index]), *tables, unknown=unknown)


def choice64(index: int, *tables: Mapping[int, str], unknown: str = "") -> Argument:
    """Print one of several constants, 64 bits."""
    return lambda call: call.choice(call[index], *tables, unknown=unknown)


# Arguments behind a pointer.


def path(index: int) -> Argument:
    """Print a path, whole."""
    return lambda call: call.path(call[index])


def text(index: int) -> Argument:
    """Print a C string, cut as strace cuts."""
    return lambda call: call.text(call[index])


def data_in(index: int, length_index: int) -> Argument:
    """Print a buffer that the call hands over."""
    return lambda call: call.buffer(call[index], call[length_index])


def data_out(index: int) -> Argument:
    """Print a buffer that the kernel filled, as long as the result says."""
    return lambda call: pointer(call[index]) if call.failed else call.buffer(call[index], call.value)


def structure(index: int, length: int, show: Show) -> Argument:
    """Print a structure of fixed size that the call reads."""

    def argument(call: Call) -> str:
        data = call.fetch(call[index], length)
        return pointer(call[index]) if data is None else show(call, data)

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
