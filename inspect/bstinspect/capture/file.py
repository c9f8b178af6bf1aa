"""The capture file: records in the order they happened, readable up to the last whole one after a crash.

docs/capture-file.md has the layout: the 8 bytes of `MAGIC`, then records, each a 4-byte little-endian length
and that many bytes of msgpack (a `bstinspect.records` array). The first record is `CaptureStart`.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.buffer import FLUSH_BYTES, LENGTH, PlainBuffer, RecordBuffer, count
from bstinspect.errors import CaptureError, DamagedCaptureError
from bstinspect.records import FORMAT_VERSION, AnyRecord, CaptureStart, Lost, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"BSTRACE\n"
MAX_RECORD: Final = 8 << 20
"""No record is longer, in bytes: a longer length field is damage."""
_CHUNK: Final = 1 << 20


def capture_start(
    recorder: str = "session", strings: int = 32, options: tuple[str, ...] = ()
) -> CaptureStart:
    """Return the first record of a capture that is made here and now."""
    now, realtime = time.monotonic_ns(), time.time_ns()
    system = os.uname()
    return CaptureStart(
        now,
        FORMAT_VERSION,
        realtime,
        system.machine,
        recorder,
        strings,
        options,
        system.release,
        os.cpu_count() or 0,
    )


class CaptureWriter:
    """Appends records to a file.

    `append` only buffers (and writes out at 32 KiB); `flush` hands everything to the kernel. A disk that is
    full costs records, never the tracees: the loss is counted, and noted in the file when it can be again.
    Several processes may append to one file: each write(2) is of whole records, in one piece (O_APPEND).
    """

    def __init__(
        self,
        path: str,
        flags: int = 0,
        start: CaptureStart | None = None,
        buffer: RecordBuffer | None = None,
    ) -> None:
        """Open the file, and begin it with `start` where it is empty. Raises OSError.

        `flags` are more for open(2): O_EXCL refuses a file that is there, O_TRUNC empties it.
        """
        always = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._path = path
        self._descriptor = os.open(path, always | flags, 0o600)
        self.size = os.fstat(self._descriptor).st_size
        """How long the file is, in bytes, without what is still buffered."""
        self._encoder = msgspec.msgpack.Encoder()
        self.buffer = buffer or PlainBuffer()
        """Where records wait; the compiled loop puts its own there as well."""
        self.start = start or capture_start()
        """The first record."""
        self._before = b"" if self.size else MAGIC + self._framed(self.start)
        self.lost = 0
        """Records lost since the last that was written."""
        self.lost_in_all = 0
        self.reason = ""
        """Why records were lost; empty while none was."""

    def append(self, record: Record) -> None:
        """Take one record."""
        payload = self._encoder.encode(record)
        if len(payload) > MAX_RECORD:
            payload = self._encoder.encode(Lost(record.when, 1, f"a record of {len(payload)} bytes"))
        if self.buffer.append(payload) >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is buffered; where the disk refuses, drop it, remember how much, and go on."""
        contents = self.buffer.contents()
        if not (contents or self._before):
            return
        begin, written = -1, 0
        try:
            if self._before and os.fstat(self._descriptor).st_size:
                self._before = b""  # another writer was first
            before = self._before + (self._note_of_loss() if self.lost else b"")
            data = memoryview(before + contents) if before else contents
            while written < len(data):  # once, unless the disk is full
                written += os.write(self._descriptor, data[written:])
                if written < len(data) and begin < 0:
                    begin = self._position() - written
            self._before = b""
            self.lost = 0
            self.size += written
        except OSError as error:
            self._cut(begin, written)
            records = count(contents)
            self.lost += records
            self.lost_in_all += records
            self.reason = error.strerror or str(error)
        finally:
            contents.release()
        self.buffer.clear()

    def discard(self) -> None:
        """Remove the file, where it is one, as long as it is open."""
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.unlink(self._path)  # noqa: PTH108 - for a fast start without pathlib
        self.size = 0

    def close(self) -> None:
        """Write what is buffered and close the file."""
        self.flush()
        os.close(self._descriptor)

    def _position(self) -> int:
        """Return where the last write ended (O_APPEND in open(2)); 0 in what is no file."""
        try:
            return os.lseek(self._descriptor, 0, os.SEEK_CUR)
        except OSError:
            return 0

    def _cut(self, begin: int, written: int) -> None:
        """Leave no half record behind, but never take a record of another writer along."""
        if os.fstat(self._descriptor).st_size == self._position() == begin + written > begin >= 0:
            with contextlib.suppress(OSError):  # what is no file cannot be cut
                os.ftruncate(self._descriptor, begin)

    def _note_of_loss(self) -> bytes:
        return self._framed(Lost(time.monotonic_ns(), self.lost, self.reason))

    def _framed(self, record: Record) -> bytes:
        payload = self._encoder.encode(record)
        return LENGTH.pack(len(payload)) + payload


class CaptureReader:
    """Reads records from a capture that may still be growing, or be cut short."""

    def __init__(self, path: str) -> None:
        """Open the file (a pipe will do). Raises OSError."""
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size
        """How long the file was when it was opened, in bytes."""
        self._buffer = b""
        self._decoder = msgspec.msgpack.Decoder(AnyRecord)
        self._begun = False
        self.position = 0
        """Where the record that was given last ends in the file."""

    @property
    def rest(self) -> int:
        """So many bytes follow at the end of the file that are no whole record (yet)."""
        return len(self._buffer)

    def available(self) -> Iterator[AnyRecord]:
        """Yield the whole records that are there now; call again later for more.

        Raises CaptureError where the file is no capture of this version; DamagedCaptureError where a record
        makes no sense, after all records before it.
        """
        while chunk := os.read(self._descriptor, _CHUNK):
            data = self._buffer + chunk
            used = 0
            if not self.position:
                if len(data) < len(MAGIC) and MAGIC.startswith(data):
                    self._buffer = data
                    continue
                if not data.startswith(MAGIC):
                    raise CaptureError(f"{self._path} is no bstrace capture")
                self.position = used = len(MAGIC)
            view = memoryview(data)
            while len(data) - used >= LENGTH.size:
                (length,) = LENGTH.unpack_from(data, used)
                if length > MAX_RECORD:
                    raise self._damaged(f"a record of {length} bytes")
                end = used + LENGTH.size + length
                if end > len(data):
                    break
                record = self._decode(view[used + LENGTH.size : end])
                self.position += end - used
                used = end
                yield record
            self._buffer = data[used:]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _decode(self, payload: memoryview) -> AnyRecord:
        try:
            record: AnyRecord = self._decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._damaged(str(error)) from error
        if not self._begun:
            if not isinstance(record, CaptureStart):
                raise self._damaged("it does not begin as a capture does")
            if record.version != FORMAT_VERSION:
                age = "a newer" if record.version > FORMAT_VERSION else "an older"
                raise CaptureError(
                    f"{self._path} was written by {age} bstrace, in version {record.version} of the format; "
                    f"this one reads version {FORMAT_VERSION}"
                )
            self._begun = True
        return record

    def _damaged(self, why: str) -> DamagedCaptureError:
        return DamagedCaptureError(f"{self._path} is damaged at byte {self.position}: {why}")
