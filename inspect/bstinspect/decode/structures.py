"""Structures as tables: each field's name, how it is stored, and how it is printed.

The layout is the C compiler's: `Structure(("l_type", "h"), ("l_start", "q"))` has the alignment and the
padding that such a C structure has on 64-bit machines.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.lists import local_array
from bstinspect.decode.quote import quote
from bstinspect.decode.style import Constants, Hex

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

Printer: TypeAlias = Callable[[Call, Any], str]
"""Prints the value of a field; that of an array is a tuple."""
FieldSpec: TypeAlias = tuple[str, str] | tuple[str, str, Printer | None]
"""Name, letter of the `struct` module (with a count), and printer.

Without a printer it is a plain number; with None nothing is printed."""


# Printers.


def plain(_call: Call, value: int) -> str:
    """Print a number in decimal, signed as it is stored."""
    return str(value)


def hexa(_call: Call, value: int) -> str:
    """Print an unsigned number as ``%#x``."""
    return hexadecimal(value)


def address(_call: Call, value: int) -> str:
    """Print an address."""
    return pointer(value)


def identity(_call: Call, value: int) -> str:
    """Print a uid or another identity of 32 bits: -1 means that there is none."""
    return str(s32(value)) if u32(value) == 0xFFFFFFFF else str(u32(value))


def descriptor(call: Call, value: int) -> str:
    """Print a descriptor."""
    return call.descriptor(s32(value))


def process(call: Call, value: int) -> str:
    """Print a pid."""
    return call.process(s32(value))


def text(call: Call, data: bytes) -> str:
    """Print a field that holds a C string; without a NUL its last byte gives way to ``...``."""
    end = data.find(b"\0")
    return call.quoted(data[:-1], cut=True) if end < 0 else call.quoted(data[:end])


def octets(_call: Call, data: bytes) -> str:
    """Print bytes, all in hexadecimal."""
    return quote(data, Hex.ALL)


def device(call: Call, number: int) -> str:
    """Print a device number (strace's print_dev_t)."""
    major = number >> 8 & 0xFFF | number >> 32 & 0xFFFFF000
    minor = number & 0xFF | number >> 12 & 0xFFFFFF00
    made = f"makedev({hexadecimal(u32(major))}, {hexadecimal(u32(minor))})"
    return call.constant(number, made)


def bits(*tables: Mapping[int, str], unknown: str | None = "") -> Printer:
    """Print a set of flags."""
    return lambda call, value: call.flags(value, *tables, unknown=unknown)


def one_of(
    *tables: Mapping[int, str], unknown: str = "", number: Callable[[int], str] = hexadecimal
) -> Printer:
    """Print one of several constants."""
    return lambda call, value: call.choice(value, *tables, unknown=unknown, number=number)


def each(show: Printer) -> Printer:
    """Print all items of an array that is part of a structure."""
    return lambda call, values: f"[{', '.join(show(call, value) for value in values)}]"


def some(show: Printer) -> Printer:
    """Print the items of an array that is part of a structure, no more than -s with abbreviation."""
    return lambda call, values: local_array(call, [show(call, value) for value in values])


def comment(call: Call, remark: str) -> str:
    """Return a remark that strace puts behind a number, but not with -X raw."""
    return "" if call.style.constants is Constants.RAW else f" /* {remark} */"


# Structures.


class Structure:
    """A table of fields; called with bytes, it prints them."""

    def __init__(self, *fields: FieldSpec, full: int | None = None, packed: bool = False) -> None:
        """`full`: with abbreviation, ``...`` stands in the place of the fields from this one on.

        `packed`: there is no padding.
        """
        letters = "".join(letter for _, letter, *_ in fields)
        largest = max((each for each in letters if each.isalpha() and each not in "sx"), key=struct.calcsize)
        self.layout: Final = struct.Struct(f"={letters}" if packed else f"@{letters}0{largest}")
        self.size: Final = self.layout.size
        self._full = full
        self.fields: Final = [
            (name, _count(letter), show[0] if show else plain) for name, letter, *show in fields
        ]

    def values(self, data: bytes) -> dict[str, Any]:
        """Return the fields' values; those of arrays as tuples."""
        found = {}
        left = self.layout.unpack_from(data)
        for name, count, _ in self.fields:
            if count:
                found[name] = left[0] if count == 1 else left[:count]
            left = left[count:]
        return found

    def texts(self, call: Call, data: bytes) -> list[str]:
        """Print every field: ``name=value``."""
        values = self.values(data)
        return [f"{name}={show(call, values[name])}" for name, count, show in self.fields if count and show]

    def __call__(self, call: Call, data: bytes) -> str:
        """Print the structure."""
        texts = self.texts(call, data)
        if self._full is not None and call.abbreviated:
            texts = [*texts[: self._full], "..."]
        return braced(*texts)

    def at(self, index: int = 2) -> Argument:
        """Print the structure that an argument points to."""
        return behind(index, self.size, self)


def _count(letter: str) -> int:
    """Return how many values a field has; padding has none."""
    return len(struct.unpack(f"={letter}", bytes(struct.calcsize(f"={letter}"))))


def braced(*texts: str) -> str:
    """Put fields together: ``{a=1, b=2}``."""
    return "{" + ", ".join(texts) + "}"


def behind(index: int, size: int, show: Callable[[Call, bytes], str]) -> Argument:
    """Print what an argument points to, or where that cannot be read, the address."""

    def argument(call: Call) -> str:
        data = call.fetch(call[index], size)
        return pointer(call[index]) if data is None else show(call, data)

    return argument


def value_behind(letter: str, show: Printer = plain, index: int = 2) -> Argument:
    """Print one number that an argument points to: ``[5]``."""
    layout = struct.Struct(f"={letter}")
    return behind(index, layout.size, lambda call, data: f"[{show(call, layout.unpack(data)[0])}]")


def octets_at(call: Call, where: int, length: int) -> str:
    """Print `length` bytes of memory in hexadecimal, cut as -s says (printstr_ex with QUOTE_FORCE_HEX)."""
    if not where:
        return "NULL"
    shown = call.style.strings
    size = min(length, shown + 1)
    data = call.peek(where, size) if size else b""
    return pointer(where) if data is None else quote(data[:shown], Hex.ALL, cut=length > shown)


def text_at(call: Call, where: int, length: int) -> str:
    """Print a C string of at most `length` bytes, cut as -s says (printstr_ex with QUOTE_0_TERMINATED)."""
    if not where:
        return "NULL"
    if not length:
        return '""'
    shown = call.style.strings
    data = call.memory.string(where, min(length, shown + 1))
    if data is None:
        return pointer(where)
    return call.quoted(data.removesuffix(b"\0")[:shown], cut=not data.endswith(b"\0"))


class Listed(NamedTuple):
    """An array as text, and whether it came to its end."""

    text: str
    whole: bool


def listed(  # noqa: PLR0911 - as strace's print_array_ex
    call: Call,
    where: int,
    count: int,
    size: int,
    show: Callable[[Call, bytes], str],
    *,
    most: int | None = None,
    more: bool = False,
) -> Listed:
    """Print an array behind a pointer: `show.array` for those who ask more.

    No more than `most` elements are printed; `more` says that there are others behind `count`.
    """
    if not where:
        return Listed("NULL", whole=False)
    if not count:
        return Listed("[...]" if more else "[]", whole=False)
    if where + count * size >= 1 << 64:
        return Listed(pointer(where), whole=False)
    shown = min(call.style.strings if call.abbreviated else count, count if most is None else most)
    parts: list[str] = []
    for index in range(count):
        data = call.fetch(where + index * size, size)
        if data is None:
            if not index:
                return Listed(pointer(where), whole=False)
            parts.append(f"... /* {pointer(where + index * size)} */")
            return Listed(f"[{', '.join(parts)}]", whole=False)
        if index >= shown:
            return Listed(f"[{', '.join([*parts, '...'])}]", whole=True)
        parts.append(show(call, data))
    return Listed(f"[{', '.join([*parts, '...'] if more else parts)}]", whole=True)
