"""What a socket is connected to, in strace's words (its socketutils.c), and who is at the other end."""

from __future__ import annotations

import os
import socket
from typing import Final

from bstinspect.decode.constants.netlink import NETLINK_PROTOCOLS
from bstinspect.decode.quote import escape
from bstinspect.linux import proc
from bstinspect.linux.sockdiag import InternetSocket, SocketDiagnosis

_UNIX: Final = frozenset({"UNIX", "UNIX-STREAM"})
_INTERNET: Final = {
    "TCP": 6, "UDP": 17, "UDPLITE": 136, "DCCP": 33, "SCTP": 132, "L2TP/IP": 115, "PING": 1, "RAW": 255,
}  # fmt: skip
"""Names of protocols (the attribute system.sockprotoname) to their numbers; for IPv6 ``v6`` is appended."""
_SUN_PATH: Final = 108
_MOST_KNOWN: Final = 4096


class Sockets:
    """Answers from sock_diag(7). What was found of a socket is believed from then on, as in strace."""

    def __init__(self) -> None:
        try:
            self._diagnosis: SocketDiagnosis | None = SocketDiagnosis()
        except OSError:
            self._diagnosis = None
        self._known: dict[int, str] = {}
        self._holders: dict[int, str] = {}

    def details(self, inode: int, protocol: str) -> str:
        """Return for example ``TCP:[127.0.0.1:80->127.0.0.1:4711]``; empty for a protocol without a name."""
        found = self._known.get(inode) or self._look_up(inode, protocol)
        if found:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[inode] = found
            return found
        return f"{protocol}:[{inode}]" if protocol else ""

    def peer(self, inode: int, protocol: str) -> str:
        """Return the process at the other end, ``node 20 pid 4625``, where it is on this machine."""
        other = self._other_end(inode, protocol)
        return self._holder(other) if other else ""

    def _look_up(self, inode: int, protocol: str) -> str:  # noqa: PLR0911 - one a kind
        if self._diagnosis is None:
            return ""
        if protocol in _UNIX:
            return self._unix(inode, protocol)
        if protocol == "NETLINK":
            netlink = self._diagnosis.netlink(inode)
            if netlink is None:
                return ""
            name = NETLINK_PROTOCOLS.get(netlink.protocol)
            if name is None:
                return f"NETLINK:[{netlink.protocol}]"
            return f"NETLINK:[{name.removeprefix('NETLINK_')}:{netlink.port}]"
        found = self._internet(inode, protocol)
        if found is None:
            return ""
        text = _address(found, *found.local)
        if found.remote[1] or found.remote[0] not in ("0.0.0.0", "::"):  # noqa: S104 - not to bind to
            text += f"->{_address(found, *found.remote)}"
        return f"{protocol}:[{text}]"

    def _unix(self, inode: int, protocol: str) -> str:
        found = self._diagnosis.unix(inode) if self._diagnosis else None
        if found is None or not (found.peer or found.name):
            return ""
        text = f"{inode}->{found.peer}" if found.peer else str(inode)
        if found.name:
            mark, name = ("@", found.name[1:]) if found.name.startswith(b"\0") else ("", found.name)
            shown = escape(name[:_SUN_PATH].partition(b"\0")[0])
            text += f',{mark}"{shown}"'
        return f"{protocol}:[{text}]"

    def _internet(self, inode: int, protocol: str) -> InternetSocket | None:
        number = _INTERNET.get(protocol.removesuffix("v6"))
        if number is None or self._diagnosis is None:
            return None
        family = socket.AF_INET6 if protocol.endswith("v6") else socket.AF_INET
        return next((each for each in self._diagnosis.internet(family, number) if each.inode == inode), None)

    def _other_end(self, inode: int, protocol: str) -> int:
        """Return the inode of the socket at the other end; 0 where that is not known."""
        if self._diagnosis is None:
            return 0
        if protocol in _UNIX:
            found = self._diagnosis.unix(inode)
            return found.peer if found else 0
        mine = self._internet(inode, protocol)
        number = _INTERNET.get(protocol.removesuffix("v6"))
        if mine is None or number is None or not mine.remote[1]:
            return 0
        return next(
            (
                each.inode
                for each in self._diagnosis.internet(mine.family, number)
                if (each.local, each.remote) == (mine.remote, mine.local)
            ),
            0,
        )

    def _holder(self, inode: int) -> str:
        """Return who has a socket open: its title where it is a node of ours, else its command name."""
        known = self._holders.get(inode)
        if known is None:
            if len(self._holders) >= _MOST_KNOWN:
                self._holders.clear()
            known = self._holders[inode] = _find_holder(f"socket:[{inode}]".encode())
        return known


def _find_holder(target: bytes) -> str:
    for pid in proc.pids():
        folder = f"/proc/{pid}/fd"
        try:
            numbers = os.listdir(folder)  # noqa: PTH208 - names are enough
        except OSError:
            continue
        for number in numbers:
            try:
                if os.readlink(f"{folder}/{number}".encode()) == target:  # noqa: PTH115 - bytes in, bytes out
                    return f"{_title(pid)} pid {pid}"
            except OSError:
                continue
    return ""


def _title(pid: int) -> str:
    """Return ``node 20`` of a process with the title ``bstrace: node 20``, else its command name."""
    line = proc.read_file(f"/proc/{pid}/cmdline") or b""
    if line.startswith(b"bstrace: "):
        return proc.printable(line.removeprefix(b"bstrace: ").partition(b"\0")[0].strip())
    return proc.printable((proc.read_file(f"/proc/{pid}/comm") or b"?").removesuffix(b"\n"))


def _address(of: InternetSocket, address: str, port: int) -> str:
    return f"[{address}]:{port}" if of.family == socket.AF_INET6 else f"{address}:{port}"
