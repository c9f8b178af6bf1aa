"""Sockets by their inodes: sock_diag(7), for the caller's network namespace.

A unix socket comes with its peer (UNIX_DIAG_PEER, Linux 3.3), which /proc/net/unix does not tell.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_NLM_F_DUMP: Final = 0x300
_NLMSG: Final = struct.Struct("=IHHII")
# inet_diag_req_v2: family, protocol, extensions, padding, states, then an inet_diag_sockid of zeros
_INTERNET_REQUEST: Final = struct.Struct("=BBBxI48x")
# inet_diag_msg: family, state, timer, retransmissions, then ports, addresses, interface, cookie; ...; inode
_INTERNET: Final = struct.Struct("=Bxxx 2s2s16s16s12x 16xI")
# netlink_diag_req: family, protocol (255: all), padding, inode, show, cookie
_NETLINK_REQUEST: Final = struct.Struct("=BBxxI4x8x")
# netlink_diag_msg: family, type, protocol, state, port id, destination's port id, group, inode
_NETLINK: Final = struct.Struct("=BBBxIIII")
_ALL_PROTOCOLS: Final = 0xFF


class UnixSocket(NamedTuple):
    """A unix socket: its own name (raw: a leading NUL is an abstract one) and its peer's inode, or 0."""

    name: bytes
    peer: int


class InternetSocket(NamedTuple):
    """A socket with an address and a port at each end; the remote port is 0 where it is not connected."""

    family: int
    inode: int
    local: tuple[str, int]
    remote: tuple[str, int]


class NetlinkSocket(NamedTuple):
    """A netlink socket."""

    protocol: int
    port: int


class SocketDiagnosis:
    """A netlink socket to ask with."""

    def __init__(self) -> None:
        """Open it. Raises OSError."""
        self._socket = _open()

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

    def internet(self, family: int, protocol: int) -> Iterator[InternetSocket]:
        """Yield every socket of a family (AF_INET, AF_INET6) and protocol that has an address."""
        for body in _dump(_INTERNET_REQUEST.pack(family, protocol, 0, _ALL_STATES)):
            if len(body) < _INTERNET.size:
                return
            found, near, far, here, there, inode = _INTERNET.unpack_from(body)
            size = 4 if found == socket.AF_INET else 16
            yield InternetSocket(
                found,
                inode,
                (socket.inet_ntop(found, here[:size]), int.from_bytes(near, "big")),
                (socket.inet_ntop(found, there[:size]), int.from_bytes(far, "big")),
            )

    def netlink(self, inode: int) -> NetlinkSocket | None:
        """Look up a netlink socket."""
        for body in _dump(_NETLINK_REQUEST.pack(socket.AF_NETLINK, _ALL_PROTOCOLS, 0)):
            if len(body) >= _NETLINK.size:
                _, _, protocol, port, _, _, found = _NETLINK.unpack_from(body)
                if found == inode:
                    return NetlinkSocket(protocol, port)
        return None

    def close(self) -> None:
        """Close the netlink socket."""
        self._socket.close()


def _open() -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
    opened.settimeout(0.01)
    return opened


def _dump(question: bytes) -> Iterator[bytes]:
    """Yield the bodies of all answers to a question about many sockets.

    On a socket of its own: whoever has found what he wanted leaves the rest of the answers in it.
    """
    length = _NLMSG.size + len(question)
    header = _NLMSG.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, 0, 0)
    try:
        with _open() as asked:
            asked.send(header + question)
            while True:
                reply = asked.recv(1 << 16)
                position = 0
                while position + _NLMSG.size <= len(reply):
                    length, kind, *_ = _NLMSG.unpack_from(reply, position)
                    if kind != _SOCK_DIAG_BY_FAMILY or length < _NLMSG.size:
                        return
                    yield reply[position + _NLMSG.size : position + length]
                    position += length + 3 & ~3
    except OSError:
        return


def display_name(name: bytes) -> bytes:
    """Show an abstract name as ss(8) does, with @ for its NUL."""
    return b"@" + name[1:] if name.startswith(b"\0") else name.rstrip(b"\0")
