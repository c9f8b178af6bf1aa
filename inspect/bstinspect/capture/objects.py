"""What descriptors and pids stand for while a tracee is stopped (proc(5), sock_diag(7))."""

from __future__ import annotations

import os

from bstinspect.linux import proc
from bstinspect.records import OpenFile

AT_FDCWD = -100


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
        return OpenFile(number, target)

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where there is none."""
        return (proc.read_file(f"/proc/{pid}/comm") or b"").removesuffix(b"\n")
