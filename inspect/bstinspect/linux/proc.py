"""Facts about processes from /proc (proc(5)): typed, and None or empty when the process has gone meanwhile.

Names and paths come from other people: bytes that are no UTF-8 and control characters become backslash
escapes, so each is one printable line.
"""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_NS: Final = 1_000_000_000


class Stat(NamedTuple):
    """/proc/PID/stat. Times are clock ticks."""

    name: str
    state: str
    parent: int
    user_ticks: int
    system_ticks: int
    threads: int
    start_ticks: int
    """When it started, since boot."""


class Status(NamedTuple):
    """/proc/PID/status."""

    name: str
    state: str
    tgid: int
    parent: int
    tracer: int
    """TracerPid; 0 for none."""
    uid: int
    """The real user id."""
    resident_kib: int
    peak_kib: int


class SyscallState(NamedTuple):
    """/proc/TID/syscall: the call that a thread is blocked in; number -1 when it is in none."""

    number: int
    arguments: tuple[int, ...]


class Tracer(NamedTuple):
    """Who traces a process."""

    pid: int
    name: str


def printable(data: bytes) -> str:
    """Turn foreign bytes into one printable line."""
    text = data.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def read_file(path: str, most: int = 1 << 24) -> bytes | None:
    """Return a /proc file's bytes, about `most` of them; None where it has gone, or is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = os.read(descriptor, 65536)
        while len(data) < most and (more := os.read(descriptor, 65536)):
            data += more
    except OSError:
        return None
    else:
        return data
    finally:
        os.close(descriptor)


def stat(pid: int) -> Stat | None:
    """Read /proc/PID/stat. The name may hold parentheses and newlines: the last parenthesis ends it."""
    data = read_file(f"/proc/{pid}/stat")
    if not data or b")" not in data:
        return None
    end = data.rindex(b")")
    name = data[data.index(b"(") + 1 : end]
    fields = data[end + 2 :].split()
    return Stat(
        name=printable(name),
        state=fields[0].decode(),
        parent=int(fields[1]),
        user_ticks=int(fields[11]),
        system_ticks=int(fields[12]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
    )


def status(pid: int) -> Status | None:
    """Read /proc/PID/status, of a process or of any thread; None when it has gone."""
    data = read_file(f"/proc/{pid}/status")
    if not data:
        return None
    fields: dict[bytes, bytes] = {}
    for line in data.split(b"\n"):
        key, _, value = line.partition(b":\t")
        fields[key] = value
    return Status(
        name=printable(fields[b"Name"]),
        state=fields[b"State"][:1].decode(),
        tgid=int(fields[b"Tgid"]),
        parent=int(fields[b"PPid"]),
        tracer=int(fields[b"TracerPid"]),
        uid=int(fields[b"Uid"].split()[0]),
        # A zombie has no memory, so no such lines.
        resident_kib=int(fields.get(b"VmRSS", b"0").split()[0]),
        peak_kib=int(fields.get(b"VmHWM", b"0").split()[0]),
    )


def innermost_pid(pid: int) -> int:
    """Return what a process or thread is called in its own PID namespace (NSpid); 0 when it has gone."""
    for line in (read_file(f"/proc/{pid}/status") or b"").splitlines():
        if line.startswith(b"NSpid:"):
            return int(line.split()[-1])
    return 0


def comm(pid: int) -> str | None:
    """Return the name of a process or thread."""
    data = read_file(f"/proc/{pid}/comm")
    return None if data is None else printable(data.removesuffix(b"\n"))


def command_name(pid: int) -> bytes:
    """Return /proc/PID/comm as it is; empty where the process is gone."""
    return (read_file(f"/proc/{pid}/comm") or b"").removesuffix(b"\n")


def pids() -> list[int]:
    """List the processes that /proc shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - names are enough


def threads(pid: int) -> list[int]:
    """List a process's tids, ascending; empty when it has gone."""
    try:
        with os.scandir(f"/proc/{pid}/task") as entries:
            return sorted(int(entry.name) for entry in entries)
    except OSError:
        return []


def syscall(pid: int, tid: int | None = None) -> SyscallState | None:
    """Say which syscall a thread is in; None when it runs, has gone, or may not be looked at."""
    data = read_file(f"/proc/{pid}/task/{tid or pid}/syscall")
    if not data or data.startswith(b"running"):
        return None
    words = data.split()
    number = int(words[0])
    if number < 0:
        return SyscallState(-1, ())
    return SyscallState(number, tuple(int(word, 16) for word in words[1:7]))


def tracer(pid: int) -> Tracer | None:
    """Say who traces a process (or its first traced thread); None for nobody."""
    for tid in threads(pid) or [pid]:
        found = status(tid)
        if found is not None and found.tracer:
            return Tracer(found.tracer, comm(found.tracer) or "?")
    return None


def age_ns(start_ticks: int) -> int:
    """How long ago a process started, nanoseconds, in steps of 10 ms; `start_ticks` as in `Stat`."""
    return max(0, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - start_ticks * _NS // _TICKS)
