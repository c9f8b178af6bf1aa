"""Follow a growing capture as strace text: `python -m bstinspect.decode.follow CAPTURE TEXTFILE [--echo]`.

It runs beside the tracer as a process of its own, so that decoding never costs the tracees anything. With
``--echo`` it also writes the lines, prefixed ``[pid N]``, to standard output. It ends when standard input
ends: then it writes what the capture holds by then, and exits 0. It also ends when its parent does.

It waits with inotify(7) and poll(2), and ignores SIGINT: the terminal's Ctrl-C is for the REPL.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.file import CaptureReader
from bstinspect.decode.layout import Layout
from bstinspect.decode.text import Lines, StraceText
from bstinspect.decode.traced import TracedOnly
from bstinspect.errors import CaptureError
from bstinspect.linux import prctl
from bstinspect.linux.inotify import growth_of
from bstinspect.records import Attached

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bstinspect.records import AnyRecord, Record

_BITE: Final = 2000
"""So many records are decoded before it looks at its inputs again."""
_MAX_ECHO: Final = 1 << 20
"""So many bytes wait for a slow terminal; what comes then is counted, not kept."""


class Echo:
    """Lines for a descriptor that may be slow or gone: they wait here, and never hold the capture up."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._waiting = bytearray()
        self._dropped = 0
        self._broken = False

    @property
    def waiting(self) -> bool:
        """Tell whether something waits to be written."""
        return bool(self._waiting) and not self._broken

    def add(self, lines: list[str]) -> None:
        """Take lines; drop them where too much waits already."""
        if self._broken or not lines:
            return
        if len(self._waiting) > _MAX_ECHO:
            self._dropped += len(lines)
            return
        if self._dropped:
            self._waiting += f"--- {self._dropped} lines left out here: the output is slow ---\n".encode()
            self._dropped = 0
        self._waiting += _encode(lines)

    def write(self) -> None:
        """Write one piece; call it when poll(2) says that there is room.

        The descriptor is shared with others (a terminal), so it is not made non-blocking: after POLLOUT a
        write of at most PIPE_BUF bytes does not block (pipe(7)).
        """
        try:
            written = os.write(self.descriptor, bytes(self._waiting[: select.PIPE_BUF]))
        except BlockingIOError:
            return
        except OSError:
            self._broken = True  # nobody reads any more: the file is still written
            return
        del self._waiting[:written]


class Follower:
    """A capture, the text file made of it, and perhaps an echo."""

    def __init__(self, capture: str, text: str, echo: Echo | None) -> None:
        self._reader = CaptureReader(capture)
        self._output = os.open(text, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lines, self._echo_lines = Lines(), Lines()
        self._text = StraceText(self._lines)
        self._echo_text = StraceText(self._echo_lines, Layout(pids="brackets"))
        self._echo = echo
        self._failed = False
        self._records: Iterator[AnyRecord] | None = None
        self._traced = TracedOnly()

    def bite(self) -> bool:
        """Write the lines of the next records; return whether there may be more.

        Bounded, so that a tracer faster than this process does not keep it from its other duties.
        Raises CaptureError for a damaged capture.
        """
        if self._records is None:
            self._records = self._reader.available()
        batch = list(islice(self._records, _BITE))
        if len(batch) < _BITE:
            self._records = None  # the reader has kept what is left of an unfinished record
        self._write(list(self._traced.of(batch)))
        return self._records is not None

    def finish(self) -> None:
        """Write the line that is still open."""
        self._text.finish()
        self._append(self._lines.take())
        if self._echo:
            self._echo_text.finish()
            self._echo.add(self._echo_lines.take())

    def _write(self, records: Sequence[Record]) -> None:
        # Of some threads the name is known, of those that were there before not: none is shown.
        records = [
            msgspec.structs.replace(each, name=b"") if isinstance(each, Attached) else each
            for each in records
        ]
        self._text.feed(records)
        self._append(self._lines.take())
        if self._echo:
            self._echo_text.feed(records)
            self._echo.add(self._echo_lines.take())

    def _append(self, lines: list[str]) -> None:
        pending = memoryview(_encode(lines))
        try:
            while pending:
                pending = pending[os.write(self._output, pending) :]
        except OSError as error:
            if not self._failed:  # once, not once a line
                complain(f"the text of the capture is not complete: {error.strerror}")
            self._failed = True


def complain(message: str) -> None:
    """Say one line on standard error, which may be closed or full itself."""
    try:
        os.write(2, f"bstrace follow: {message}\n".encode(errors="replace"))
    except OSError:
        return


def _encode(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode(errors="replace")


def follow(capture: str, text: str, *, echo: bool = False) -> None:
    """Follow until standard input ends. Raises OSError and CaptureError."""
    output = Echo(1) if echo else None
    watched = growth_of(capture)  # before the first reading, so that no growth is missed
    follower = Follower(capture, text, output)
    poller = select.poll()
    poller.register(watched, select.POLLIN)
    poller.register(0, select.POLLIN)
    ended = False
    more = follower.bite()
    while more or not ended:
        if output and output.waiting:
            poller.register(output.descriptor, select.POLLOUT)
        for descriptor, _ in poller.poll(0 if more else None):
            if descriptor == watched:
                os.read(watched, 65536)
            elif descriptor == 0:
                ended = not os.read(0, 65536)
                if ended:
                    poller.unregister(0)
            elif output:
                output.write()
        more = follower.bite()
        if output and not output.waiting:
            _forget(poller, output.descriptor)
    follower.finish()
    _last_words(output)


def _forget(poller: select.poll, descriptor: int) -> None:
    try:
        poller.unregister(descriptor)
    except KeyError:
        return


def _last_words(output: Echo | None) -> None:
    """Write what still waits, as long as somebody takes it: a second at most for each piece."""
    poller = select.poll()
    if output:
        poller.register(output.descriptor, select.POLLOUT)
    while output and output.waiting and poller.poll(1000):
        output.write()


def main(arguments: list[str] | None = None) -> int:
    """Run as a program; returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not prctl.die_with_parent(os.getppid()):
        return 1
    words = sys.argv[1:] if arguments is None else arguments
    echo = "--echo" in words
    paths = [word for word in words if word != "--echo"]
    if len(paths) != 2:
        complain("usage: python -m bstinspect.decode.follow CAPTURE TEXTFILE [--echo]")
        return 2
    try:
        follow(paths[0], paths[1], echo=echo)
    except CaptureError as error:
        complain(str(error))
        return error.exit_code
    except OSError as error:
        complain(f"{error.filename or paths[0]}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
