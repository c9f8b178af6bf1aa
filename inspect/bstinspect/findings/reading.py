"""What is read: a session's directory or a capture alone, and how much of it there is."""

from __future__ import annotations

import hashlib
import heapq
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import CaptureError, DamagedCaptureError
from bstinspect.findings.log import Log, read_log
from bstinspect.findings.model import Gap
from bstinspect.records import CaptureStart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bstinspect.capture.file import CaptureReader
    from bstinspect.records import AnyRecord

CAPTURE: Final = "capture.bst"
LOG: Final = "events.jsonl"
_BLOCK: Final = 1 << 20
_AHEAD: Final = 4096
"""So many records of a session wait for an earlier one: its tracers append to one file, each in its turn."""


class Source(msgspec.Struct):
    """Where the facts come from."""

    capture: Path
    log: Log | None
    is_session: bool


def find(path: Path) -> Source:
    """Return what is to be read: of a session's directory the capture in it and the log, else a capture.

    A capture that lies beside a log is a session's as well. Raises CaptureError, OSError.
    """
    path.stat()  # raises where there is nothing
    directory = path if path.is_dir() else path.parent
    capture = directory / CAPTURE if path.is_dir() else path
    if path.is_dir() and not capture.exists():
        if not (directory / LOG).exists():
            raise CaptureError(f"{path} is no session: it has neither {CAPTURE} nor {LOG}")
        raise CaptureError(f"{path} has no {CAPTURE}: nothing was traced in that session")
    log = read_log(directory / LOG) if capture.name == CAPTURE else None
    return Source(capture, log, path.is_dir() or log is not None)


class Reading:
    """Reads a capture to its end, or as far as it makes sense; `gaps` says what is missing."""

    def __init__(self, reader: CaptureReader, name: str) -> None:
        self._reader = reader
        self._name = name
        self.gaps: list[Gap] = []
        self.count = 0

    @property
    def size(self) -> int:
        """Return how many bytes were read, or of a damaged file all: one of a running session grows."""
        return max(self._reader.position + self._reader.rest, self._reader.size if self.gaps else 0)

    def start(self) -> tuple[CaptureStart, Iterator[AnyRecord]]:
        """Return the first record, and the others in the order of their times. Raises CaptureError."""
        records = self._read()
        first = next(records, None)
        if not isinstance(first, CaptureStart):
            raise CaptureError(f"{self._name} is empty, or cut before its first record")
        rest = self._whole(records)
        return first, _in_order(rest) if first.recorder == "session" else rest

    def _read(self) -> Iterator[AnyRecord]:
        try:
            yield from self._reader.available()
        except OSError as error:
            error.filename = self._name  # read(2) is told of a descriptor only
            raise

    def _whole(self, records: Iterator[AnyRecord]) -> Iterator[AnyRecord]:
        try:
            for record in records:
                self.count += 1
                yield record
        except DamagedCaptureError as error:
            self.gaps.append(Gap("damaged", str(error)))
            return
        if self._reader.rest:
            self.gaps.append(Gap("cut", str(self._reader.position), self._reader.rest))


def _in_order(records: Iterator[AnyRecord]) -> Iterator[AnyRecord]:
    """Yield records by their times; of the same time as they came."""
    waiting: list[tuple[int, int, AnyRecord]] = []
    for number, record in enumerate(records):
        if len(waiting) < _AHEAD:
            heapq.heappush(waiting, (record.when, number, record))
        else:
            yield heapq.heappushpop(waiting, (record.when, number, record))[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def sha256(path: Path, size: int) -> str:
    """Return the SHA-256 of the first bytes of a file, hexadecimal; of a pipe empty. Raises OSError."""
    if not path.is_file():
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while size > 0 and (block := stream.read(min(size, _BLOCK))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()
