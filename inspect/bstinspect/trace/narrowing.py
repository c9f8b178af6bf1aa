"""Leaves out of a rich capture what was not asked for, so that a replay shows what a trace would have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from bstinspect.decode.architecture import Architecture, architecture, foreign, native_numbers
from bstinspect.records import (
    Attached,
    CaptureStart,
    Executed,
    Exited,
    Record,
    SignalDelivery,
    Stack,
    SyscallEntry,
    SyscallExit,
)
from bstinspect.trace.expressions import EVERYTHING, name_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bstinspect.trace.options import Options
    from bstinspect.trace.rendering import Reporter


class Narrowing:
    """Lets through the calls of -e trace=, stacks with -k, names of threads with -Y."""

    def __init__(self, options: Options) -> None:
        self._calls = name_set(options.calls)
        self._known = native_numbers()
        self._stacks = options.stacks
        self._tables: Architecture = architecture(os.uname().machine)
        self._inside: set[int] = set()
        """Threads whose last call was left out."""
        self._judges: dict[type[Record], Callable[[Any], bool]] = {CaptureStart: self._start}
        if options.calls != EVERYTHING:
            self._judges |= {
                SyscallEntry: self._enter,
                SyscallExit: self._leave,
                SignalDelivery: self._other,
                Executed: self._execute,
                Exited: self._other,
            }
        self._judges[Stack] = self._stack
        self._names = options.style.names

    def of(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield what is wanted."""
        for record in records:
            judge = self._judges.get(type(record))
            if judge is not None and not judge(record):
                continue
            if not self._names and isinstance(record, Attached) and record.name:
                yield msgspec.structs.replace(record, name=b"")
            else:
                yield record

    # One method a record: whether it is wanted.

    def _start(self, record: CaptureStart) -> bool:
        self._tables = architecture(record.machine)
        return True

    def _enter(self, record: SyscallEntry) -> bool:
        """Calls that nobody knows are always wanted, as in strace."""
        tables = self._tables if self._tables.is_own(record.arch) else foreign(record.arch)
        name = tables.name(record.number)
        if self._calls.holds(name) or name not in self._known:
            self._inside.discard(record.tid)
            return True
        self._inside.add(record.tid)
        return False

    def _leave(self, record: SyscallExit) -> bool:
        return record.tid not in self._inside

    def _stack(self, record: Stack) -> bool:
        """A stack follows the exit that it belongs to."""
        return self._stacks and record.tid not in self._inside

    def _execute(self, record: Executed) -> bool:
        """The thread that called execve has the leader's tid from now on."""
        if record.former_tid in self._inside:
            self._inside.discard(record.former_tid)
            self._inside.add(record.tid)
        elif record.former_tid:
            self._inside.discard(record.tid)
        return True

    def _other(self, record: SignalDelivery | Exited) -> bool:
        self._inside.discard(record.tid)
        return True


class NarrowReporter:
    """A reporter that gets only what was asked for; what its decoder cannot take is left out."""

    def __init__(self, options: Options, inner: Reporter, complain: Callable[[Exception], None]) -> None:
        self._narrowing = Narrowing(options)
        self._inner = inner
        self._complain = complain

    def feed(self, records: Iterable[Record]) -> None:
        """Take records in order. Raises OSError where the output cannot be written."""
        left = self._narrowing.of(records)
        while not self._whole(lambda: self._inner.feed(left)):
            pass  # it goes on behind the record that failed

    def finish(self) -> None:
        """Say what is left to say: there are no more. Raises OSError."""
        self._whole(self._inner.finish)

    def _whole(self, work: Callable[[], None]) -> bool:
        """Tell whether a piece of work was done to its end."""
        try:
            work()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - a file that somebody sent may hold anything
            self._complain(error)
            return False
        return True
