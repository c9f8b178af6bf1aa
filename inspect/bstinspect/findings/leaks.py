"""What was left behind: children that nobody waited for, processes that ran on, descriptors never closed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from bstinspect.findings.model import Leak
from bstinspect.findings.witnesses import WAITS, waited_for

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.descriptors import Descriptors
    from bstinspect.findings.model import Findings
    from bstinspect.records import Exited

MOST: Final = 100
CALLS: Final = WAITS
"""What `Leaks` takes."""
UNSURE: Final = frozenset({"cut", "damaged", "lost", "filtered"})
"""Gaps in which the end of a process, or a wait for it, may be missing."""


class Leaks:
    """Follows who waited for whom, and what was open at an exit."""

    def __init__(self) -> None:
        self._waited: set[int] = set()
        self._open: list[Leak] = []

    def take(self, call: Finished) -> None:
        """Take one of `CALLS`."""
        if call.failed or call.leaving is None:
            return
        self._waited.add(waited_for(call))

    def ended(self, record: Exited, descriptors: Descriptors) -> None:
        """Note what a process that exited by itself had not closed; the kernel has done that."""
        if record.status & 0x7F or len(self._open) >= MOST:
            return
        kinds = Counter(life.kind or "descriptor" for life in descriptors.open_of(record.pid))
        if kinds:
            what = ", ".join(f"{kind} x {count}" for kind, count in sorted(kinds.items()))
            self._open.append(Leak("descriptor", record.pid, what))

    def found(self, findings: Findings) -> list[Leak]:
        """Return all that was left behind."""
        whole = not any(gap.kind in UNSURE for gap in findings.gaps)
        traced = {each.pid: each for each in findings.processes if each.traced}
        found: list[Leak] = []
        for process in findings.processes if whole else ():  # else the wait, or the end, may be missing
            parent = traced.get(process.parent or 0)
            if process.ended is not None and parent is not None and process.pid not in self._waited:
                if parent.ended is None or parent.ended > process.ended:  # else somebody else inherited it
                    found.append(Leak("zombie", process.pid, process.title))
            elif process.ended is None and all(each.ended is None for each in process.threads):
                found.append(Leak("process", process.pid, process.title))
        selected = any(gap.kind == "filtered" for gap in findings.gaps)  # close may be left out
        return (found + ([] if selected else self._open))[:MOST]
