"""The processes below a program, by descent: nothing of it is taken from what the program prints."""

from __future__ import annotations

import contextlib
import os
import signal
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


def successor(
    id_: int, nodes: dict[int, Process], before: dict[int, frozenset[int]], now: dict[int, Process]
) -> Process | None:
    """Return what came in the place of a node's process, which has ended since; None where nothing did.

    `before` has the processes that were there before each node was created.
    """
    ids = list(nodes)
    later = [before[each] for each in ids[ids.index(id_) + 2 :]]  # it may have been late for the next one
    known = before[id_] | {each.pid for each in nodes.values()}
    came = {
        pid: each
        for pid, each in now.items()
        if pid not in known and all(pid in earlier for earlier in later)
    }
    return newest(came, None)


def state(process: Process) -> str:
    """Return its state as /proc has it, X where it is not there any more."""
    found = proc.stat(process.pid)
    return found.state if found is not None and found.start_ticks == process.start_ticks else "X"


def is_there(process: Process) -> bool:
    """Tell whether it still is that process, and alive."""
    return state(process) not in "ZX"


def send_signal(process: Process, number: int) -> None:
    """Send a signal to that process, and never to another that has its number by now."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if is_there(process):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def title(pid: int) -> str:
    """Return a process's command line as a decoy needs it; its name where there is none."""
    words = (proc.read_file(f"/proc/{pid}/cmdline") or b"").rstrip(b"\0").replace(b"\0", b" ")
    return os.fsdecode(words) or (proc.comm(pid) or "")
