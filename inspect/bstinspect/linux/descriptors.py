"""A process's open descriptors, sockets with the names of both ends (proc(5), unix(7), sock_diag(7))."""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import Final, NamedTuple

from bstinspect.linux.proc import printable, read_file
from bstinspect.linux.sockdiag import SocketDiagnosis, display_name

_SOCKET: Final = b"socket:["
_INTERNET: Final = (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6), ("udp", socket.AF_INET))
_MOST_BYTES: Final = 4 << 20
"""A longer /proc/net table is not read through: it would take too long."""


class OpenDescriptor(NamedTuple):
    """A descriptor: its number, and where /proc/PID/fd/N points."""

    number: int
    target: str
    inode: int
    """The socket's inode; 0 when it is none."""


def numbers(pid: int) -> list[int]:
    """List a process's open descriptors, ascending; empty when it has gone or may not be looked at."""
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            return sorted(int(entry.name) for entry in entries)
    except OSError:
        return []


def describe(pid: int, number: int) -> OpenDescriptor | None:
    """Say what one descriptor is; None when it is closed by now."""
    try:
        target = os.readlink(f"/proc/{pid}/fd/{number}".encode())  # noqa: PTH115 - bytes in, bytes out
    except OSError:
        return None
    is_socket = target.startswith(_SOCKET) and target.endswith(b"]")
    return OpenDescriptor(number, printable(target), int(target[len(_SOCKET) : -1]) if is_socket else 0)


class Endpoints:
    """Names the ends of one process's sockets, reading each /proc table once and only when it is needed."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._internet: dict[int, str] | None = None
        self._unix: dict[int, bytes] | None = None
        try:
            self._diagnosis: SocketDiagnosis | None = SocketDiagnosis()
        except OSError:
            self._diagnosis = None

    def name(self, inode: int) -> str:
        """Return for example ``unix:/run/x/20.1``, ``unix:->/run/x/10.1``; empty for an unknown kind."""
        own = self._diagnosis.unix(inode) if self._diagnosis else None
        if own is not None:
            return "unix:" + printable(display_name(own.name)) + self._peer(own.peer)
        if self._unix is None:
            self._unix = unix_names(self._pid)
        if inode in self._unix:
            return "unix:" + printable(self._unix[inode])
        if self._internet is None:
            self._internet = internet_names(self._pid)
        return self._internet.get(inode, "")

    def _peer(self, inode: int) -> str:
        if not inode or not self._diagnosis:
            return ""
        peer = self._diagnosis.unix(inode)
        return "->" + (printable(display_name(peer.name)) if peer and peer.name else f"[{inode}]")

    def close(self) -> None:
        """Close what it opened."""
        if self._diagnosis:
            self._diagnosis.close()


def unix_names(pid: int) -> dict[int, bytes]:
    """Read /proc/PID/net/unix: inode to own name, empty where unnamed."""
    names = {}
    for line in _table(pid, "unix"):
        fields = line.split(maxsplit=7)
        if len(fields) >= 7 and fields[6].isdigit():
            names[int(fields[6])] = fields[7] if len(fields) == 8 else b""
    return names


def internet_names(pid: int) -> dict[int, str]:
    """Read /proc/PID/net/tcp, tcp6 and udp: inode to ``tcp:LOCAL`` or ``tcp:LOCAL->REMOTE``."""
    names = {}
    for table, family in _INTERNET:
        for line in _table(pid, table):
            fields = line.split()
            if len(fields) < 10:
                continue
            remote = "" if fields[2].endswith(b":0000") else "->" + _address(fields[2], family)
            names[int(fields[9])] = f"{table}:{_address(fields[1], family)}{remote}"
    return names


def _table(pid: int, name: str) -> list[bytes]:
    data = read_file(f"/proc/{pid}/net/{name}", _MOST_BYTES)
    return data.split(b"\n")[1:] if data else []


def _address(field: bytes, family: int) -> str:
    """``0100007F:1F90``: each 32-bit word of the address in the machine's order, the port in hexadecimal."""
    address, _, port = field.partition(b":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    order = "<" if sys.byteorder == "little" else ">"
    text = socket.inet_ntop(family, struct.pack(f"{order}{len(words)}I", *words))
    return f"[{text}]:{int(port, 16)}" if family == socket.AF_INET6 else f"{text}:{int(port, 16)}"
