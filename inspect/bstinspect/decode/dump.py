"""The data of reads and writes in hexadecimal and ASCII: strace's -e read= and -e write= (its dumpstr)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import s32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.decode.call import Call
    from bstinspect.decode.layout import Wanted

_EVERYTHING: Final = 1 << 64


def dump(call: Call, wanted: Wanted) -> str:
    """Return the lines that follow a call's own; empty for most calls."""
    descriptor = s32(call[0])
    if descriptor < 0:
        return ""
    if call.name in _WRITES and wanted.writes(descriptor):
        return _WRITES[call.name](call)
    if call.name in _READS and not call.is_error and wanted.reads(descriptor):
        return _READS[call.name](call)
    return ""


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


def _sent(call: Call) -> str:
    return _buffer(call, call[1], call[2])


def _received(call: Call) -> str:
    return _buffer(call, call[1], call.value)


def _vector_sent(call: Call) -> str:
    return _vector(call, call[1], call[2], _EVERYTHING)


def _vector_received(call: Call) -> str:
    return _vector(call, call[1], call[2], call.value)


_WRITES: Final = {
    **dict.fromkeys(("write", "pwrite64", "sendto", "mq_timedsend"), _sent),
    **dict.fromkeys(("writev", "pwritev", "pwritev2", "vmsplice"), _vector_sent),
    "sendmsg": lambda call: _message(call, call[1], _EVERYTHING),
    "sendmmsg": _messages,
}
_READS: Final = {
    **dict.fromkeys(("read", "pread64", "recvfrom", "mq_timedreceive"), _received),
    **dict.fromkeys(("readv", "preadv", "preadv2"), _vector_received),
    "recvmsg": lambda call: _message(call, call[1], call.value),
    "recvmmsg": _messages,
}
"""How the data of the calls that move some is printed."""
