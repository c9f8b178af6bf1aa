"""The flight recorder of --last N: keeps the last lines, and writes them when something happens."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bstinspect.decode.names import errno_name, signal_name
from bstinspect.records import Exiting, Record, SignalDelivery, SyscallExit
from bstinspect.trace.expressions import error_word, signal_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bstinspect.decode.text import Output
    from bstinspect.trace.rendering import Reporter


class Recorder:
    """An output that holds back all but what belongs to an incident."""

    def __init__(self, output: Output, size: int) -> None:
        self._output = output
        self._lines: deque[tuple[int, str]] = deque(maxlen=size)
        self._pending = ""

    def write(self, tid: int, text: str) -> None:
        """Take a piece of text."""
        *lines, self._pending = (self._pending + text).split("\n")
        self._lines.extend((tid, line) for line in lines)

    def release(self, why: str) -> None:
        """Write what is kept, under a headline."""
        if not self._lines:
            return
        count = len(self._lines)
        plural = "" if count == 1 else "s"
        self._output.write(self._lines[0][0], f"=== the last {count} line{plural} before {why} ===\n")
        for tid, line in self._lines:
            self._output.write(tid, line + "\n")
        self._lines.clear()


class FlightRecorder:
    """Watches the records for an incident, behind the reporter that makes the lines."""

    def __init__(self, inner: Reporter, recorder: Recorder, incidents: Sequence[str]) -> None:
        """`incidents`: ``death`` (by a signal), ``signal``, ``error``, and names of signals and errors."""
        self._inner = inner
        self._recorder = recorder
        self._incidents = frozenset(incidents)
        others = self._incidents - {"death", "signal", "error"}
        self._signals = frozenset(map(signal_word, others)) - {-1}
        self._errors = frozenset(map(error_word, others)) - {-1}

    def feed(self, records: Iterable[Record]) -> None:
        """Take records in order."""
        for record in records:
            self._inner.feed((record,))
            if why := self._incident(record):
                self._recorder.release(why)

    def finish(self) -> None:
        """Forget what is kept: nothing has happened."""
        self._inner.finish()

    def _incident(self, record: Record) -> str:
        """Say what has happened, where it is one of the incidents."""
        match record:
            case Exiting() if record.status & 0x7F and "death" in self._incidents:
                return f"the death of {record.tid} by {signal_name(record.status & 0x7F)}"
            case SignalDelivery():
                if "signal" in self._incidents or record.signal in self._signals:
                    return f"{signal_name(record.signal)} for {record.tid}"
            case SyscallExit() if record.is_error:
                if "error" in self._incidents or -record.value in self._errors:
                    return f"{errno_name(-record.value)} in {record.tid}"
        return ""
