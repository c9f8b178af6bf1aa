"""--zmtp: the bytes that go through a call, told as ZeroMQ messages."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import s32
from bstinspect.zmtp.connections import Connections
from bstinspect.zmtp.labels import label

if TYPE_CHECKING:
    from bstinspect.decode.call import Call
    from bstinspect.zmtp.events import Event

_SENDS: Final = frozenset({"write", "sendto"})
_RECEIVES: Final = frozenset({"read", "recvfrom"})
_VECTORS: Final = {"writev": True, "readv": False}
_MESSAGES: Final = {"sendmsg": True, "recvmsg": False}
_DESCRIPTORS: Final = frozenset({
    "close", "close_range", "socket", "accept", "accept4", "socketpair", "dup", "dup2", "dup3", "fcntl",
    "fork", "vfork", "clone", "clone3",
})  # fmt: skip
MOVES: Final = _SENDS | _RECEIVES | _VECTORS.keys() | _MESSAGES.keys()
"""Calls that move bytes."""
_WANTED: Final = MOVES | _DESCRIPTORS
_MSG_PEEK: Final = 2
_CLONE_FILES: Final = 0x400
_DUPLICATES: Final = (0, 1030)  # F_DUPFD, F_DUPFD_CLOEXEC
MOST: Final = 1 << 16
"""Bytes of a call that are looked at; libzmq sends 8192 at a time."""


class ZmtpAnnotator:
    """Follows every connection of every process by its descriptor."""

    def __init__(self) -> None:
        self._connections = Connections()

    def wants(self, name: str) -> bool:
        """Tell whether a call of that name moves bytes, or makes or ends a descriptor."""
        return name in _WANTED

    def annotate(self, call: Call, pid: int) -> str:  # noqa: PLR0911 - one a kind
        """Return what the call moved, in words; empty where that is no ZMTP."""
        if call.is_error or not call.leaving:
            return ""
        name, fd = call.name, s32(call[0])
        if name in _SENDS:
            return self._moved(pid, fd, self._buffer(call), call.value, sent=True)
        if name in _RECEIVES:
            peeked = name == "recvfrom" and call[3] & _MSG_PEEK
            return "" if peeked else self._moved(pid, fd, self._buffer(call), call.value, sent=False)
        if name in _VECTORS:
            data = self._vector(call, call[1], call[2], call.value)
            return self._moved(pid, fd, data, call.value, sent=_VECTORS[name])
        if name in _MESSAGES:
            header = call.peek(call[1], 56)
            if header is None or (name == "recvmsg" and call[2] & _MSG_PEEK):
                return ""
            where, count = struct.unpack_from("<16xQQ", header)
            data = self._vector(call, where, count, call.value)
            return self._moved(pid, fd, data, call.value, sent=_MESSAGES[name])
        self._descriptors(call, pid)
        return ""

    def _descriptors(self, call: Call, pid: int) -> None:
        """Follow descriptors from call to call."""
        match call.name:
            case "close":
                self._connections.closed(pid, s32(call[0]))
            case "close_range" if not call[2]:
                self._connections.closed_range(pid, call[0], call[1])
            case "socket" | "accept" | "accept4":
                self._connections.opened(pid, call.value)
            case "socketpair":
                for number in struct.unpack("<ii", call.peek(call[3], 8) or bytes(8)):
                    self._connections.opened(pid, number)
            case "dup" | "dup2" | "dup3" | "fcntl" if call.name != "fcntl" or call[1] in _DUPLICATES:
                self._connections.duplicated(pid, s32(call[0]), call.value)
            case "fork" | "vfork" | "clone" | "clone3" if call.value > 0 and makes_process(call):
                self._connections.forked(pid, call.value)

    def ended(self, pid: int) -> None:
        """A process has ended."""
        self._connections.ended(pid)

    def moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> list[Event]:
        """Take `data`, the first of `length` bytes that a call moved; return what they mean."""
        return self._connections.moved(pid, fd, data, length, sent=sent)

    def _moved(self, pid: int, fd: int, data: bytes, length: int, *, sent: bool) -> str:
        text = label(self.moved(pid, fd, data[: max(length, 0)], length, sent=sent))
        return f"zmtp: {text}" if text and not text.startswith("zmtp:") else text

    def _buffer(self, call: Call) -> bytes:
        return call.memory.read(call[1], min(max(call.value, 0), MOST))

    def _vector(self, call: Call, address: int, count: int, left: int) -> bytes:
        data = b""
        for base, length in struct.iter_unpack("<QQ", call.peek(address, 16 * min(count, 64)) or b""):
            size = min(length, left - len(data), MOST)
            if size <= 0:
                break
            part = call.memory.read(base, size)
            data += part
            if len(part) < size:
                break
        return data


def makes_process(call: Call) -> bool:
    """Tell whether a call makes a process with descriptors of its own, not a thread that shares them."""
    if not call.name.startswith("clone"):
        return call.name in ("fork", "vfork")
    flags = call[0] if call.name == "clone" else int.from_bytes(call.peek(call[0], 8) or b"", "little")
    return not flags & _CLONE_FILES
