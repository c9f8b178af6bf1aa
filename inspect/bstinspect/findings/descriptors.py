"""The life of each descriptor, from the calls that make, use and close it."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import s32
from bstinspect.findings.model import DescriptorLife, FileCount, SeenCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.findings.calls import Finished

MOST: Final = 2000
"""So many lives are kept; files are counted only."""
_MAKES: Final = {
    "eventfd": "eventfd", "eventfd2": "eventfd", "epoll_create": "epoll", "epoll_create1": "epoll",
    "timerfd_create": "timerfd", "signalfd": "signalfd", "signalfd4": "signalfd", "inotify_init": "inotify",
    "inotify_init1": "inotify", "memfd_create": "memfd", "pidfd_open": "pidfd", "open": "file",
    "openat": "file", "openat2": "file", "creat": "file",
}  # fmt: skip
_PAIRS: Final = {"pipe": 0, "pipe2": 0, "socketpair": 3}
_REPLACES: Final = frozenset({"dup2", "dup3"})
_EXECUTES: Final = frozenset({"execve", "execveat"})
_F_SETFD: Final = 2
_DUPLICATES: Final = (0, 1030)  # F_DUPFD, F_DUPFD_CLOEXEC
_SENDS: Final = frozenset({"write", "writev", "sendto", "sendmsg"})
_RECEIVES: Final = frozenset({"read", "readv", "recvfrom", "recvmsg"})
CALLS: Final = _MAKES.keys() | _PAIRS.keys() | _SENDS | _RECEIVES | _EXECUTES | {
    "close", "close_range", "socket", "accept", "accept4", "bind", "connect", "listen", "dup", "dup2", "dup3",
    "fcntl",
}  # fmt: skip
"""What `Descriptors` takes."""
_OPEN_FLAGS: Final = {"open": 1, "openat": 2}
_O_CLOEXEC: Final = 0o2000000
_SOCKETS: Final = frozenset({"ipc", "tcp", "udp", "socket"})
"""Those that join processes: at the other end of netlink is the kernel."""
_IN_PROGRESS: Final = "EINPROGRESS"
_UNSEEN: Final = SeenCall(0, 0, 0, "", "")
"""Stands for a call that is not kept."""


class Descriptors:
    """What every process has open, as far as the calls tell."""

    def __init__(self) -> None:
        self.lives: list[DescriptorLife] = []
        self.omitted = 0
        self.files: dict[int, FileCount] = {}
        self._table: dict[int, dict[int, DescriptorLife]] = {}
        """By pid and number. A life that is somebody else's was inherited."""
        self._on_exec: set[tuple[int, int]] = set()
        """Those that an execve closes."""

    def get(self, pid: int, number: int) -> DescriptorLife | None:
        """Return what is known of a descriptor."""
        return self._table.get(pid, {}).get(number)

    def is_socket(self, pid: int, number: int) -> bool:
        """Tell whether a descriptor is known to be a socket between processes."""
        life = self.get(pid, number)
        return life is not None and life.kind in _SOCKETS

    def open_of(self, pid: int) -> Iterator[DescriptorLife]:
        """Yield the descriptors that a process opened itself and has not closed."""
        for life in self._table.get(pid, {}).values():
            if life.pid == pid and life.opened is not None:
                yield life

    def take(self, call: Finished) -> None:  # noqa: C901, PLR0912 - one case a kind of call
        """Take one of `CALLS` that has returned."""
        name, pid = call.name, call.entry.pid
        if call.leaving is None or (call.failed and call.error != _IN_PROGRESS):
            return
        arguments = call.entry.arguments
        if name in _SENDS or name in _RECEIVES:
            self._moved(pid, s32(arguments[0]), call.value, sent=name in _SENDS)
        elif name == "close":
            self._closed(pid, s32(arguments[0]), call)
        elif (kind := _MAKES.get(name)) is not None:
            self._make(pid, call.value, kind, call)
        elif name == "socket":
            self._make(pid, call.value, _socket_kind(arguments[0], arguments[1]), call)
        elif name in ("accept", "accept4"):
            self._accepted(pid, s32(arguments[0]), call)
        elif name in ("bind", "connect", "listen"):
            self._addressed(pid, s32(arguments[0]), call)
        elif name in _PAIRS:
            data = call.decoded().peek(arguments[_PAIRS[name]], 8) or b""
            for (number,) in struct.iter_unpack("<i", data[: len(data) // 4 * 4]):
                kind = "ipc" if name == "socketpair" else "pipe"
                self._make(pid, number, kind, call)
        elif name in ("dup", "dup2", "dup3") or (name == "fcntl" and arguments[1] in _DUPLICATES):
            of = self.get(pid, s32(arguments[0]))
            if name == "dup2" and s32(arguments[0]) == call.value:
                return  # it does nothing then (dup(2))
            self._make(pid, call.value, of.kind if of else "file", call, of.name if of else "")
        elif name == "close_range" and not arguments[2]:
            for number in [each for each in self._table.get(pid, ()) if arguments[0] <= each <= arguments[1]]:
                self._closed(pid, number, call)
        elif name == "fcntl" and arguments[1] == _F_SETFD:
            self._closes_on_exec(pid, s32(arguments[0]), closes=bool(arguments[2] & 1))
        elif name in _EXECUTES:
            for number in [each for each in self._table.get(pid, ()) if (pid, each) in self._on_exec]:
                self._closed(pid, number, call)

    def forked(self, parent: int, child: int) -> None:
        """A process has what the one that forked it has."""
        self._table[child] = dict(self._table.get(parent, {}))
        for number in self._table[child]:
            self._closes_on_exec(child, number, closes=(parent, number) in self._on_exec)

    def ended(self, pid: int) -> None:
        """A process is gone, and with it all that it had open."""
        for number in self._table.pop(pid, ()):
            self._on_exec.discard((pid, number))

    def _closes_on_exec(self, pid: int, number: int, *, closes: bool) -> None:
        if closes:
            self._on_exec.add((pid, number))
        else:
            self._on_exec.discard((pid, number))

    def _make(self, pid: int, number: int, kind: str, call: Finished, name: str = "") -> DescriptorLife:
        before = self.get(pid, number)
        if before is not None and call.name in _REPLACES:
            self._closed(pid, number, call)
        self._closes_on_exec(pid, number, closes=_closes_on_exec(call))
        life = DescriptorLife(pid, number, kind, name)
        self._table.setdefault(pid, {})[number] = life
        if kind == "file":
            count = self.files.get(pid) or self.files.setdefault(pid, FileCount(pid))
            count.opened += 1
            life.opened = _UNSEEN
        elif len(self.lives) < MOST:
            life.opened = call.seen()
            self.lives.append(life)
        else:
            self.omitted += 1
            life.opened = _UNSEEN
        return life

    def _own(self, pid: int, number: int) -> DescriptorLife:
        """Return a descriptor that is used; one that was there before, or was inherited, begins now."""
        life = self.get(pid, number)
        if life is None or life.pid != pid:
            kind, name, role = (life.kind, life.name, life.role) if life else ("", "", "")
            life = DescriptorLife(pid, number, kind, name, role)
            self._table.setdefault(pid, {})[number] = life
            if kind != "file" and len(self.lives) < MOST:
                self.lives.append(life)
        return life

    def _moved(self, pid: int, number: int, count: int, *, sent: bool) -> None:
        life = self._own(pid, number)
        if sent:
            life.sends += 1
            life.sent_bytes += max(count, 0)
        else:
            life.receives += 1
            life.received_bytes += max(count, 0)

    def _closed(self, pid: int, number: int, call: Finished) -> None:
        life = self._table.get(pid, {}).pop(number, None)
        self._on_exec.discard((pid, number))
        if life is None or life.pid != pid:
            return
        if life.kind == "file":
            if life.opened is not None:
                self.files[pid].closed += 1
        else:
            life.closed = call.seen()

    def _accepted(self, pid: int, listener: int, call: Finished) -> None:
        of = self._own(pid, listener)
        life = self._make(pid, call.value, of.kind or "socket", call, of.name)
        life.role = "accepted"

    def _addressed(self, pid: int, number: int, call: Finished) -> None:
        life = self._own(pid, number)
        if call.name == "listen":
            life.role = "listens"
            return
        length = s32(call.entry.arguments[2])
        data = call.decoded().peek(call.entry.arguments[1], min(max(length, 0), 128)) or b""
        kind, address = read_address(data)
        life.kind = life.kind or kind
        life.name = address or life.name
        if call.name == "connect":
            life.role = "connected"


def read_address(data: bytes) -> tuple[str, str]:
    """Return the kind and the words of a ``struct sockaddr``: a path, ``@name`` (unix(7)), or host:port."""
    family = int.from_bytes(data[:2], "little")
    if family == 1:
        path = data[2:]
        abstract = path.startswith(b"\0")
        text = path[1:] if abstract else path.partition(b"\0")[0]
        return "ipc", ("@" if abstract else "") + text.decode("utf-8", "backslashreplace")
    if family == 2 and len(data) >= 8:
        return "tcp", f"{ipaddress.IPv4Address(data[4:8])}:{int.from_bytes(data[2:4], 'big')}"
    if family == 10 and len(data) >= 24:
        return "tcp", f"[{ipaddress.IPv6Address(data[8:24])}]:{int.from_bytes(data[2:4], 'big')}"
    return "socket", ""


def _socket_kind(family: int, kind: int) -> str:
    if family == 1:
        return "ipc"
    if family in (2, 10):
        return {1: "tcp", 2: "udp"}.get(kind & 0xF, "socket")
    return "netlink" if family == 16 else "socket"


def _closes_on_exec(call: Finished) -> bool:
    """Tell whether an execve closes what a call has made (pidfd_open(2) says that of its own)."""
    flags = _OPEN_FLAGS.get(call.name)
    if flags is not None:  # the most frequent, and a path may have any name
        return bool(call.entry.arguments[flags] & _O_CLOEXEC)
    return call.name == "pidfd_open" or "CLOEXEC" in call.text()
