"""The kernel's families of generic netlink by their numbers, which differ from one start to the next."""

from __future__ import annotations

import socket
import struct
from typing import Final

_NETLINK_GENERIC: Final = 16
_CONTROL: Final = 16  # GENL_ID_CTRL
_DUMP: Final = 0x301  # NLM_F_REQUEST|NLM_F_DUMP
_HEADER: Final = struct.Struct("=IHHIIBBH")  # nlmsghdr, genlmsghdr
_ATTRIBUTE: Final = struct.Struct("=HH")
_GET_FAMILY: Final = 3
_NAME: Final = 2
_NUMBER: Final = 1


def families() -> dict[int, str]:
    """Ask the kernel for the families, number to name; none where it does not answer."""
    found: dict[int, str] = {}
    try:
        with socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_GENERIC
        ) as asked:
            asked.settimeout(0.1)
            asked.send(_HEADER.pack(_HEADER.size, _CONTROL, _DUMP, 1, 0, _GET_FAMILY, 1, 0))
            while _messages(asked.recv(65536), found):
                pass
    except OSError:
        pass
    return found


def _messages(data: bytes, found: dict[int, str]) -> bool:
    """Take the families that are told of; tell whether there is more to come."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        if kind != _CONTROL or length < _HEADER.size:
            return False
        values = dict(_attributes(data[_HEADER.size : length]))
        if _NAME in values and len(values.get(_NUMBER, b"")) == 2:
            number = int.from_bytes(values[_NUMBER], "little")
            found[number] = values[_NAME].rstrip(b"\0").decode(errors="replace")
        data = data[length + 3 & ~3 :]
    return not data


def _attributes(data: bytes) -> list[tuple[int, bytes]]:
    result = []
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        result.append((kind, data[_ATTRIBUTE.size : length]))
        data = data[length + 3 & ~3 :]
    return result
