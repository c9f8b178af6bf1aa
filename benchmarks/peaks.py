"""The peak memory of a tracer and of its helpers, seen from outside while they run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FIELDS: Final = {"VmHWM", "TracerPid"}


class Peaks:
    """Remembers the most memory (VmHWM, proc_pid_status(5)) that each process of a tracer had."""

    def __init__(self, program: str) -> None:
        """Take the path of the traced program, whose own memory does not count."""
        self._program = program
        self._peaks: dict[int, float] = {}
        self._tracer = 0

    @property
    def tracer(self) -> float:
        """The peak of the process that traces, in megabytes."""
        return self._peaks.get(self._tracer, 0.0)

    @property
    def others(self) -> dict[int, float]:
        """The peaks of the other processes, in megabytes, by pid."""
        return {pid: peak for pid, peak in self._peaks.items() if pid != self._tracer}

    def look(self, top: int) -> None:
        """Look at a process and at all below it, and at those seen before that have another parent now."""
        for pid in {top, *_below(top), *self._peaks}:
            try:
                exe = str(Path(f"/proc/{pid}/exe").readlink())
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            except OSError:
                continue  # gone, or going
            fields = {
                name: value for name, _, value in (line.partition(":") for line in lines) if name in _FIELDS
            }
            if exe == self._program:
                self._tracer = int(fields["TracerPid"]) or self._tracer
                self._peaks.pop(pid, None)
            elif "VmHWM" in fields:
                self._peaks[pid] = int(fields["VmHWM"].split()[0]) * 1024 / 1e6


def _below(top: int) -> set[int]:
    """Return the pids of a process's descendants."""
    found: set[int] = set()
    try:
        for children in Path(f"/proc/{top}/task").glob("*/children"):
            found |= {int(pid) for pid in children.read_text().split()}
    except OSError:
        return found
    return found.union(*(_below(pid) for pid in found))
