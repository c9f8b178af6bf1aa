"""What each process did over time, in slices that grow with the capture: never more than `MOST` of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.findings.families import family
from bstinspect.findings.model import Activity, Slice

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished

MOST: Final = 256
"""So many slices a process has."""
_FIRST_LENGTH: Final = 50_000
"""Nanoseconds of a slice at first."""
MOST_PROCESSES: Final = 200


class Activities:
    """Adds up the time that processes spend in calls which do not wait."""

    def __init__(self) -> None:
        self._length = _FIRST_LENGTH
        self._slices: dict[int, dict[int, dict[str, int]]] = {}
        """By pid, by the number of the slice: nanoseconds by family."""

    def take(self, call: Finished) -> None:
        """Take a call that did not wait."""
        pid = call.entry.pid
        slices = self._slices.get(pid)
        if slices is None:
            if len(self._slices) >= MOST_PROCESSES:
                return
            slices = self._slices[pid] = {}
        kind = family(call.name)
        begin, end = call.begin, max(call.end, call.begin + 1)
        while end > self._length * MOST:
            self._coarsen()
            slices = self._slices[pid]
        first, last = begin // self._length, (end - 1) // self._length
        if first == last:  # nearly always
            families = slices.setdefault(first, {})
            families[kind] = families.get(kind, 0) + end - begin
            return
        for number in range(first, last + 1):
            part = min(end, (number + 1) * self._length) - max(begin, number * self._length)
            families = slices.setdefault(number, {})
            families[kind] = families.get(kind, 0) + part

    def found(self) -> list[Activity]:
        """Return what every process did."""
        found = []
        for pid, slices in self._slices.items():
            ordered = [Slice(at * self._length, self._length, slices[at]) for at in sorted(slices)]
            found.append(Activity(pid, ordered))
        return found

    def _coarsen(self) -> None:
        """Make each slice twice as long."""
        self._length *= 2
        for pid, slices in self._slices.items():
            merged: dict[int, dict[str, int]] = {}
            for number, families in slices.items():
                into = merged.setdefault(number // 2, {})
                for kind, spent in families.items():
                    into[kind] = into.get(kind, 0) + spent
            self._slices[pid] = merged
