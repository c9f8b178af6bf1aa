"""Entries and exits put together into calls, each as one line of text when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.architecture import Architecture, architecture
from bstinspect.decode.layout import Layout
from bstinspect.decode.names import errno_name
from bstinspect.decode.opened import Form, Forms
from bstinspect.decode.style import PLAIN
from bstinspect.decode.whole import WholeLines
from bstinspect.findings.families import waits
from bstinspect.findings.model import SeenCall
from bstinspect.records import Detached, Executed, Exited, Exiting, SyscallEntry, SyscallExit, Tracing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bstinspect.decode.call import Call
    from bstinspect.records import AnyRecord

LONGEST: Final = 400
"""So many characters of a line are kept."""
_ONE_LINE: Final = WholeLines(Layout(column=0))
_LEAST_ERROR: Final = -4095


class Finished:
    """A call that has returned, or never will (`leaving` None)."""

    __slots__ = (
        "_form", "annotation", "begin", "duration", "end", "entry", "failed", "leaving", "line", "name",
        "points", "waits",
    )  # fmt: skip

    def __init__(
        self, entry: SyscallEntry, leaving: SyscallExit | None, form: Form, begin: int, end: int
    ) -> None:
        self.entry = entry
        self.leaving = leaving
        self._form = form
        self.name = form.name
        self.failed = leaving is not None and leaving.is_error and _LEAST_ERROR <= leaving.value < 0
        self.annotation = ""
        """What it moved, in words."""
        self.points: tuple[str, ...] = ()
        """Its addresses as a crash point."""
        self.begin = begin
        """When it was entered, nanoseconds since the capture began,"""
        self.end = max(end, begin)
        """and when it returned, or its thread was seen to end."""
        self.duration = self.end - begin
        """Nanoseconds from entry to exit."""
        self.waits = leaving is None or waits(form.name, self.duration)
        """Its time was spent in waiting."""
        self.line = 0
        """Its line in the full trace; of one that never returned that of its beginning."""

    @property
    def value(self) -> int:
        """Return its result; -1 where there is none."""
        return -1 if self.leaving is None else self.leaving.value

    @property
    def error(self) -> str:
        """Return its error's name; empty where there is none."""
        return errno_name(-self.value) if self.failed else ""

    def text(self) -> str:
        """Return its line as strace writes it, at most `LONGEST` characters of it."""
        if self.leaving is not None:
            text = _ONE_LINE.line("", self._form, self.entry, self.leaving).rstrip("\n")
        else:
            text = self._form.begin(self.decoded()) + ") = ?"
        return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."

    def decoded(self) -> Call:
        """Return it as decoders see it: its arguments, and the memory behind them."""
        from bstinspect.decode.blocks import Recorded

        recorded = Recorded.of(self.entry)
        call = self._form.call(self.entry, recorded)
        if self.leaving is not None:
            leaving = self.leaving
            call.leave(leaving.value, Recorded.of(leaving, recorded), is_error=leaving.is_error)
        return call

    def seen(self) -> SeenCall:
        """Return it as a fact that can be kept."""
        return SeenCall(
            self.begin, self.entry.pid, self.entry.tid, self.name, self.text(), self.line,
            None if self.leaving is None else self.duration, self.error, self.annotation, list(self.points),
        )  # fmt: skip


class Calls:
    """Pairs the entries and exits of all threads."""

    def __init__(self) -> None:
        self._tables: Architecture = architecture("x86_64")
        self._forms = Forms(self._tables, PLAIN)
        self._open: dict[int, tuple[SyscallEntry, int]] = {}
        """By tid the call that it is in, and on which line of the full trace that begins."""
        self._zero: int | None = None

    def begin(self, machine: str, zero: int) -> None:
        """Take what the capture's first record says: the machine, and when it began."""
        self._tables = architecture(machine)
        self._forms = Forms(self._tables, PLAIN)
        self._zero = zero

    def since(self, when: int) -> int:
        """Return a record's time since the capture began; 0 of one that another tracer made a bit before."""
        if self._zero is None:
            self._zero = when
        return max(when - self._zero, 0)

    def under_way(self, tid: int) -> Finished | None:
        """Return the call that a thread is in."""
        entered = self._open.get(tid)
        return None if entered is None else self._unfinished(entered, entered[0].when)

    def entered(self, record: SyscallEntry, line: int) -> None:
        """Take an entry; `line` is the line of the full trace on which it begins."""
        self._open[record.tid] = record, line

    def left(self, record: SyscallExit, line: int) -> Finished | None:
        """Return the call that returns; None where its entry was not seen. `line` is where it ends."""
        entered = self._open.pop(record.tid, None)
        if entered is None:
            return None
        done = self._finished(entered[0], record, record.when)
        done.line = line
        return done

    def take(self, record: AnyRecord) -> Iterator[Finished]:
        """Yield the calls that end with any other record: those of threads that are gone."""
        if isinstance(record, Executed):
            yield from self._executed(record)
        elif isinstance(record, Exiting | Detached):
            yield from self._left((record.tid,), record.when)
        elif (isinstance(record, Exited) and record.tid == record.pid) or (
            isinstance(record, Tracing) and not record.on
        ):
            all_of_it = [tid for tid, (entry, _) in self._open.items() if entry.pid == record.pid]
            yield from self._left(all_of_it, record.when)
        elif isinstance(record, Exited):
            yield from self._left((record.tid,), record.when)

    def rest(self, when: int) -> Iterator[Finished]:
        """Yield the calls in which threads still are at the end of the capture."""
        yield from self._left(list(self._open), when)

    def _executed(self, record: Executed) -> Iterator[Finished]:
        """Move an execve by another thread to the leader's tid, which the kernel gives it (execve(2))."""
        if record.former_tid in (0, record.tid):
            return
        yield from self._left((record.tid,), record.when)
        entered = self._open.pop(record.former_tid, None)
        if entered is not None:
            self._open[record.tid] = msgspec.structs.replace(entered[0], tid=record.tid), entered[1]

    def _left(self, tids: Iterable[int], when: int) -> Iterator[Finished]:
        for tid in tids:
            entered = self._open.pop(tid, None)
            if entered is not None:
                yield self._unfinished(entered, when)

    def _unfinished(self, entered: tuple[SyscallEntry, int], when: int) -> Finished:
        entry, line = entered
        done = self._finished(entry, None, when)
        done.line = line
        return done

    def _finished(self, entry: SyscallEntry, leaving: SyscallExit | None, when: int) -> Finished:
        return Finished(entry, leaving, self._forms.of(entry), self.since(entry.when), self.since(when))
