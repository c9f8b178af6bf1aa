"""Which records of a session's capture belong to processes that are being traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.records import Autopsy, CaptureStart, Detached, Exited, Lost, SyscallEntry, Tracing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bstinspect.records import AnyRecord


class TracedOnly:
    """Lets through what belongs to processes whose tracing is on: a watched one has records too.

    Its tracing was switched on, or it was forked by a traced process and is traced from birth: then its
    first call says so.
    """

    def __init__(self) -> None:
        self._tids: dict[int, set[int]] = {}

    def of(self, records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
        """Yield those records; a process whose tracing ends is as good as detached."""
        for record in records:
            if isinstance(record, Tracing):
                if record.on:
                    self._tids[record.pid] = set()
                else:
                    for tid in sorted(self._tids.pop(record.pid, ())):
                        yield Detached(record.when, tid, record.pid)
            elif isinstance(record, CaptureStart | Lost):
                yield record
            elif record.pid in self._tids or isinstance(record, SyscallEntry):
                if not isinstance(record, Autopsy):
                    self._tids.setdefault(record.pid, set()).add(record.tid)
                yield record
                if isinstance(record, Exited) and record.tid == record.pid:
                    del self._tids[record.pid]  # the pid may come again, of a process that is only watched
