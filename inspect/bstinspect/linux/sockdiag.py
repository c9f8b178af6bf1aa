"""One unix socket by its inode, with its peer: sock_diag(7), UNIX_DIAG_PEER (Linux 3.3).

/proc/net/unix does not say who is at the other end; netlink does, for the caller's network namespace.
"""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST: Final = 1
_SHOW_NAME: Final = 1
_SHOW_PEER: Final = 4
_NAME: Final = 0
_PEER: Final = 2
_ALL_STATES: Final = 0xFFFFFFFF
# nlmsghdr (length, type, flags, sequence, port), then
# unix_diag_req (family, protocol, padding, states, inode, show, cookie)
_REQUEST: Final = struct.Struct("=IHHII BBHIIIII")
_HEADER: Final = struct.Struct("=IHHII BBBxIII")  # nlmsghdr, unix_diag_msg
_ATTRIBUTE: Final = struct.Struct("=HH")
_NO_COOKIE: Final = 0xFFFFFFFF


class UnixSocket(NamedTuple):
    """A unix socket: its own name (raw: a leading NUL is an abstract one) and its peer's inode, or 0."""

    name: bytes
    peer: int


class SocketDiagnosis:
    """A netlink socket to ask with."""

    def __init__(self) -> None:
        """Open it. Raises OSError."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
        )
        self._socket.settimeout(0.01)

    def unix(self, inode: int) -> UnixSocket | None:
        """Look up one socket; None when there is none, or the kernel does not know the question."""
        header = (_REQUEST.size, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, inode, 0)
        question = (socket.AF_UNIX, 0, 0, _ALL_STATES, inode, _SHOW_NAME | _SHOW_PEER, _NO_COOKIE, _NO_COOKIE)
        request = _REQUEST.pack(*header, *question)
        try:
            self._socket.send(request)
            reply = self._socket.recv(8192)
        except OSError:
            return None
        length, kind, _, sequence, *_ = _HEADER.unpack_from(reply.ljust(_HEADER.size, b"\0"))
        if kind != _SOCK_DIAG_BY_FAMILY or sequence != inode:
            return None
        name, peer = b"", 0
        position = _HEADER.size
        while position + _ATTRIBUTE.size <= min(length, len(reply)):
            size, attribute = _ATTRIBUTE.unpack_from(reply, position)
            value = reply[position + _ATTRIBUTE.size : position + size]
            if attribute == _NAME:
                name = value
            elif attribute == _PEER and len(value) == 4:
                peer = int.from_bytes(value, "little")
            position += max(_ATTRIBUTE.size, size + 3 & ~3)
        return UnixSocket(name, peer)

    def close(self) -> None:
        """Close the netlink socket."""
        self._socket.close()


def display_name(name: bytes) -> bytes:
    """Show an abstract name as ss(8) does, with @ for its NUL."""
    return b"@" + name[1:] if name.startswith(b"\0") else name.rstrip(b"\0")
