"""Records on their way to the process that decodes them: a pipe, which holds the tracer back when full."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import msgspec

from bstinspect.capture.buffer import FLUSH_BYTES, PlainBuffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.capture.buffer import RecordBuffer
    from bstinspect.capture.compiled import CompiledBuffer
    from bstinspect.records import Record
    from bstinspect.trace.ordering import Order
    from bstinspect.trace.rendering import Renderer


class Answers:
    """Answers to requests: of interest are only the refusals, and `Run` asks nothing that is refused so."""

    def done(self, request: int, *, ok: bool = True, errno: int = 0, message: str = "") -> None:
        """Take the answer to a request."""

    def entered(self, tid: int, number: int, arguments: tuple[int, ...]) -> None:
        """Take note that a call of `heard`, or one of another architecture (-1), begins."""

    heard: frozenset[int] = frozenset()
    buffer: RecordBuffer | None = None
    """Where records wait, if others may put theirs there as well."""


class DirectOutbox(Answers):
    """Shows each record before the tracee goes on, as strace does.

    For standard error where not every call stops (--seccomp-bpf), so that nobody could tell when the program
    is about to write there.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.broken = False
        """Nobody reads the trace any more."""

    def capture_only(self, record: Record) -> None:
        """Show a record."""
        if not self.broken:
            try:
                self._renderer.take((record,))
            except BrokenPipeError:
                self.broken = True
            except Exception as error:  # noqa: BLE001 - whatever it is, the traced program goes on
                self._renderer.complain(error)

    tell = capture_only

    def flush(self) -> None:
        """Do nothing: everything is shown."""

    def close(self) -> None:
        """Show what is left to say."""
        if not self.broken:
            with contextlib.suppress(BrokenPipeError):
                self._renderer.end()


class PipeOutbox(Answers):
    """Takes what the tracer sees. Nothing is ever dropped: a decoder that lags makes the tracees wait."""

    buffer: PlainBuffer | CompiledBuffer

    def __init__(
        self, descriptor: int, nobody_reads: Callable[[], bool], buffer: PlainBuffer | CompiledBuffer
    ) -> None:
        """`nobody_reads` is asked when the decoder is gone: because its output is read no more, or else."""
        self._descriptor = descriptor
        self._nobody_reads = nobody_reads
        self._encode = msgspec.msgpack.Encoder().encode
        self.buffer = buffer
        self._gone = False
        self.broken = False
        """Nobody reads the trace any more."""

    def capture_only(self, record: Record) -> None:
        """Take a record."""
        if self.buffer.append(self._encode(record)) >= FLUSH_BYTES:
            self.flush()

    tell = capture_only

    def flush(self) -> None:
        """Hand over what is buffered."""
        contents = self.buffer.contents()
        written = 0
        try:
            while written < len(contents) and not self._gone:
                written += os.write(self._descriptor, contents[written:])
        except BrokenPipeError:
            self._gone = True
            signal.sigtimedwait({signal.SIGPIPE}, 0)  # ours; blocked, it would be taken for one that ends us
            self.broken = self._nobody_reads()
        finally:
            contents.release()
        self.buffer.clear()

    def close(self) -> None:
        """Hand over what is buffered, and close the pipe."""
        self.flush()
        os.close(self._descriptor)


class OrderedOutbox(PipeOutbox):
    """For standard error: before the traced program writes there, all that was seen is shown."""

    def __init__(
        self,
        descriptor: int,
        nobody_reads: Callable[[], bool],
        buffer: PlainBuffer | CompiledBuffer,
        shown: int,
        order: Order,
    ) -> None:
        """`shown` can be read when an empty record has been met, and all before it is shown."""
        super().__init__(descriptor, nobody_reads, buffer)
        self._shown = shown
        self._order = order
        self.heard = order.calls

    def capture_only(self, record: Record) -> None:
        """Take a record."""
        super().capture_only(record)
        if self._order.always:
            self._catch_up()

    tell = capture_only

    def entered(self, tid: int, number: int, arguments: tuple[int, ...]) -> None:
        """Have everything shown, where the call may write to standard error."""
        if self._order.matters(tid, number, arguments):
            self._catch_up()

    def close(self) -> None:
        """Hand over what is buffered, and close the pipes."""
        super().close()
        os.close(self._shown)

    def _catch_up(self) -> None:
        self.buffer.append(b"")
        self.flush()
        if not self._gone:
            os.read(self._shown, 1)  # nothing, where that process has just ended: the next flush tells
