"""What a run leaves behind: at the end of the conversation, and when everybody is gone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bstinspect.faults.run import Left
from bstinspect.faults.stage.tracee import State
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bstinspect.faults.stage.tracee import Process

_GIVEN_UP_NS: Final = 990_000_000
"""A silent node is waited for 500 ms, and for its answer to a probe as long (bstcluster.channel)."""


def while_it_lives(processes: Sequence[Process]) -> list[Left]:
    """Return the zombies, and the controller's descriptors of processes that are dead.

    A zombie is none of its parent's fault as long as that is stopped, or was killed itself.
    """
    found = [Left("zombie", each.name or "unnamed") for each in processes if _is_zombie(each)]
    controller = processes[0]
    if controller.status is None:
        dead = _dead_pidfds(controller.pid)
        found += [Left("descriptor", f"{controller.name}: {each}") for each in dead]
    return found


def unreaped(processes: Sequence[Process], command: str, took_ns: int) -> list[Left]:
    """Return the zombies at the answer to a kill, which stands for their reaping.

    The keeper is waited for in any case; a node that does not answer is given up after a while.
    """
    is_calm = took_ns < _GIVEN_UP_NS and not any(_is_stopped(each) for each in processes)
    parents = {each.pid for each in processes if each.name == "keeper" or is_calm}
    facts = [(each, proc.stat(each.pid)) for each in processes if each.status is not None]
    found = [each for each, fact in facts if fact and fact.state == "Z" and fact.parent in parents]
    return [Left("zombie", f"{each.name or 'unnamed'} after {command}") for each in found]


def sockets_left(home: Path, processes: Sequence[Process], command: str) -> list[Left]:
    """Return the sockets below `home` of processes that are dead at the answer to a kill, by their names."""
    dead = {each.name for each in processes if each.status is not None}
    found = [path.name for path in sorted(home.rglob("*")) if path.name in dead and path.is_socket()]
    return [Left("socket", f"{name} after {command}") for name in found]


def processes_left(processes: Iterable[Process]) -> list[Left]:
    """Return the processes that have not ended."""
    return [Left("process", each.name or "unnamed") for each in processes if each.status is None]


def files_left(home: Path, processes: Iterable[Process]) -> list[Left]:
    """Return the files below `home`, with the pid in their names taken out."""
    numbers = {str(each.pid) for each in processes}
    found = []
    for path in sorted(home.rglob("*")):
        parts = [
            "-".join("PID" if word in numbers else word for word in part.split("-")[:2])
            for part in path.relative_to(home).parts
        ]
        found.append(Left("file", "/".join(parts)))
    return found


def _is_zombie(process: Process) -> bool:
    parent = process.parent
    if process.status is None or parent is None or parent.status is not None:
        return False
    if _is_stopped(parent):
        return False
    facts = proc.stat(process.pid)
    return facts is not None and facts.state == "Z" and facts.parent == parent.pid


def _is_stopped(process: Process) -> bool:
    return any(each.state is State.STOPPED for each in process.threads.values())


def _dead_pidfds(pid: int) -> list[str]:
    """Return the descriptors of a process that are pidfds of processes that are dead and reaped."""
    found = []
    for name in sorted(os.listdir(f"/proc/{pid}/fdinfo"), key=int):  # noqa: PTH208 - names are enough
        about = proc.read_file(f"/proc/{pid}/fdinfo/{name}") or b""
        if b"\nPid:\t-1\n" in about:
            found.append("pidfd of a dead process")
    return found
