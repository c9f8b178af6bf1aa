"""`report` at the prompt: `bstrace report` in a process of its own, while the session goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


async def make_report(session: Path, words: Sequence[bytes]) -> str:
    """Make a report of a running session; return what was written, a line each.

    `words` are where to (the session's directory if that is left out), and options of `bstrace report`.
    Raises InspectError with the line that says why not.
    """
    given = [os.fsdecode(word) for word in words]
    to = given.pop(0) if given and not given[0].startswith("-") else str(session)
    command = [sys.executable, "-P", "-m", "bstinspect.entry", "report", str(session), "-o", to, *given]
    try:
        process = subprocess.Popen(  # noqa: ASYNC220 - it is watched by its pipe
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    except OSError as error:
        raise InspectError(f"no report: {error.strerror}") from error
    try:
        told = (await _read_all(process)).decode("utf-8", "backslashreplace").strip()
    except asyncio.CancelledError:
        process.kill()
        raise
    finally:
        status = process.wait()  # it ends as soon as its output does
    if status:
        lines = told.splitlines() or [f"it ended with status {status}"]
        raise InspectError(lines[-1].removeprefix("bstrace: "))
    return told


async def _read_all(process: subprocess.Popen[bytes]) -> bytes:
    """Read a process's output to its end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
    try:
        return await reader.read()
    finally:
        transport.close()
