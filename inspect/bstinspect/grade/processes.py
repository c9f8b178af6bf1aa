"""The processes below a program, by descent: nothing of it is taken from what the program prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Iterable


class Process(msgspec.Struct, frozen=True):
    """A process as /proc has it."""

    pid: int
    name: str
    state: str
    parent: int
    start_ticks: int

    @property
    def is_zombie(self) -> bool:
        """Whether it is dead, and nobody has waited for it."""
        return self.state in "ZX"


def below(top: int, apart: Iterable[int] = ()) -> dict[int, Process]:
    """Return the descendants of `top`, without the families of `apart`, which are its children too."""
    families: dict[int, list[Process]] = {}
    for pid in proc.pids():
        found = proc.stat(pid)
        if found is not None:
            each = Process(pid, found.name, found.state, found.parent, found.start_ticks)
            families.setdefault(found.parent, []).append(each)
    reached: dict[int, Process] = {}
    left, apart = [top], frozenset(apart)
    while left:
        for each in families.get(left.pop(), ()):
            if each.pid not in apart:
                reached[each.pid] = each
                left.append(each.pid)
    return reached


def newest(fresh: dict[int, Process], printed: int | None) -> Process | None:
    """Tell which of several new processes is the node: what was printed, where it is one, or the deepest.

    A program may start a helper along with its first node, or each node by way of a shell.
    """
    alive = {pid: each for pid, each in fresh.items() if not each.is_zombie}
    if printed in alive:
        return alive[printed]
    parents = {each.parent for each in alive.values()}
    leaves = [each for each in alive.values() if each.pid not in parents]
    return max(leaves, key=lambda each: (each.start_ticks, each.pid), default=None)


def is_there(process: Process) -> bool:
    """Tell whether it still is that process, and alive."""
    found = proc.stat(process.pid)
    return found is not None and found.start_ticks == process.start_ticks and found.state not in "ZX"


def title(pid: int) -> str:
    """Return a process's command line as a decoy needs it; its name where there is none."""
    words = (proc.read_file(f"/proc/{pid}/cmdline") or b"").rstrip(b"\0").replace(b"\0", b" ")
    return os.fsdecode(words) or (proc.comm(pid) or "")
