"""Records on their way to the process that decodes them: a pipe, which holds the tracer back when full."""

from __future__ import annotations

import contextlib
import os
import struct
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from bstinspect.records import Record
    from bstinspect.trace.rendering import Renderer

LENGTH: Final = struct.Struct("<I")
_FLUSH_BYTES: Final = 1 << 15


class Answers:
    """Answers to requests: of interest are only the refusals, and `Run` asks nothing that is refused so."""

    def done(self, request: int, *, ok: bool = True, errno: int = 0, message: str = "") -> None:
        """Take the answer to a request."""


class DirectOutbox(Answers):
    """Shows each record before the tracee goes on, as strace does.

    For standard error, which the traced program writes to as well: so each line stands where it belongs.
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

    def __init__(self, descriptor: int, nobody_reads: Callable[[], bool]) -> None:
        """`nobody_reads` is asked when the decoder is gone: because its output is read no more, or else."""
        self._descriptor = descriptor
        self._nobody_reads = nobody_reads
        self._encode = msgspec.msgpack.Encoder().encode
        self._buffer = bytearray()
        self._gone = False
        self.broken = False
        """Nobody reads the trace any more."""

    def capture_only(self, record: Record) -> None:
        """Take a record."""
        payload = self._encode(record)
        self._buffer += LENGTH.pack(len(payload))
        self._buffer += payload
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    tell = capture_only

    def flush(self) -> None:
        """Hand over what is buffered."""
        pending = memoryview(self._buffer)
        try:
            while pending and not self._gone:
                pending = pending[os.write(self._descriptor, pending) :]
        except BrokenPipeError:
            self._gone = True
            self.broken = self._nobody_reads()
        finally:
            pending.release()
        self._buffer.clear()

    def close(self) -> None:
        """Hand over what is buffered, and close the pipe."""
        self.flush()
        os.close(self._descriptor)
