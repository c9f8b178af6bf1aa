"""Command lines from a descriptor or from text. A line may be larger than memory: it is read in pieces."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEAD_LIMIT: Final = 1 << 16
"""Bytes of a line that are held at once; only the numbers of an exec may go on behind them."""


class Line:
    """One line: its head, and the pieces behind it."""

    def __init__(self, head: bytes, rest: AsyncIterator[bytes] | None = None) -> None:
        self.head = head
        self._rest = rest

    @property
    def whole(self) -> bool:
        """True when `head` is all of the line."""
        return self._rest is None

    async def pieces(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the head from byte `start` on, then the rest, once."""
        yield self.head[start:]
        if self._rest is not None:
            async for piece in self._rest:
                yield piece

    async def skip(self) -> None:
        """Read what is left of the line, and drop it: a bad line never eats the next one."""
        if self._rest is not None:
            async for _ in self._rest:
                pass


class Lines(Protocol):
    """A source of lines."""

    async def next(self) -> Line | None:
        """Return the next line, or None at the end. The line before must be read or skipped by then."""


class TextLines:
    """Lines of a text that is there already, separated by newlines or semicolons."""

    def __init__(self, text: bytes) -> None:
        self._lines = iter(text.replace(b";", b"\n").split(b"\n"))

    async def next(self) -> Line | None:
        """Return the next line, or None at the end."""
        head = next(self._lines, None)
        return None if head is None else Line(head)


class DescriptorLines:
    """Lines from an open descriptor: a pipe, a terminal, a socket or a file.

    Where the kernel can say that there is something to read, the event loop waits for it; a regular file
    always has something (epoll refuses it), so it is read directly.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        mode = os.fstat(descriptor).st_mode
        self._pollable = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
        self._buffer = b""
        self._ended = False

    async def next(self) -> Line | None:
        """Return the next line, or None at the end. Raises OSError when the descriptor cannot be read."""
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) < HEAD_LIMIT and not self._ended:
            await self._read()
        if end >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            return Line(head)
        if self._ended:
            head, self._buffer = self._buffer, b""
            return Line(head) if head else None
        head, self._buffer = self._buffer, b""
        return Line(head, self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        """Yield what is left of a long line."""
        while not self._ended:
            await self._read()
            end = self._buffer.find(b"\n")
            piece, self._buffer = self._buffer, b""
            if end >= 0:
                self._buffer = piece[end + 1 :]
                yield piece[:end]
                return
            yield piece

    async def _read(self) -> None:
        if self._pollable:
            await _readable(self._descriptor)
        else:
            await asyncio.sleep(0)  # the loop's other work gets its turn
        data = os.read(self._descriptor, HEAD_LIMIT)
        self._ended = not data
        self._buffer += data


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # /dev/null and its like are always readable, and epoll refuses them
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
