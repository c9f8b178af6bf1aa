"""The process that turns records into what the user asked for, beside the tracer and at its own speed."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

import msgspec

from bstinspect.capture.buffer import LENGTH
from bstinspect.records import AnyRecord, Attached, Detached, Exited, Record
from bstinspect.trace.outputs import CommandOutput, SeparateOutput, SharedOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_CHUNK: Final = 1 << 17
_MANY_OBJECTS: Final = 50_000
"""More than a batch has."""
_COME_AND_GO: Final = frozenset({Attached, Detached, Exited})
"""Records of which something is said or done as soon as they are shown."""
NOBODY_READS: Final = 3
"""Exit status of the renderer where its output is a pipe that was closed."""


class Reporter(Protocol):
    """Makes one kind of output of records."""

    def feed(self, records: Iterable[Record]) -> None:
        """Take records in order."""

    def finish(self) -> None:
        """Say what is left to say: there are no more."""


class Renderer:
    """Feeds reporters with what comes through the pipe."""

    def __init__(
        self,
        reporters: Iterable[Reporter],
        output: SharedOutput | SeparateOutput,
        *,
        messages: bool,
        debug: bool = False,
    ) -> None:
        """`messages`: say on standard error who was attached and detached; `debug`: show tracebacks."""
        self.debug = debug
        self.complained = False
        """A decoder has failed."""
        self.reporters: tuple[Reporter, ...] = tuple(reporters)
        self._output = output
        self._messages = messages
        self._minds_threads = messages or isinstance(output, SeparateOutput)

    def run(self, descriptor: int, shown: int) -> None:
        """Read to the end of the pipe; write a byte to `shown` where an empty record asks for that.

        Raises OSError where the output cannot be written.
        """
        for batch in batches(descriptor):
            if batch is None:
                os.write(shown, b".")
            else:
                self.take(batch)
        self.end()

    def take(self, batch: Sequence[Record]) -> None:
        """Take records, and write what they say. Raises OSError."""
        begin = 0
        if self._minds_threads and not _COME_AND_GO.isdisjoint(map(type, batch)):
            for index, record in enumerate(batch):
                if type(record) in _COME_AND_GO:
                    self._feed(batch[begin:index])
                    self._one(record)
                    begin = index + 1
        self._feed(batch[begin:] if begin else batch)
        self._output.flush()

    def _feed(self, batch: Sequence[Record]) -> None:
        for reporter in self.reporters:
            reporter.feed(batch)

    def end(self) -> None:
        """Say what is left to say. Raises OSError."""
        for reporter in self.reporters:
            reporter.finish()
        self._output.close()

    def wait(self) -> None:
        """Wait for the command that reads the output (-o '|command')."""
        if isinstance(self._output, CommandOutput):
            self._output.process.wait()

    def complain(self, error: Exception) -> None:
        """Say once that a decoder has failed."""
        if self.complained:
            return
        self.complained = True
        if self.debug:
            import traceback

            traceback.print_exc()
        os.write(2, f"bstrace: the decoder failed: {type(error).__name__}: {error}\n".encode())

    def _one(self, record: Record) -> None:
        if self._messages:
            if isinstance(record, Attached) and record.followed:
                self._say(f"Process {record.tid} attached")
            elif isinstance(record, Detached):
                self._say(f"Process {record.tid} detached")
        self._feed((record,))
        if isinstance(record, Exited | Detached) and isinstance(self._output, SeparateOutput):
            self._output.end(record.tid)

    def _say(self, text: str) -> None:
        self._output.flush()
        os.write(2, f"bstrace: {text}\n".encode())


def batches(descriptor: int) -> Iterator[list[AnyRecord] | None]:
    """Yield the records of a pipe, as many at a time as are there; None for an empty record."""
    decode, length_at = msgspec.msgpack.Decoder(AnyRecord).decode, LENGTH.unpack_from
    left = b""
    while chunk := os.read(descriptor, _CHUNK):
        data = left + chunk if left else chunk
        records: list[AnyRecord] = []
        position, end = 0, len(data)
        while end - position >= 4:
            begin = position + 4
            behind = begin + length_at(data, position)[0]
            if behind > end:
                break
            if behind == begin:
                yield records
                yield None
                records, position = [], behind
                continue
            records.append(decode(data[begin:behind]))  # to copy costs less than a memoryview of it
            position = behind
        left = data[position:]
        yield records


def collect_rarely() -> None:
    """Keep the garbage collector from looking through every batch of records: they are in no cycles."""
    gc.freeze()
    gc.set_threshold(_MANY_OBJECTS)


def pipe(size: int) -> tuple[int, int]:
    """Make a pipe of about `size` bytes, or as many as are allowed (pipe(7)): reading end, writing end."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    with contextlib.suppress(OSError):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, size)
    return reading, writing


def start(make: Callable[[], Renderer], reading: int, writing: int, shown: int) -> int:
    """Fork the process that makes a renderer; return its pid. `reading` and `shown` are its own."""
    pid = os.fork()
    if pid:
        os.close(reading)
        os.close(shown)
        return pid
    os.close(writing)
    return _serve(make, reading, shown)


def _serve(make: Callable[[], Renderer], reading: int, shown: int) -> NoReturn:
    """Run in the child: end with 0, `NOBODY_READS`, or 1 and a line on standard error."""
    from bstinspect.trace.launching import give_up_standard_streams

    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)
        give_up_standard_streams()
        renderer = make()
        collect_rarely()
        try:
            renderer.run(reading, shown)
            status = 0
        except BrokenPipeError:
            status = NOBODY_READS  # the tracer hears of it when its pipe breaks
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes one line
            renderer.complain(error)
    finally:
        os._exit(status)
