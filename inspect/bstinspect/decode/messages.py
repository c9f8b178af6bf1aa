"""Messages with headers and control data (sendmsg(2), sendmmsg(2), cmsg(3); strace's msghdr.c, mmsghdr.c)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.addresses import address_buffer
from bstinspect.decode.call import Call, pointer, s32
from bstinspect.decode.constants.network import MSG_FLAGS
from bstinspect.decode.control import control_text
from bstinspect.decode.iovecs import iovecs_text
from bstinspect.decode.netlink import netlink_text
from bstinspect.decode.shape import Shape
from bstinspect.decode.spans import TIMESPEC, timespec_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADER: Final = struct.Struct("<Qi4xQQQQI4x")
_SEVERAL: Final = _HEADER.size + 8
_MOST: Final = 1024
"""IOV_MAX: no more messages of one call are looked at."""
_NETLINK: Final = 16


def _header(call: Call, data: bytes, room: int | None, size: int | None) -> str:
    """Print a header; `room` is what its msg_namelen was before the call, `size` how much was transferred."""
    name, name_length, vector, count, control, control_length, flags = _HEADER.unpack(data)
    address, family = address_buffer(call, name, name_length if room is None else min(name_length, room))

    def netlink(call: Call, where: int, length: int) -> str:
        return netlink_text(call, s32(call[0]), where, length)

    changed = f"{room} => " if room is not None and room != name_length else ""
    buffers = iovecs_text(call, vector, count, left=size, show=netlink if family == _NETLINK else None)
    parts = [
        f"msg_name={address}",
        f"msg_namelen={changed}{name_length}",
        f"msg_iov={buffers}",
        f"msg_iovlen={count}",
    ]
    if control_length:
        parts.append(f"msg_control={control_text(call, control, control_length)}")
    parts.append(f"msg_controllen={control_length}")
    parts.append(f"msg_flags={call.flags(flags, MSG_FLAGS, unknown='MSG_???')}")
    return f"{{{', '.join(parts)}}}"


def _fetch(call: Call) -> bytes | None:
    return call.peek(call[1], _HEADER.size) if call.style.verbose(call.name) else None


def _sent(call: Call) -> str:
    data = _fetch(call)
    return pointer(call[1]) if data is None else _header(call, data, None, None)


_FLAGS: Final = show.flags(2, MSG_FLAGS, unknown="MSG_???")


class _Received(Shape):
    """recvmsg(2)."""

    def waits(self, call: Call) -> bool:
        return call.kept is not None

    def entry(self, call: Call) -> list[str]:
        data = _fetch(call)
        call.kept = None if data is None else _HEADER.unpack(data)[1]
        texts = super().entry(call)
        return texts if self.waits(call) else [*texts, pointer(call[1]), *super().exit(call)]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        data = _fetch(call)
        if call.is_error:
            text = f"{{msg_namelen={call.kept}}}"
        elif data is None:
            text = pointer(call[1])
        else:
            text = _header(call, data, call.kept, call.value)
        return [text, *super().exit(call)]


def _headers(call: Call, count: int, lengths: int, most: int, rooms: Sequence[int] | None = None) -> str:
    """Print an array of ``struct mmsghdr``, of which `lengths` have a msg_len (strace's decode_mmsgvec).

    With `rooms`, the lengths of names before the call, no more of a message is printed than its msg_len.
    """
    index = -1

    def element(call: Call, data: bytes) -> str:
        nonlocal index
        index += 1
        if index >= most:
            return "..."
        length = int.from_bytes(data[_HEADER.size : _HEADER.size + 4], "little")
        room, size = (None, None) if rooms is None else (rooms[index], length)
        header = _header(call, data[: _HEADER.size], room, size)
        return f"{{msg_hdr={header}{f', msg_len={length}' if index < lengths else ''}}}"

    def fetch(address: int, size: int) -> bytes | None:
        return None if call.is_error else call.peek(address, size)

    return show.array(call, call[1], min(count & 0xFFFFFFFF, most + 1), _SEVERAL, element, fetch)


_REST: Final = (show.unsigned(2), show.flags(3, MSG_FLAGS, unknown="MSG_???"))


class _SentSeveral(Shape):
    """sendmmsg(2)."""

    def waits(self, call: Call) -> bool:
        return call.style.verbose(call.name)

    def entry(self, call: Call) -> list[str]:
        texts = super().entry(call)
        return texts if self.waits(call) else [*texts, pointer(call[1]), *super().exit(call)]

    def exit(self, call: Call) -> list[str]:
        if not self.waits(call):
            return []
        lengths = 0 if call.is_error else call.value
        failed, call.is_error = call.is_error, False  # the messages are there all the same
        try:
            text = _headers(call, call[2], lengths, _MOST)
        finally:
            call.is_error = failed
        return [text, *super().exit(call)]


def _timeout(call: Call) -> str:
    data = call.fetch(call[4], TIMESPEC)
    return pointer(call[4]) if data is None else timespec_text(call, data)


class _ReceivedSeveral(Shape):
    """recvmmsg(2): the timeout is shown as it was before the call, what is left of it behind the result."""

    def waits(self, call: Call) -> bool:
        return call.style.verbose(call.name)

    def entry(self, call: Call) -> list[str]:
        texts = super().entry(call)
        if not self.waits(call):
            return [*texts, pointer(call[1]), *super().exit(call), _timeout(call)]
        rooms: list[int] = []
        for index in range(min(call[2] & 0xFFFFFFFF, _MOST)):
            data = call.peek(call[1] + index * _SEVERAL, _SEVERAL)
            if data is None:
                break
            rooms.append(int.from_bytes(data[8:12], "little", signed=True))
        call.kept = rooms, _timeout(call)
        return texts

    def exit(self, call: Call) -> list[str]:
        texts = []
        if self.waits(call):
            rooms, timeout = call.kept or ([], pointer(call[4]))
            headers = (
                pointer(call[1])
                if call.is_error
                else _headers(call, call.value, call.value, len(rooms), rooms)
            )
            texts = [headers, *super().exit(call), timeout]
        if not call.is_error and not call.value:
            call.note = "Timeout"
        elif not call.is_error and self.waits(call) and call[4]:
            call.note = f"left {_timeout(call)}"
        return texts


SHAPES: Final[dict[str, Shape]] = {
    "sendmsg": Shape((show.fd(0), _sent, _FLAGS)),
    "recvmsg": _Received((show.fd(0),), (_FLAGS,)),
    "sendmmsg": _SentSeveral((show.fd(0),), _REST),
    "recvmmsg": _ReceivedSeveral((show.fd(0),), _REST),
}
