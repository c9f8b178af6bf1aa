"""Netlink attributes: their framing, and the kinds of values that many of them have (strace's nlattr.c)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from bstinspect.decode import fields, internet, show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.netlink import NETLINK_SK_MEMINFO_INDICES
from bstinspect.decode.constants.network import ADDRFAMS, ETHERNET_PROTOCOLS, INET_PROTOCOLS
from bstinspect.decode.fields import Field, Layout, Value, hex_buffer, word
from bstinspect.decode.quote import escape
from bstinspect.decode.style import Constants, Hex

Attribute: TypeAlias = Callable[[Call, int, int, Any], str | None]
"""(call, address, length, context) -> the text of a value; None where it is to be printed in hexadecimal."""
_HEADER: Final = struct.Struct("<HH")
_NESTED: Final = 0x8000
_NETWORK_ORDER: Final = 0x4000
_TICKS: Final = 100
"""USER_HZ: what clock_t counts in a second."""


class Attributes:
    """A table of attributes: their names, and how the values of some are printed."""

    def __init__(
        self,
        names: Mapping[int, str],
        unknown: str,
        values: Mapping[str, Attribute] | None = None,
        every: Attribute | None = None,
    ) -> None:
        """`every` prints the values of all, and its context is the attribute's type."""
        numbers = {name: number for number, name in names.items()}
        self._names = names
        self._unknown = unknown
        self._values = {numbers[name]: value for name, value in (values or {}).items()}
        self._every = every

    def __call__(self, call: Call, address: int, length: int, context: Any = None) -> str:
        """Print one attribute, or an array of them (strace's decode_nlattr)."""
        parts = []
        several = False
        while True:
            header = call.fetch(address, _HEADER.size) if length >= _HEADER.size else None
            if header is None:
                parts.append(unreadable(call, address, length, _HEADER.size, several=several))
                break
            if call.abbreviated and len(parts) == call.style.strings:
                parts.append("...")
                break
            size = word(header[:2])
            aligned = size + 3 & ~3
            rest = length - aligned if _HEADER.size <= size and aligned <= length else 0
            several = several or rest > 0
            parts.append(self._one(call, address, length, header, context))
            if not rest:
                break
            address, length = address + aligned, rest
        text = ", ".join(parts)
        return f"[{text}]" if several else text

    def _one(self, call: Call, address: int, length: int, data: bytes, context: Any) -> str:
        size, kind = _HEADER.unpack(data)
        bits = [
            call.constant(bit, name) + "|"
            for bit, name in ((_NESTED, "NLA_F_NESTED"), (_NETWORK_ORDER, "NLA_F_NET_BYTEORDER"))
            if kind & bit
        ]
        number = kind & ~(_NESTED | _NETWORK_ORDER)
        name = call.choice(number, self._names, unknown=self._unknown)
        header = f"{{nla_len={size}, nla_type={''.join(bits)}{name}}}"
        there = min(size, length) - _HEADER.size
        if there <= 0:
            return header
        where = address + _HEADER.size
        if self._every is not None:
            text = self._every(call, where, there, kind)
        else:
            value = self._values.get(number)
            text = None if value is None else value(call, where, there, context)
        return f"[{header}, {hex_buffer(call, where, there) if text is None else text}]"


def unreadable(call: Call, address: int, length: int, least: int, *, several: bool) -> str:
    """Print what is no header of an attribute or message: too short for one, or not to be read."""
    if length < least:
        return hex_buffer(call, address, length)
    return f"... /* {pointer(address)} */" if several else pointer(address)


class Message:
    """A message's structure that begins with an address family, with attributes behind it."""

    def __init__(
        self,
        family: str,
        *others: Field,
        attributes: Attribute | None = None,
        families: tuple[Mapping[int, str], ...] = (ADDRFAMS,),
        unknown: str = "AF_???",
    ) -> None:
        self._family = family
        self._layout = Layout(*others)
        self._attributes = attributes
        self._families = families
        self._unknown = unknown

    def __call__(self, call: Call, address: int, length: int, family: int) -> str:
        """Print the message; the family is the context of its attributes."""
        text = f"{self._family}={call.choice(family, *self._families, unknown=self._unknown)}"
        size = self._layout.size + 1
        data: bytes | None = b""
        if length < size:
            return f"{{{text}, ...}}"
        if size > 1:
            data = call.fetch(address + 1, size - 1)
            text += ", " + (pointer(address + 1) if data is None else self._layout.inner(call, data))
        text = f"{{{text}}}"
        offset = size + 3 & ~3
        if data is None or length <= offset or self._attributes is None:
            return text
        return f"{text}, {self._attributes(call, address + offset, length - offset, family)}"


# Values of a fixed size.


def fixed(size: int, show_value: Value) -> Attribute:
    """Make a printer of a value of which `size` bytes mean something."""

    def attribute(call: Call, address: int, length: int, _context: Any) -> str | None:
        if length < size:
            return None
        data = call.fetch(address, size)
        return pointer(address) if data is None else show_value(call, data)

    return attribute


def structure(layout: Layout, *sizes: int) -> Attribute:
    """Make a printer of a structure; it may end early, at one of `sizes`, exactly."""

    def attribute(call: Call, address: int, length: int, _context: Any) -> str | None:
        size = layout.size if length >= layout.size else length if length in sizes else 0
        if not size:
            return None
        data = call.fetch(address, size)
        return pointer(address) if data is None else layout(call, data)

    return attribute


def followed(layout: Layout) -> Attribute:
    """Make a printer of a structure that is followed by bytes without a meaning."""
    inner = structure(layout)

    def attribute(call: Call, address: int, length: int, context: Any) -> str | None:
        text = inner(call, address, length, context)
        if text is None or length <= layout.size or not text.startswith("{"):
            return text
        return f"{text}, {hex_buffer(call, address + layout.size, length - layout.size)}"

    return attribute


u8, u16, u32, u64 = (fixed(size, fields.unsigned) for size in (1, 2, 4, 8))
s32 = fixed(4, fields.signed)
x16, x32 = (fixed(size, fields.hexa) for size in (2, 4))
descriptor = fixed(4, fields.descriptor)
user = fixed(4, fields.identity)
interface = fixed(4, internet.interface)
internet4 = fixed(4, lambda call, data: internet.internet_address(call, 2, data))
internet6 = fixed(16, lambda call, data: internet.internet_address(call, 10, data))
network16 = fixed(2, lambda _call, data: f"htons({int.from_bytes(data, 'big')})")
network64 = fixed(8, lambda _call, data: f"htobe64({int.from_bytes(data, 'big')})")


def any_hexa(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print a number of any usual size in hexadecimal."""
    return fixed(length, fields.hexa)(call, address, length, None) if length in (1, 2, 4, 8) else None


def _number(
    call: Call, address: int, length: int, size: int, show_number: Callable[[int], str]
) -> str | None:
    """Print a number of at least `size` bytes, or of as many as there are."""
    if length > 8 or length < size:
        return None
    data = call.fetch_anyway(address, size or length)
    return pointer(address) if data is None else show_number(word(data))


def choice(table: Mapping[int, str], unknown: str, size: int = 0) -> Attribute:
    """Make a printer of one of several constants."""
    return lambda call, address, length, _context: _number(
        call, address, length, size, lambda value: call.choice(value, table, unknown=unknown)
    )


def flags(table: Mapping[int, str], unknown: str, size: int = 0) -> Attribute:
    """Make a printer of a set of flags."""
    return lambda call, address, length, _context: _number(
        call, address, length, size, lambda value: call.flags(value, table, unknown=unknown)
    )


def ethernet_protocol(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print ``htons(ETH_P_IP)``."""

    def number(value: int) -> str:
        swapped = int.from_bytes(value.to_bytes(2, "little"), "big")
        return f"htons({call.choice(swapped, ETHERNET_PROTOCOLS, unknown='ETHER_P_???')})"

    return _number(call, address, length, 2, number)


internet_protocol = choice(INET_PROTOCOLS, "IPPROTO_???")


def ticks_text(call: Call, ticks: int) -> str:
    """Print a number of clock ticks, with the seconds that they are (strace's print_clock_t)."""
    if not ticks or call.style.constants is Constants.RAW:
        return str(ticks)
    return f"{ticks} /* {ticks // _TICKS}.{ticks % _TICKS:02} s */"


def ticks(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print a clock_t."""
    return _number(call, address, length, 0, lambda value: ticks_text(call, value))


# Values as long as the attribute.


def string(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print a string whose NUL is not shown, but missed where it is not there."""
    shown = call.style.strings
    data = call.peek(address, min(length, shown + 1))
    if data is None:
        return pointer(address)
    data = data[:shown]
    style = call.style.hexadecimal
    hexed = style is Hex.ALL or (style is Hex.STRINGS and escape(data, style) != escape(data))
    if data.endswith(b"\0") and not hexed:
        return call.quoted(data[:-1])
    return call.quoted(data, cut=True)


def terminated(call: Call, address: int, length: int, _context: Any) -> str:
    """Print a string up to its NUL, which may come before the attribute's end (QUOTE_0_TERMINATED)."""
    shown = call.style.strings
    data = call.memory.string(address, min(length, shown + 1))
    if data is None:
        return pointer(address)
    text = data.removesuffix(b"\0")
    return call.quoted(text[:shown], cut=len(text) == len(data) or len(text) > shown)


def hardware_address(call: Call, address: int, length: int, _context: Any) -> str | None:
    """Print an address of a link layer."""
    if length > internet.LONGEST_HARDWARE_ADDRESS:
        return None
    data = call.fetch(address, length)
    return pointer(address) if data is None else internet.hardware_address(call, data)


def family_address(call: Call, address: int, length: int, family: int) -> str:
    """Print an address of the message's family."""
    return internet.internet_buffer(call, address, length, family)


def array(size: int, show_value: Value) -> Attribute:
    """Make a printer of an array."""
    return lambda call, address, length, _context: (
        show.array(call, address, length // size, size, show_value) if length >= size else None
    )


def indexed(
    size: int,
    show_value: Value,
    names: Mapping[int, str],
    unknown: str,
    number: Callable[[int], str] = str,
) -> Attribute:
    """Make a printer of an array whose indices have names: ``[[SK_MEMINFO_RMEM_ALLOC]=0, ...]``."""

    def attribute(call: Call, address: int, length: int, _context: Any) -> str | None:
        index = -1

        def element(call: Call, data: bytes) -> str:
            nonlocal index
            index += 1
            return f"[{call.choice(index, names, unknown=unknown, number=number)}]={show_value(call, data)}"

        return show.array(call, address, length // size, size, element) if length >= size else None

    return attribute


memory_information = indexed(4, fields.unsigned, NETLINK_SK_MEMINFO_INDICES, "SK_MEMINFO_???")


def by_family(tables: Mapping[int, Attributes]) -> Attribute:
    """Make a printer of attributes that depend on an address family, the context (decode_nla_af_spec)."""

    def attribute(call: Call, address: int, length: int, family: int) -> str:
        table = tables.get(family & 0xFF)
        return hex_buffer(call, address, length) if table is None else table(call, address, length)

    return attribute


def unknown_family(call: Call, address: int, length: int, family: int) -> str:
    """Print a message of which only the family is known (decode_family)."""
    text = f"family={call.choice(family, ADDRFAMS, unknown='AF_???')}"
    if length > 1:
        text += f", data={hex_buffer(call, address + 1, length - 1)}"
    return f"{{{text}}}"
