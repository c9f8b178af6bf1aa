"""What a test leaves behind: processes, zombies, socket directories, descriptors."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bstcluster.directory import PREFIX

if TYPE_CHECKING:
    from bstinspect.faults.plugin.playing import Playing

GRACE: Final = 2.0
"""Seconds that processes and descriptors on their way out are given after a test."""


class Leaks:
    """What was there before a test, to be compared with what is there after it."""

    def __init__(self, playing: Playing) -> None:
        """`playing`: what is its own outlives a test."""
        self._playing = playing
        self._told: list[str] = []
        self._before = self._seen()

    def tell(self, what: str) -> None:
        """Note something that somebody else has found left behind."""
        self._told.append(what)

    def found(self) -> list[str]:
        """Return what was left behind, waiting for what goes by itself."""
        limit = time.monotonic() + GRACE
        gc.collect()
        while (left := self._left()) and time.monotonic() < limit:
            time.sleep(0.01)  # nothing says when libzmq's thread has closed its descriptors
        return [*self._told, *left]

    def _left(self) -> list[str]:
        return [what for key, what in sorted(self._seen().items()) if key not in self._before]

    def _seen(self) -> dict[str, str]:
        own, open_by_us = self._playing.pids, self._playing.descriptors
        found = {f"process {pid}": _described(pid) for pid in _children() if pid not in own}
        for number, target in _descriptors():
            if number not in open_by_us:
                found[f"descriptor {number} {target}"] = f"descriptor {number}: {target}"
        for path in _directories():
            found[str(path)] = f"socket directory {path}"
        return found


def _children() -> list[int]:
    """Return our children, zombies and adopted ones included (proc(5), /proc/PID/task/TID/children)."""
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in _text(task / "children").split()]


def _described(pid: int) -> str:
    state = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1]
    command = _text(Path(f"/proc/{pid}/cmdline")).replace("\0", " ").strip()
    return f"zombie {pid}" if state == ["Z"] else f"process {pid}: {command}"


def _descriptors() -> list[tuple[int, str]]:
    """Return what is open in this process: number, and what it is."""
    found = []
    for path in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # the listing's own is gone by now
            found.append((int(path.name), str(path.readlink())))
    return found


def _directories() -> list[Path]:
    """Return the socket directories of clusters that we have opened."""
    bases = {os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"} - {""}  # noqa: S108 - looked at
    return [path for base in sorted(bases) for path in Path(base).glob(f"{PREFIX}{os.getpid()}-*")]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
