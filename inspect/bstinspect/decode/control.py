"""Control messages, which go along with a message (cmsg(3), unix(7), ip(7), socket(7))."""

from __future__ import annotations

import socket
import struct
from typing import Final

from bstinspect.decode import fields
from bstinspect.decode.addresses import address_text
from bstinspect.decode.call import Call, hexadecimal, pointer, u32
from bstinspect.decode.constants.network import IP_CMSG_TYPES, SCMVALS, SOCKETLAYERS
from bstinspect.decode.fields import Layout, Value
from bstinspect.decode.internet import interface, internet_field
from bstinspect.decode.lists import local_array
from bstinspect.decode.spans import timespec_text, timeval_text

_MOST: Final = 131072
"""No more control data is looked at. strace takes net.core.optmem_max: this on Linux 6.9 and later."""
_HEADER: Final = struct.Struct("<QII")
_SOL_SOCKET: Final = 1
_SOL_IP: Final = 0


def _array_of(size: int, show: Value) -> Value:
    """Make a printer of an array whose length the message's tells."""
    return lambda call, data: local_array(
        call, [show(call, data[at : at + size]) for at in range(0, len(data) // size * size, size)]
    )


def _time(show: Value) -> Value:
    return lambda call, data: show(call, data[:16]) if len(data) >= 16 else "???"


def _times(call: Call, data: bytes) -> str:
    """Print the three times of a network card's stamps."""
    if len(data) < 48:
        return "???"
    return f"[{', '.join(timespec_text(call, data[at : at + 16]) for at in (0, 16, 32))}]"


def _string(call: Call, data: bytes) -> str:
    return call.quoted(data)


_CREDENTIALS: Final = Layout(
    ("pid", 4, fields.process), ("uid", 4, fields.identity), ("gid", 4, fields.identity)
)
_PACKET_INFORMATION: Final = Layout(
    ("ipi_ifindex", 4, interface),
    ("", 4, internet_field(socket.AF_INET, "ipi_spec_dst")),
    ("", 4, internet_field(socket.AF_INET, "ipi_addr")),
)
_ERROR: Final = Layout(
    ("ee_errno", 4, fields.unsigned),
    *fields.unsigned_fields(1, "ee_origin ee_type ee_code"),
    ("", 1, None),
    *fields.unsigned_fields(4, "ee_info ee_data"),
    ("offender", 16, address_text),
)
_NUMBERS: Final = _array_of(4, fields.unsigned)
_BYTES: Final = _array_of(1, fields.hexa)

_SOCKET: Final[dict[str, tuple[int, Value]]] = {
    "SCM_RIGHTS": (4, _array_of(4, fields.descriptor)),
    "SCM_CREDENTIALS": (12, _CREDENTIALS),
    "SCM_SECURITY": (1, _string),
    **dict.fromkeys(("SO_TIMESTAMP_OLD", "SO_TIMESTAMP_NEW"), (1, _time(timeval_text))),
    **dict.fromkeys(("SO_TIMESTAMPNS_OLD", "SO_TIMESTAMPNS_NEW"), (1, _time(timespec_text))),
    **dict.fromkeys(("SO_TIMESTAMPING_OLD", "SO_TIMESTAMPING_NEW"), (1, _times)),
}
_IP: Final[dict[str, tuple[int, Value]]] = {
    "IP_PKTINFO": (12, _PACKET_INFORMATION),
    "IP_TTL": (4, _NUMBERS),
    "IP_TOS": (1, _BYTES),
    "IP_RECVOPTS": (1, _BYTES),
    "IP_RETOPTS": (1, _BYTES),
    "IP_RECVERR": (32, _ERROR),
    "IP_ORIGDSTADDR": (16, address_text),
    "IP_CHECKSUM": (4, _NUMBERS),
    "SCM_SECURITY": (1, _string),
}
"""Names of types to the least length of their data, and how it is printed."""
_LEVELS: Final = {_SOL_SOCKET: (SCMVALS, "SCM_???", _SOCKET), _SOL_IP: (IP_CMSG_TYPES, "IP_???", _IP)}


def _type_text(call: Call, level: int, kind: int, data: bytes) -> str:
    """Print a message's type, and its data if it is known."""
    if level not in _LEVELS:
        return hexadecimal(kind)
    names, unknown, printers = _LEVELS[level]
    text = call.choice(kind, names, unknown=unknown)
    least, show = printers.get(names.get(kind, ""), (0, None))
    return text if show is None or len(data) < least else f"{text}, cmsg_data={show(call, data)}"


def control_text(call: Call, address: int, length: int) -> str:
    """Print an array of control messages (strace's decode_msg_control)."""
    size = u32(min(length, _MOST))
    data = call.peek(address, size) if size >= _HEADER.size else None
    if data is None:
        return pointer(address)
    parts = []
    at = 0
    while size - at >= _HEADER.size:
        claimed, level, kind = _HEADER.unpack_from(data, at)
        there = min(claimed, size - at)
        type_text = _type_text(call, level, kind, data[at + _HEADER.size : at + there])
        level_text = call.choice(level, SOCKETLAYERS, unknown="SOL_???")
        parts.append(f"{{cmsg_len={claimed}, cmsg_level={level_text}, cmsg_type={type_text}}}")
        if there < _HEADER.size:
            at += _HEADER.size
            break
        at += claimed + 7 & ~7
    if at < size:
        parts.append(f"... /* {pointer(address + at)} */")
    elif size < length:
        parts.append("...")
    return f"[{', '.join(parts)}]"
