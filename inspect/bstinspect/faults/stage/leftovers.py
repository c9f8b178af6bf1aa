"""What a run has left behind when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.faults.run import Left

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bstinspect.faults.stage.tracee import Process


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
