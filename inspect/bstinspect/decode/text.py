"""Records to the lines of ``strace -f -o FILE`` (modelled on strace 6.1's output)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from bstinspect.decode.architecture import Architecture, architecture
from bstinspect.decode.call import Call, Memory
from bstinspect.decode.names import describe_error, signal_name
from bstinspect.decode.siginfo import describe_siginfo
from bstinspect.decode.table import shape_of
from bstinspect.records import (
    CaptureStart,
    Detached,
    Executed,
    Exited,
    Exiting,
    GroupStop,
    Lost,
    Record,
    SignalDelivery,
    SyscallEntry,
    SyscallExit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COLUMN: Final = 40
"""strace's -a: the column of the result."""


class StraceText:
    """Takes records in order and gives lines, without their newline.

    A line is given when it is finished: when its call returned, or when something else has to be printed
    and it becomes ``<unfinished ...>``. `finish` gives what is still open at the end of the records.

    `times` is ``t``, ``tt`` or ``ttt``, as strace's options (local time); `durations` adds what -T does.
    `brackets` prefixes ``[pid  1234]`` instead of the bare tid.
    """

    def __init__(
        self, *, times: str = "", durations: bool = False, brackets: bool = False, machine: str = "x86_64"
    ) -> None:
        self._times = times
        self._durations = durations
        self._brackets = brackets
        self._tables: Architecture = architecture(machine)
        self._realtime_minus_monotonic = 0
        self._calls: dict[int, tuple[Call, int]] = {}
        """Open calls by tid, with the time of their entry."""
        self._last_call: dict[int, str] = {}
        self._line = ""
        self._line_tid = -1
        """Whose unfinished line is the current one; -1: none."""
        self._takers: dict[type[Record], Callable[[Any], list[str]]] = {
            CaptureStart: self._start,
            SyscallEntry: self._enter,
            SyscallExit: self._leave,
            SignalDelivery: self._signal,
            GroupStop: self._stop,
            Exiting: self._never_returns,
            Exited: self._end,
            Executed: self._superseded,
            Detached: self._detach,
            Lost: self._lost,
        }

    def lines(self, records: Iterable[Record]) -> Iterator[str]:
        """Give the lines that these records finish."""
        for record in records:
            yield from self.feed(record)

    def feed(self, record: Record) -> list[str]:
        """Take one record; return the lines that it finishes."""
        take = self._takers.get(type(record))
        return take(record) if take else []

    def finish(self) -> list[str]:
        """Return the line that is still open, as unfinished, and forget all calls."""
        self._calls.clear()
        return self._interrupt()

    # The pieces of a line.

    def _leader(self, when: int, tid: int) -> str:
        prefix = f"[pid {tid:5}] " if self._brackets else f"{tid:<5} "
        return prefix + self._stamp(when)

    def _stamp(self, when: int) -> str:
        if not self._times:
            return ""
        seconds, nanoseconds = divmod(when + self._realtime_minus_monotonic, 1_000_000_000)
        if self._times == "ttt":
            return f"{seconds}.{nanoseconds // 1000:06} "
        try:
            clock = time.strftime("%H:%M:%S", time.localtime(seconds))
        except (OverflowError, OSError, ValueError):  # a damaged capture can hold any number
            clock = str(seconds)
        return f"{clock}.{nanoseconds // 1000:06} " if self._times == "tt" else f"{clock} "

    def _interrupt(self) -> list[str]:
        """Give up the current line, whoever's it is."""
        if self._line_tid < 0:
            return []
        line, self._line, self._line_tid = self._line + " <unfinished ...>", "", -1
        return [line]

    def _event(self, when: int, tid: int, text: str) -> list[str]:
        return [*self._interrupt(), self._leader(when, tid) + text]

    def _resume(self, when: int, tid: int, name: str) -> list[str]:
        """Make the current line this thread's; return the line that this interrupts."""
        if self._line_tid == tid:
            return []
        given_up = self._interrupt()
        self._line = f"{self._leader(when, tid)}<... {name} resumed>"
        self._line_tid = tid
        return given_up

    def _close(self, tail: str) -> str:
        """Finish the current line with its result."""
        line = (
            f"{self._line:<{COLUMN - 1}} = {tail}" if len(self._line) < COLUMN else f"{self._line} = {tail}"
        )
        self._line, self._line_tid = "", -1
        return line

    # One method a record.

    def _start(self, record: CaptureStart) -> list[str]:
        self._tables = architecture(record.machine)
        self._realtime_minus_monotonic = record.realtime - record.when
        return []

    def _signal(self, record: SignalDelivery) -> list[str]:
        name = signal_name(record.signal)
        text = f"--- {name} {describe_siginfo(record.siginfo, record.signal)} ---"
        return self._event(record.when, record.tid, text)

    def _stop(self, record: GroupStop) -> list[str]:
        return self._event(record.when, record.tid, f"--- stopped by {signal_name(record.signal)} ---")

    def _lost(self, record: Lost) -> list[str]:
        return [*self._interrupt(), f"--- {record.count} records lost: {record.reason} ---"]

    def _enter(self, record: SyscallEntry) -> list[str]:
        given_up = self._interrupt()
        own = self._tables.is_own(record.arch)
        tables = self._tables if own else architecture("")
        name = tables.name(record.number)
        call = Call(name, record.arguments, Memory(record.memory), tables)
        self._calls[record.tid] = (call, record.when)
        shape = shape_of(call)
        if name == "restart_syscall":
            before = self._last_call.get(record.tid, "system call")
            arguments = f"<... resuming interrupted {before} ...>"
        else:
            self._last_call[record.tid] = name
            arguments = ", ".join(shape.entry(call))
            if arguments and shape.waits(call):
                arguments += shape.separator
        self._line = f"{self._leader(record.when, record.tid)}{name}({arguments}"
        self._line_tid = record.tid
        return given_up

    def _leave(self, record: SyscallExit) -> list[str]:
        call, entered = self._calls.pop(record.tid, (None, record.when))
        given_up = self._resume(record.when, record.tid, call.name if call else "???")
        value = record.value
        failed = record.is_error and -4096 < value < 0
        if call is None:
            result = describe_error(-value) if failed else str(value)
        else:
            shape = shape_of(call)
            call.leave(value, record.memory, is_error=record.is_error)
            self._line += (", " if shape.separator else "").join(shape.exit(call))
            result = describe_error(-value) if failed else shape.result(call)
            if call.note:
                result += f" ({call.note})"
        self._line += ")"
        if self._durations:
            spent = max(record.when - entered, 0) // 1000
            result += f" <{spent // 1_000_000}.{spent % 1_000_000:06}>"
        return [*given_up, self._close(result)]

    def _never_returns(self, record: Exiting) -> list[str]:
        call, _ = self._calls.pop(record.tid, (None, 0))
        if call is None:
            return []
        given_up = self._resume(record.when, record.tid, call.name)
        if shape_of(call).waits(call):
            self._line += " <unfinished ...>"
        self._line += ")"
        return [*given_up, self._close("?")]

    def _end(self, record: Exited) -> list[str]:
        open_call = self._calls.pop(record.tid, None)
        self._last_call.pop(record.tid, None)
        lines = []
        if open_call is not None and self._line_tid != record.tid:
            lines = self._resume(record.when, record.tid, open_call[0].name)
        status = record.status
        if status & 0x7F:
            dumped = " (core dumped)" if status & 0x80 else ""
            words = f"+++ killed by {signal_name(status & 0x7F)}{dumped} +++"
        else:
            words = f"+++ exited with {status >> 8 & 0xFF} +++"
        return [*lines, *self._event(record.when, record.tid, words)]

    def _superseded(self, record: Executed) -> list[str]:
        """Move an execve by another thread to the leader's tid, which the kernel gives it (execve(2))."""
        if record.former_tid in (0, record.tid):
            return []
        lines = self._event(
            record.when, record.tid, f"+++ superseded by execve in pid {record.former_tid} +++"
        )
        self._calls.pop(record.tid, None)
        if moved := self._calls.pop(record.former_tid, None):
            self._calls[record.tid] = moved
        return lines

    def _detach(self, record: Detached) -> list[str]:
        self._calls.pop(record.tid, None)
        self._last_call.pop(record.tid, None)
        if self._line_tid != record.tid:
            return []
        line, self._line, self._line_tid = self._line + " <detached ...>", "", -1
        return [line]
