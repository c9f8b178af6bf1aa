"""Records on their way out: to the control socket, which may be full, and to the capture file."""

from __future__ import annotations

import errno
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from bstinspect.capture.protocol import Done, Reached
from bstinspect.records import Lost, Record

if TYPE_CHECKING:
    from bstinspect.capture.buffer import RecordBuffer
    from bstinspect.capture.file import CaptureWriter

_MOST_QUEUED: Final = 1 << 16


class Sink(Protocol):
    """Takes what the tracer sees."""

    def tell(self, record: Record) -> None:
        """Take a record that is worth knowing at once."""

    def capture_only(self, record: Record) -> None:
        """Take a record."""

    def done(self, request: int, *, ok: bool = True, errno: int = 0, message: str = "") -> None:
        """Take the answer to a request."""

    def flush(self) -> None:
        """Hand over what is buffered."""

    def entered(self, tid: int, number: int, arguments: tuple[int, ...]) -> None:
        """Take note that a call of `heard`, or one of another architecture (-1), begins."""

    @property
    def heard(self) -> frozenset[int]:
        """The calls that are told of by `entered`, recorded or not, before the tracee goes on."""

    @property
    def buffer(self) -> RecordBuffer | None:
        """Where records wait, if others may put theirs there as well."""


class Outbox:
    """Never blocks: what the socket does not take waits in memory, and beyond a bound records are dropped.

    What was dropped is reported in a `Lost` record. Answers to requests are never dropped.
    """

    def __init__(self, control: socket.socket, capture: CaptureWriter) -> None:
        self._control = control
        self._capture = capture
        self._encode = msgspec.msgpack.Encoder().encode
        self._queue: deque[bytes] = deque()
        self._lost = 0
        self.broken = False
        """The other end is gone."""

    heard: Final[frozenset[int]] = frozenset()

    def entered(self, tid: int, number: int, arguments: tuple[int, ...]) -> None:
        """Pass over that a call begins."""

    @property
    def buffer(self) -> RecordBuffer:
        """Where records for the capture wait."""
        return self._capture.buffer

    @property
    def waiting(self) -> bool:
        """Whether something waits for the socket to become writable."""
        return bool(self._queue)

    def tell(self, record: Record) -> None:
        """Send a record to the supervisor at once, and to the capture."""
        payload = self._encode(record)
        if self._queue or not self._send(payload):
            if len(self._queue) < _MOST_QUEUED:
                self._queue.append(payload)
            else:
                self._lost += 1
        self._capture.append(record)

    def capture_only(self, record: Record) -> None:
        """Put a record into the capture."""
        self._capture.append(record)

    def done(self, request: int, *, ok: bool = True, errno: int = 0, message: str = "") -> None:
        """Answer a request. The capture has what came before: what comes next may be another tracer's."""
        self._capture.flush()
        payload = self._encode(Done(request, ok, errno, message))
        if self._queue or not self._send(payload):
            self._queue.append(payload)

    def reached(self, pid: int, at: str) -> None:
        """Tell the supervisor, and nobody else, that a process is at its crash point; never dropped."""
        payload = self._encode(Reached(time.monotonic_ns(), pid, at))
        if self._queue or not self._send(payload):
            self._queue.append(payload)

    def flush(self) -> None:
        """Write the capture out, and send what waits, as far as the socket takes it."""
        self._capture.flush()
        while self._queue and self._send(self._queue[0]):
            self._queue.popleft()
        if not self._queue and self._lost:
            lost, self._lost = self._lost, 0
            self.tell(Lost(time.monotonic_ns(), lost, "the supervisor did not read"))

    def _send(self, payload: bytes) -> bool:
        """Give one message to the socket; False when it is full."""
        try:
            self._control.send(payload, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._lost += 1
            else:
                self.broken = True
        return True
