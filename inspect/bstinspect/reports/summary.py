"""Counts, errors and times of every call: strace's -c, and the same for each process or thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bstinspect.decode.architecture import architecture, foreign
from bstinspect.records import CaptureStart, Record, SyscallEntry, SyscallExit
from bstinspect.reports import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_TITLES: Final = {
    "time-percent": "% time", "total-time": "seconds", "min-time": "shortest", "max-time": "longest",
    "avg-time": "usecs/call", "calls": "calls", "errors": "errors", "name": "syscall",
}  # fmt: skip
_WIDTHS: Final = {"total-time": 11, "avg-time": 11, "calls": 9, "errors": 9, "name": 16}
"""The least widths, where they are more than the title's."""
_BILLION: Final = 1_000_000_000


@dataclass(slots=True)
class Count:
    """What one call took, in nanoseconds."""

    name: str
    number: int
    calls: int = 0
    errors: int = 0
    total: int = 0
    shortest: int = 1 << 62
    longest: int = 0

    def add(self, spent: int, *, failed: bool) -> None:
        """Count one call."""
        self.calls += 1
        self.errors += failed
        self.total += spent
        self.shortest = min(self.shortest, spent)
        self.longest = max(self.longest, spent)


_SORT: Final[dict[str, Callable[[Count], object]]] = {
    "time-percent": lambda count: -count.total,
    "total-time": lambda count: -count.total,
    "min-time": lambda count: -count.shortest,
    "max-time": lambda count: -count.longest,
    "avg-time": lambda count: -(count.total // count.calls),
    "calls": lambda count: -count.calls,
    "errors": lambda count: -count.errors,
    "name": lambda count: count.name,
}


@dataclass(frozen=True)
class Form:
    """How the summary is to look."""

    columns: Sequence[str] = columns.DEFAULT
    sort: str = "time-percent"
    """The column to sort by; empty for the order of the calls' numbers."""
    overhead_ns: int = 0
    """Taken off every call."""
    wall_clock: bool = False
    """Count the time from entry to exit, not the system time."""
    by: str = "all"
    """One table for ``all``, or one for each ``process`` or ``thread``."""


@dataclass(slots=True)
class _Open:
    """A call that has not returned."""

    number: int
    name: str
    entered: int
    bits: int


@dataclass
class Summary:
    """Takes records, and writes tables at the end."""

    write: Callable[[str], None]
    form: Form = field(default_factory=Form)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self._tables = architecture("x86_64")
        self._open: dict[int, _Open] = {}
        self._counts: dict[tuple[int, int, int], dict[int, Count]] = {}

    def feed(self, records: Iterable[Record]) -> None:
        """Count the calls among records."""
        for record in records:
            if isinstance(record, SyscallEntry):
                own = self._tables.is_own(record.arch)
                name = (self._tables if own else foreign(record.arch)).name(record.number)
                self._open[record.tid] = _Open(record.number, name, record.when, 64 if own else 32)
            elif isinstance(record, SyscallExit):
                self._leave(record)
            elif isinstance(record, CaptureStart):
                self._tables = architecture(record.machine)

    def finish(self) -> None:
        """Write the tables."""
        for (pid, tid, bits), counts in sorted(self._counts.items(), key=lambda item: -item[0][2]):
            if self.form.by == "process":
                self.write(f"Process {pid}:\n")
            elif self.form.by == "thread":
                self.write(f"Thread {tid} of process {pid}:\n")
            if bits == 32:
                self.write("System call usage summary for 32 bit mode:\n")
            self.write(table(list(counts.values()), self.form))

    def _leave(self, record: SyscallExit) -> None:
        call = self._open.pop(record.tid, None)
        if call is None:
            return
        by = self.form.by
        key = (record.pid if by != "all" else 0, record.tid if by == "thread" else 0, call.bits)
        counts = self._counts.setdefault(key, {})
        count = counts.setdefault(call.number, Count(call.name, call.number))
        spent = record.when - call.entered if self.form.wall_clock else record.system_ns
        count.add(max(spent - self.form.overhead_ns, 0), failed=record.is_error)


def table(counts: list[Count], form: Form) -> str:
    """Return the table of strace's -c: a title, a line a call, the totals."""
    counts.sort(key=lambda count: count.number)
    if form.sort:
        counts.sort(key=_SORT[form.sort])  # type: ignore[arg-type]
    total = Count("total", -1)
    for count in counts:
        total.calls += count.calls
        total.errors += count.errors
        total.total += count.total
        total.shortest = min(total.shortest, count.shortest)
        total.longest = max(total.longest, count.longest)
    widths = {column: max(len(_TITLES[column]), _WIDTHS.get(column, 0)) for column in form.columns}
    sizes = {
        "total-time": len(_seconds(total.total)),
        "min-time": len(f"{max((count.shortest for count in counts), default=0) // _BILLION}.000000"),
        "max-time": len(f"{total.longest // _BILLION}.000000"),
        "avg-time": len(str(max((count.total // count.calls for count in counts), default=0) // 1000)),
        "calls": len(str(total.calls)),
        "errors": len(str(total.errors)),
        "name": max((len(count.name) for count in counts), default=0) + 1,
    }
    for column, size in sizes.items():
        if column in widths:
            widths[column] = max(widths[column], size)
    rule = " ".join("-" * widths[column] for column in form.columns)
    lines = [_line(_TITLES, form.columns, widths), rule]
    lines += [_line(_cells(count, total), form.columns, widths) for count in counts]
    cells = _cells(total, total) | {"time-percent": "100.00"}
    return "\n".join([*lines, rule, _line(cells, form.columns, widths)]) + "\n"


def _cells(count: Count, total: Count) -> dict[str, str]:
    share = 100.0 * count.total / total.total if total.total else 0.0
    return {
        "time-percent": f"{share:.2f}",
        "total-time": _seconds(count.total),
        "min-time": _seconds(count.shortest),
        "max-time": _seconds(count.longest),
        "avg-time": str(count.total // count.calls // 1000 if count.calls else 0),
        "calls": str(count.calls),
        "errors": str(count.errors) if count.errors else "",
        "name": count.name,
    }


def _line(cells: dict[str, str], shown: Sequence[str], widths: dict[str, int]) -> str:
    texts = []
    for index, column in enumerate(shown):
        if column != "name":
            texts.append(f"{cells[column]:>{widths[column]}}")
        else:
            texts.append(cells[column] if index == len(shown) - 1 else f"{cells[column]:<{widths[column]}}")
    return " ".join(texts)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / _BILLION:.6f}"
