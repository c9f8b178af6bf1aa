"""The capture file: records in the order they happened, readable up to the last whole one after a crash.

Layout: the 8 bytes of `MAGIC`, then records. Each record is a 4-byte little-endian length followed by that
many bytes of msgpack (a `bstinspect.records` array). The first record is `CaptureStart`.
"""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import CaptureError
from bstinspect.records import FORMAT_VERSION, AnyRecord, CaptureStart, Lost, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"BSTRACE\n"
MAX_RECORD: Final = 16 << 20
"""No record is longer, in bytes: a longer length field is damage."""
_LENGTH: Final = struct.Struct("<I")
_FLUSH_BYTES: Final = 1 << 16


class CaptureWriter:
    """Appends records to a file.

    `append` only buffers (and writes out at 64 KiB); `flush` hands everything to the kernel. A disk that is
    full costs records, never the tracees: the loss is counted, and noted in the file when it can be again.
    """

    def __init__(self, path: str) -> None:
        """Create the file. Raises OSError where that is not possible."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray()
        self._buffered = 0
        self.lost = 0
        """Records lost since the last that was written."""
        self._reason = ""
        if os.fstat(self._descriptor).st_size == 0:
            self._buffer += MAGIC
            now = time.monotonic_ns()
            self.append(CaptureStart(now, FORMAT_VERSION, time.time_ns(), os.uname().machine))

    def append(self, record: Record) -> None:
        """Take one record."""
        payload = self._encoder.encode(record)
        self._buffer += _LENGTH.pack(len(payload))
        self._buffer += payload
        self._buffered += 1
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered; where the disk refuses, drop it, remember how much, and go on."""
        if not self._buffer:
            return
        start = os.fstat(self._descriptor).st_size
        pending = self._note_of_loss() + self._buffer if self.lost else self._buffer
        try:
            view = memoryview(pending)
            while view:
                view = view[os.write(self._descriptor, view) :]
            view.release()
            self.lost = 0
        except OSError as error:
            os.ftruncate(self._descriptor, start)  # no half record stays behind
            self.lost += self._buffered
            self._reason = error.strerror or str(error)
        self._buffer = bytearray()
        self._buffered = 0

    def close(self) -> None:
        """Write what is buffered and close the file."""
        self.flush()
        os.close(self._descriptor)

    def _note_of_loss(self) -> bytes:
        payload = self._encoder.encode(Lost(time.monotonic_ns(), self.lost, self._reason))
        return _LENGTH.pack(len(payload)) + payload


class CaptureReader:
    """Reads records from a capture that may still be growing."""

    def __init__(self, path: str) -> None:
        """Open the file. Raises OSError, or CaptureError when it is no capture."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._buffer = b""
        self._decoder = msgspec.msgpack.Decoder(AnyRecord)
        self._started = False
        self.position = 0
        """Where the record that was given last ends in the file."""

    def available(self) -> Iterator[AnyRecord]:
        """Yield the whole records that are there now; call again later for more.

        Raises CaptureError where the file is no capture or is damaged.
        """
        while chunk := os.read(self._descriptor, 1 << 20):
            data = self._buffer + chunk
            base = os.lseek(self._descriptor, 0, os.SEEK_CUR) - len(data)
            position = 0
            if not self._started:
                if len(data) < len(MAGIC):
                    self._buffer = data
                    continue
                if not data.startswith(MAGIC):
                    raise CaptureError(f"{self._path} is no bstrace capture")
                self._started, position = True, len(MAGIC)
            while len(data) - position >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(data, position)
                if length > MAX_RECORD:
                    raise CaptureError(f"{self._path} is damaged: a record of {length} bytes")
                end = position + _LENGTH.size + length
                if end > len(data):
                    break
                try:
                    record = self._decoder.decode(memoryview(data)[position + _LENGTH.size : end])
                except msgspec.MsgspecError as error:
                    raise CaptureError(f"{self._path} is damaged: {error}") from error
                position = end
                self.position = base + end
                yield record
            self._buffer = data[position:]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
