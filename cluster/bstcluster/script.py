"""The front for a pipe: one command after the other, exactly one line of standard output each."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bstcluster.lines import Lines
    from bstcluster.shell import Shell


async def run_script(shell: Shell, lines: Lines) -> None:
    """Run every line until the end or `exit`.

    Replies go to standard output, details to standard error. Raises BrokenPipeError when nobody reads the
    replies any more.
    """
    while (line := await lines.next()) is not None:
        if line.head.split(None, 1)[:1] == [b"exit"]:
            return
        reply = await shell.execute(line)
        if reply is None:
            continue
        write_out(reply.line)
        if reply.detail:
            write_error(reply.detail)


def check_streams() -> None:
    """Raise OSError where standard input or output is closed; let a closed standard error be /dev/null.

    Otherwise the next file or socket that is opened gets the number, and the replies.
    """
    for descriptor, name in enumerate(("standard input", "standard output")):
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise OSError(error.errno, f"{name} is closed") from error
    try:
        os.fstat(2)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


def write_out(text: str) -> None:
    """Write a line to standard output, whole, at once."""
    try:
        _write(1, f"{text}\n".encode())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def write_error(text: str) -> None:
    """Write lines to standard error; where that is closed or full, they are lost, and nothing else is."""
    try:
        _write(2, f"{text}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        return


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:  # another program has made the open file non-blocking, and it is full
            select.select([], [descriptor], [])
