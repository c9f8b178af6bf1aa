"""Addresses of the internet and of the layers below it: ports, hardware addresses, interfaces."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from bstinspect.decode import fields
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.fields import Layout, both, hex_buffer, hex_string, word
from bstinspect.decode.style import Constants

if TYPE_CHECKING:
    from bstinspect.decode.fields import Value

LONGEST_HARDWARE_ADDRESS: Final = 32
SHORTEST_INTERNET6: Final = 24
"""An IPv6 socket address may end before its scope."""


def port(call: Call, data: bytes) -> str:
    """Print ``htons(80)`` (PRINT_FIELD_NET_PORT)."""
    return both(call, data, f"htons({int.from_bytes(data, 'big')})")


def colons(data: bytes) -> str:
    """Return ``02:fc:00:00:00:01``."""
    return ":".join(f"{each:02x}" for each in data)


def hardware_address(call: Call, data: bytes, length: int | None = None) -> str:
    """Print an address of a link layer, of which `length` bytes mean something (print_mac_addr)."""
    if len(data) > LONGEST_HARDWARE_ADDRESS:
        return hex_string(data)
    words = colons(data[:length])
    return (
        both(call, data, words)
        if words or call.style.constants is not Constants.VERBOSE
        else hex_string(data)
    )


def interface(call: Call, data: bytes) -> str:
    """Print ``if_nametoindex("lo")`` (print_ifindex).

    The one look-up that a decoder makes by itself: strace asks its own kernel too, and the names of
    interfaces hardly ever change while a program is watched.
    """
    index = word(data)
    try:
        name = socket.if_indextoname(index)
    except (OSError, OverflowError):
        return str(index)
    return call.constant(index, f"if_nametoindex({call.quoted(name.encode(errors='surrogateescape'))})", str)


def internet_address(call: Call, family: int, data: bytes, name: str = "") -> str:
    """Print an address of AF_INET or AF_INET6, with the name of its field (print_inet_addr)."""
    named = f"{name}=" if name else ""
    abbreviated = call.style.constants is Constants.ABBREV
    if family == socket.AF_INET and len(data) >= 4:
        words = f"inet_addr({call.quoted(socket.inet_ntop(socket.AF_INET, data[:4]).encode())})"
        return named + both(call, data, words)
    if family == socket.AF_INET6 and len(data) >= 16:
        text = call.quoted(socket.inet_ntop(socket.AF_INET6, data[:16]).encode())
        if abbreviated:
            return f"inet_pton(AF_INET6, {text}{', &' + name if name else ''})"
        return named + both(call, data, f"inet_pton(AF_INET6, {text})")
    return named + hex_string(data)


def internet_field(family: int, name: str) -> Value:
    """Make a printer for a field without a name of its own: the address prints it."""
    return lambda call, data: internet_address(call, family, data, name)


def internet_buffer(call: Call, address: int, length: int, family: int, name: str = "") -> str:
    """Print an address of AF_INET or AF_INET6 in memory, with the name of its field."""
    named = f"{name}=" if name else ""
    size = {int(socket.AF_INET): 4, int(socket.AF_INET6): 16}.get(family, 0)
    if not size or length < size:
        return named + hex_buffer(call, address, length)
    data = call.peek(address, size)
    return named + pointer(address) if data is None else internet_address(call, family, data, name)


# What follows the family in socket addresses.

INTERNET: Final = Layout(
    ("", 2, None),
    ("sin_port", 2, port),
    ("", 4, internet_field(socket.AF_INET, "sin_addr")),
)


def _flow(call: Call, data: bytes) -> str:
    return both(call, data, f"htonl({int.from_bytes(data, 'big')})")


_INTERNET6: Final = Layout(
    ("", 2, None),
    ("sin6_port", 2, port),
    ("sin6_flowinfo", 4, _flow),
    ("", 16, internet_field(socket.AF_INET6, "sin6_addr")),
)


def internet6_text(call: Call, data: bytes, length: int) -> str:
    """Print what follows the family of a ``struct sockaddr_in6`` that is `length` bytes long."""
    text = _INTERNET6.inner(call, data)
    if length <= SHORTEST_INTERNET6:
        return text
    scope = data[SHORTEST_INTERNET6 : SHORTEST_INTERNET6 + 4]
    link_local = data[9] & 0xC0 == 0x80 if data[8] == 0xFE else data[8] == 0xFF and data[9] & 0x0F == 2
    show = interface if link_local else fields.unsigned
    return f"{text}, sin6_scope_id={show(call, scope)}"
