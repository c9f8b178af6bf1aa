"""What descriptors and pids stand for while a tracee is stopped (proc(5), sock_diag(7))."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bstinspect.linux import proc
from bstinspect.records import OpenFile

if TYPE_CHECKING:
    from bstinspect.capture.sockets import Sockets

AT_FDCWD = -100
_SOCKET: Final = b"socket:["
_PIDFD: Final = b"anon_inode:[pidfd]"
_DELETED: Final = b" (deleted)"
_GENERIC: Final = b"16"
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
        """`wanted`: of ``socket``, ``dev``, ``pidfd``, ``peer``; where a descriptor points is always told."""
        self._wanted = wanted

    @cached_property
    def _sockets(self) -> Sockets:
        from bstinspect.capture.sockets import Sockets

        return Sockets()

    @cached_property
    def _generic_families(self) -> str:
        """The types of messages through NETLINK_GENERIC, which only the running kernel knows."""
        from bstinspect.linux.genetlink import families

        return "".join(f" {number}={name}" for number, name in families().items())

    def descriptor(self, tid: int, number: int) -> OpenFile | None:
        """Say what a descriptor of a thread is; None where it is not open."""
        where = "cwd" if number == AT_FDCWD else f"fd/{number}"
        link = f"/proc/{tid}/{where}".encode()
        try:
            target = os.readlink(link)  # noqa: PTH115 - bytes in, bytes out
        except OSError:
            return None
        if target.startswith(_SOCKET):
            return self._socket(tid, number, target)
        if target == _PIDFD:
            return OpenFile(number, target, self._pidfd(tid, number) if "pidfd" in self._wanted else "")
        if target.endswith(_DELETED) and _is_deleted(link, target):
            return OpenFile(number, target.removesuffix(_DELETED), deleted=True)
        details = _device(target) if "dev" in self._wanted and target.startswith(b"/") else ""
        return OpenFile(number, target, details)

    def _socket(self, tid: int, number: int, target: bytes) -> OpenFile:
        protocol = self._protocol(tid, number, target)
        inode = int(target.removeprefix(_SOCKET).removesuffix(b"]"))
        name = protocol.partition(" ")[0]
        details = self._sockets.details(inode, name) if "socket" in self._wanted else ""
        peer = self._sockets.peer(inode, name) if "peer" in self._wanted else ""
        return OpenFile(number, target, details, peer, protocol)

    @staticmethod
    def _pidfd(tid: int, number: int) -> str:
        """Return ``pid:1234`` of a pidfd (proc_pid_fdinfo(5))."""
        for line in (proc.read_file(f"/proc/{tid}/fdinfo/{number}") or b"").splitlines():
            if line.startswith(b"Pid:\t") and int(line[5:]) > 0:
                return f"pid:{int(line[5:])}"
        return ""

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
                families = self._generic_families if columns[1] == _GENERIC else ""
                return f"{name} {columns[1].decode()}{families}"
        return name

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where there is none."""
        return proc.command_name(pid)


def _is_deleted(link: bytes, target: bytes) -> bool:
    """Tell whether the kernel has put " (deleted)" behind a path, or whether that is the file's name."""
    try:
        opened = os.stat(link)  # noqa: PTH116 - a path as the kernel has it
    except OSError:
        return False
    try:
        named = os.lstat(target)
    except OSError:
        return True
    return (opened.st_ino, opened.st_dev) != (named.st_ino, named.st_dev)


def _device(path: bytes) -> str:
    """Return ``char 1:3`` or ``block 8:0`` of a device; empty for other files."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a path as the kernel has it
    except OSError:
        return ""
    kind = {stat.S_IFCHR: "char", stat.S_IFBLK: "block"}.get(stat.S_IFMT(status.st_mode))
    return f"{kind} {os.major(status.st_rdev)}:{os.minor(status.st_rdev)}" if kind else ""
