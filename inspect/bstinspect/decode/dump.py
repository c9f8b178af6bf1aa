"""The data of reads and writes in hexadecimal and ASCII: strace's -e read= and -e write= (its dumpstr)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import s32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.decode.call import Call
    from bstinspect.decode.layout import Wanted

_WRITES: Final = {"write": 2, "pwrite64": 2, "sendto": 2, "mq_timedsend": 2}
"""Calls whose second argument is a buffer, and which argument is its length."""
_READS: Final = frozenset({"read", "pread64", "recvfrom", "mq_timedreceive"})
_VECTOR_WRITES: Final = frozenset({"writev", "pwritev", "pwritev2", "vmsplice"})
_VECTOR_READS: Final = frozenset({"readv", "preadv", "preadv2"})
_EVERYTHING: Final = 1 << 64


def dump(call: Call, wanted: Wanted) -> str:
    """Return the lines that follow a call's own; empty for most calls."""
    descriptor = s32(call[0])
    if descriptor < 0:
        return ""
    if wanted.writes(descriptor):
        if call.name in _WRITES:
            return _buffer(call, call[1], call[2])
        if call.name in _VECTOR_WRITES:
            return _vector(call, call[1], call[2], _EVERYTHING)
        if call.name == "sendmsg":
            return _message(call, call[1], _EVERYTHING)
        if call.name == "sendmmsg":
            return _messages(call)
    if call.is_error or not wanted.reads(descriptor):
        return ""
    if call.name in _READS:
        return _buffer(call, call[1], call.value)
    if call.name in _VECTOR_READS:
        return _vector(call, call[1], call[2], call.value)
    if call.name == "recvmsg":
        return _message(call, call[1], call.value)
    return _messages(call) if call.name == "recvmmsg" else ""


def _buffer(call: Call, address: int, length: int) -> str:
    data = call.peek(address, length) if length > 0 else None
    return "".join(_lines(data)) if data else ""


def _lines(data: bytes) -> Iterator[str]:
    width = max(5, len(f"{len(data) - 1:x}")) if len(data) > 1 << 20 else 5
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        left = " ".join(f"{code:02x}" for code in row[:8])
        right = " ".join(f"{code:02x}" for code in row[8:])
        shown = "".join(chr(code) if 0x20 <= code < 0x7F else "." for code in row)
        yield f" | {start:0{width}x}  {left:<23}  {right:<23}  {shown:<16} |\n"


def _vector(call: Call, address: int, count: int, left: int) -> str:
    data = call.peek(address, 16 * min(count, 1024))
    text = ""
    for index, (base, length) in enumerate(struct.iter_unpack("<QQ", data or b"")):
        size = min(length, left)
        if not size:
            break
        left -= size
        text += f" * {size} bytes in buffer {index}\n" + _buffer(call, base, size)
    return text


def _message(call: Call, address: int, left: int) -> str:
    data = call.peek(address, 56)
    if data is None:
        return ""
    vector, count = struct.unpack_from("<16xQQ", data)
    return _vector(call, vector, count, left)


def _messages(call: Call) -> str:
    text = ""
    for index in range(max(min(call.value, 1024), 0) if not call.is_error else 0):
        address = call[1] + 64 * index
        length = call.integer(address + 56, signed=False)
        if length is None:
            break
        count = call.integer(address + 24, 8, signed=False)
        text += f" = {count} buffers in vector {index}\n" + _message(call, address, length)
    return text
