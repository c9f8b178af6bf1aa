"""Events of devices, as udev passes them on through netlink (strace's netlink_kobject_uevent.c)."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import fields
from bstinspect.decode.call import Call, hexadecimal
from bstinspect.decode.fields import Layout


def _network_hexa(_call: Call, data: bytes) -> str:
    return f"htonl({hexadecimal(int.from_bytes(data, 'big'))})"


_HEADER: Final = Layout(
    ("prefix", 8, fields.cstring),
    ("magic", 4, _network_hexa),
    *fields.unsigned_fields(4, "header_size properties_off properties_len"),
    ("filter_subsystem_hash", 4, _network_hexa),
    ("filter_devtype_hash", 4, _network_hexa),
    ("filter_tag_bloom_hi", 4, _network_hexa),
    ("filter_tag_bloom_lo", 4, _network_hexa),
)


def uevent_text(call: Call, address: int, length: int) -> str:
    """Print udev's header and what follows it; the kernel's own events have no header."""
    data = call.fetch(address, _HEADER.size) if length >= _HEADER.size else None
    if data is None or not data.startswith(b"libudev\0"):
        return call.buffer(address, length)
    text = _HEADER(call, data)
    if length == _HEADER.size:
        return text
    return f"[{text}, {call.buffer(address + _HEADER.size, length - _HEADER.size)}]"
