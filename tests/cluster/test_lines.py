"""Lines from pipes, files and devices, however the bytes arrive."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bstcluster.lines import HEAD_LIMIT, DescriptorLines, TextLines

if TYPE_CHECKING:
    from pathlib import Path

PIECES = st.lists(st.binary(min_size=1, max_size=40) | st.sampled_from([b"\n", b"\r\n", b"\0"]), max_size=30)


async def read_all(descriptor: int) -> list[bytes]:
    """Read every line, whole."""
    lines = DescriptorLines(descriptor)
    found = []
    while (line := await lines.next()) is not None:
        found.append(b"".join([piece async for piece in line.pieces()]))
    return found


def through_a_pipe(pieces: list[bytes]) -> list[bytes]:
    """Write `pieces` into a pipe, one write each, and read its lines at the other end."""
    reading, writing = os.pipe()

    def write() -> None:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(writing, view) :]
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return asyncio.run(asyncio.wait_for(read_all(reading), 30))
    finally:
        os.close(reading)
        writer.join()


def expected(data: bytes) -> list[bytes]:
    """Return the lines of `data`: each ends with a newline, the last one may do without."""
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


@settings(max_examples=60)
@given(PIECES)
@example([])
@example([b"\n"])
@example([b"last without newline"])
def test_any_write_boundaries(pieces: list[bytes]) -> None:
    """Where a write ends means nothing; NUL bytes and carriage returns are bytes like others."""
    assert through_a_pipe(pieces) == expected(b"".join(pieces))


@settings(max_examples=15)
@given(
    st.lists(st.sampled_from([1, 5, HEAD_LIMIT - 1, HEAD_LIMIT, HEAD_LIMIT + 1, 3 * HEAD_LIMIT]), max_size=5),
    st.integers(1, 2 * HEAD_LIMIT),
    st.booleans(),
)
def test_long_lines(lengths: list[int], write: int, ends: bool) -> None:  # noqa: FBT001 - drawn
    """Lines around and above the size of a head, cut into writes of any length."""
    data = b"\n".join(bytes([97 + i]) * length for i, length in enumerate(lengths)) + (b"\n" if ends else b"")
    pieces = [data[start : start + write] for start in range(0, len(data), write)]
    assert through_a_pipe(pieces) == expected(data)


async def test_a_long_line_is_never_held_whole() -> None:
    """A line of 8 MB comes in pieces; what is not read of it can be skipped, and the next line is whole."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(b"exec " + b"1 " * (4 << 20) + b"\npingall\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        lines = DescriptorLines(reading)
        line = await lines.next()
        assert line is not None
        assert not line.whole
        assert len(line.head) <= 2 * HEAD_LIMIT
        pieces = line.pieces(5)
        for _ in range(3):
            assert 0 < len(await anext(pieces)) <= 2 * HEAD_LIMIT
        await line.skip()
        following = await lines.next()
        assert following is not None
        assert (following.head, following.whole) == (b"pingall", True)
        assert await lines.next() is None
        assert await lines.next() is None
    finally:
        writer.join()
        os.close(reading)


async def test_lines_come_before_the_end() -> None:
    """A line is there as soon as its newline is: nobody waits for the pipe to be closed."""
    reading, writing = os.pipe()
    try:
        lines = DescriptorLines(reading)
        for word in (b"one", b"two"):
            os.write(writing, word + b"\nthe beginning of ")
            line = await asyncio.wait_for(lines.next(), 10)
            assert line is not None
            assert line.head.endswith(word)
    finally:
        os.close(reading)
        os.close(writing)


async def test_a_regular_file(tmp_path: Path) -> None:
    """A regular file, which epoll refuses, is read like a pipe."""
    path = tmp_path / "commands"
    data = b"create 1\n\n" + b"x" * 300_000 + b"\r\nlast"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert await read_all(file.fileno()) == expected(data)


async def test_dev_null() -> None:
    """/dev/null, which epoll refuses too, has no lines."""
    with open("/dev/null", "rb") as null:  # noqa: PTH123, ASYNC230 - a device, at once
        assert await read_all(null.fileno()) == []


async def test_text_lines() -> None:
    """Text is cut at newlines and semicolons."""
    lines = TextLines(b"create 1; create 2\n\npingall")
    found = []
    while (line := await lines.next()) is not None:
        found.append(line.head)
    assert found == [b"create 1", b" create 2", b"", b"pingall"]
