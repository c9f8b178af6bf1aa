"""What descriptors and pids stand for while a tracee is stopped (proc(5), sock_diag(7))."""

from __future__ import annotations

import os
from typing import Final

from bstinspect.linux import proc
from bstinspect.records import OpenFile

AT_FDCWD = -100
_SOCKET: Final = b"socket:["
_MOST_SOCKETS: Final = 1 << 20
"""No more bytes of the kernel's list of netlink sockets are read."""


def _socket_protocol(tid: int, number: int) -> str:
    """Return the name of a socket's protocol; empty for other descriptors."""
    try:
        name = os.getxattr(f"/proc/{tid}/fd/{number}", "system.sockprotoname")
    except OSError:
        return ""
    return name.rstrip(b"\0").decode(errors="replace")


class Objects:
    """Looks descriptors and processes up; `wanted` says what of them is worth the time."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted

    def descriptor(self, tid: int, number: int) -> OpenFile | None:
        """Say what a descriptor of a thread is; None where it is not open."""
        where = "cwd" if number == AT_FDCWD else f"fd/{number}"
        try:
            target = os.readlink(f"/proc/{tid}/{where}".encode())  # noqa: PTH115 - bytes in, bytes out
        except OSError:
            return None
        if not target.startswith(_SOCKET):
            return OpenFile(number, target)
        return OpenFile(number, target, protocol=self._protocol(tid, number, target))

    def is_netlink(self, tid: int, number: int) -> bool:
        """Tell whether a descriptor is a netlink socket."""
        return _socket_protocol(tid, number) == "NETLINK"

    def _protocol(self, tid: int, number: int, target: bytes) -> str:
        name = _socket_protocol(tid, number)
        if name != "NETLINK":
            return name
        inode = target.removeprefix(_SOCKET).removesuffix(b"]")
        for line in (proc.read_file(f"/proc/{tid}/net/netlink", _MOST_SOCKETS) or b"").splitlines():
            columns = line.split()
            if columns[-1:] == [inode]:
                return f"{name} {columns[1].decode()}"
        return name

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where there is none."""
        return (proc.read_file(f"/proc/{pid}/comm") or b"").removesuffix(b"\n")
