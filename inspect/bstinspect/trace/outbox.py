"""Records on their way to the process that decodes them: a pipe, which holds the tracer back when full."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from bstinspect.records import Record

LENGTH: Final = struct.Struct("<I")
_FLUSH_BYTES: Final = 1 << 15


class PipeOutbox:
    """Takes what the tracer sees. Nothing is ever dropped: a decoder that lags makes the tracees wait."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._encode = msgspec.msgpack.Encoder().encode
        self._buffer = bytearray()
        self.broken = False
        """Nobody decodes any more."""
        self.refused: list[tuple[int, int, str]] = []
        """Requests that failed: their number, errno, message."""

    def capture_only(self, record: Record) -> None:
        """Take a record."""
        payload = self._encode(record)
        self._buffer += LENGTH.pack(len(payload))
        self._buffer += payload
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    tell = capture_only

    def done(self, request: int, *, ok: bool = True, errno: int = 0, message: str = "") -> None:
        """Take the answer to a request; only failures are of interest."""
        if not ok:
            self.refused.append((request, errno, message))

    def flush(self) -> None:
        """Hand over what is buffered."""
        pending = memoryview(self._buffer)
        try:
            while pending and not self.broken:
                pending = pending[os.write(self._descriptor, pending) :]
        except BrokenPipeError:
            self.broken = True
        finally:
            pending.release()
        self._buffer.clear()

    def close(self) -> None:
        """Hand over what is buffered, and close the pipe."""
        self.flush()
        os.close(self._descriptor)
