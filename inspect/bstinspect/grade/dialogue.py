"""The talk with a program, through pipes or a pseudo-terminal, with a bound on time and on memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import time
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES: Final = 1 << 20
"""A program that says more than this between two commands floods."""
MOST_LINES: Final = 2_000
_PIECE: Final = 1 << 16
_KEPT: Final = 2_000
"""Bytes of standard error, for the evidence."""
_END_OF_INPUT: Final = b"\x04"
"""VEOF of a terminal in canonical mode (termios(3))."""
_QUIET: Final = 0.3
"""Seconds after which a line without an end is taken as it is, by a lenient listener."""


class GoneError(Exception):
    """The program has ended, and all that it said is read."""


class FloodError(Exception):
    """The program talks without end."""


class Streams(msgspec.Struct):
    """The ends of a program's standard streams: the program's own, and ours."""

    theirs: tuple[int, int, int]
    input: int
    output: int
    errors: int
    is_terminal: bool

    def close_theirs(self) -> None:
        """The program has them now."""
        for each in set(self.theirs):
            os.close(each)

    def close(self) -> None:
        """Close our own."""
        for each in {self.input, self.output, self.errors}:
            os.close(each)


def open_streams(*, terminal: bool) -> Streams:
    """Open pipes, or a pseudo-terminal without echo for input and output. Standard error is always a pipe."""
    errors, their_errors = os.pipe2(os.O_CLOEXEC)
    if terminal:
        master, slave = os.openpty()
        _tame(slave)
        streams = Streams((slave, slave, their_errors), master, master, errors, is_terminal=True)
    else:
        their_input, given = os.pipe2(os.O_CLOEXEC)
        output, their_output = os.pipe2(os.O_CLOEXEC)
        streams = Streams((their_input, their_output, their_errors), given, output, errors, is_terminal=False)
    for each in {streams.input, streams.output, streams.errors}:
        os.set_blocking(each, False)
    return streams


def _tame(slave: int) -> None:
    """No echo, and line ends as they are; lines are still edited, so that ^D ends the input."""
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ECHONL | termios.ISIG)
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 50, 200, 0, 0))


class Dialogue:
    """Says lines and listens; every wait has an end."""

    def __init__(self, streams: Streams, pidfd: int) -> None:
        """`pidfd`: the program's, which tells its end also where others hold its standard output."""
        self._streams = streams
        self._pidfd = pidfd
        self._unsent = b""
        self._partial = b""
        self._lines: list[str] = []
        self._open = {streams.output, streams.errors}
        self._heard_bytes = 0
        self._heard_lines = 0
        self._input_closed = False
        self.complaints = b""
        """The end of what it said on standard error."""

    def say(self, line: str) -> None:
        """Send a line; what is heard from now on counts anew for a flood."""
        self._heard_bytes = self._heard_lines = 0
        self._unsent += line.encode() + b"\n"
        self._send()

    def end_input(self) -> None:
        """Close the program's input, or type the end of it."""
        if self._streams.is_terminal:
            with contextlib.suppress(OSError):
                os.write(self._streams.input, _END_OF_INPUT)
        elif not self._input_closed:
            null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(null, self._streams.input, inheritable=False)
            os.close(null)
        self._input_closed = True

    def line(self, until: float, *, lenient: bool) -> str | None:
        """Return the next line without its end; None when the clock (time.monotonic) says `until`.

        Raises GoneError and FloodError. A lenient listener takes a line without an end that nothing follows.
        """
        heard = time.monotonic()
        while not self._lines:
            now = time.monotonic()
            patient = until if not (lenient and self._partial) else min(until, heard + _QUIET)
            if now >= patient:
                if lenient and self._partial:
                    return self._rest()
                return None
            if self._listen(patient - now):
                heard = time.monotonic()
        return self._lines.pop(0)

    def heard(self) -> list[str]:
        """Return, without waiting, the lines that are there. Raises FloodError."""
        with contextlib.suppress(GoneError):
            while self._listen(0):
                pass
        lines, self._lines = self._lines, []
        return lines

    def during(self, seconds: float) -> list[str]:
        """Listen for so long, and return the lines that came. Raises FloodError."""
        until = time.monotonic() + seconds
        with contextlib.suppress(GoneError):
            while (left := until - time.monotonic()) > 0:
                self._listen(left)
        lines, self._lines = self._lines, []
        return lines

    def until_end(self, until: float) -> bool:
        """Listen until the program has ended; tell whether it has. Raises FloodError."""
        self._heard_bytes = self._heard_lines = 0
        with contextlib.suppress(GoneError):
            while (left := until - time.monotonic()) > 0:
                self._listen(left)
                self._lines.clear()
            return False
        return True

    def close(self) -> None:
        """Close our ends."""
        self._streams.close()

    def _rest(self) -> str:
        line, self._partial = self._partial, b""
        return _text(line)

    def _listen(self, seconds: float) -> bool:
        """Wait for something to be heard, and take it. Raises GoneError where there will be no more."""
        poll = select.poll()
        for descriptor in self._open:
            poll.register(descriptor, select.POLLIN)
        if self._unsent:
            poll.register(self._streams.input, select.POLLOUT | (select.POLLIN if self._both() else 0))
        poll.register(self._pidfd, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000)}
        is_gone = self._pidfd in ready
        taken = [self._take(descriptor) for descriptor in self._open & ready]
        if self._unsent and self._streams.input in ready:
            self._send()
        if is_gone and not any(taken):
            if self._partial:
                self._lines.append(self._rest())
                return True
            raise GoneError
        return any(taken)

    def _both(self) -> bool:
        return self._streams.input in self._open

    def _send(self) -> None:
        try:
            sent = os.write(self._streams.input, self._unsent)
        except BlockingIOError:
            return
        except OSError:  # it has closed its input, or is gone
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]

    def _take(self, descriptor: int) -> bool:
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return False
        except OSError:  # EIO: the last one has closed the terminal
            data = b""
        if not data:
            self._open.discard(descriptor)
            return False
        self._count(data)
        if descriptor == self._streams.errors:
            self.complaints = (self.complaints + data)[-_KEPT:]
            return True
        self._lines += self._split(data)
        return True

    def _count(self, data: bytes) -> None:
        self._heard_bytes += len(data)
        self._heard_lines += data.count(b"\n")
        if self._heard_bytes > MOST_BYTES or self._heard_lines > MOST_LINES:
            self._lines.clear()
            self._partial = b""
            raise FloodError

    def _split(self, data: bytes) -> Iterator[str]:
        *whole, self._partial = (self._partial + data).split(b"\n")
        return map(_text, whole)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").removesuffix("\r")
