"""The decoder process: makes strace-style text of the growing capture, away from the prompt."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINES_AT_ONCE: Final = 40
"""Lines shown of one burst; the file has all of them."""


class Follower:
    """A running decoder. It writes the text file; with `echo`, lines come here too."""

    def __init__(
        self,
        capture: Path,
        text: Path,
        echo: Callable[[str], None] | None,
        on_loss: Callable[[str], None],
    ) -> None:
        """Start it; `on_loss` is told when it ends before `close`. Raises InspectError."""
        self._on_loss = on_loss
        self._closing = False
        command = [sys.executable, "-P", "-m", "bstinspect.decode.follow", str(capture), str(text)]
        try:
            self._process = subprocess.Popen(
                command if echo is None else [*command, "--echo"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL if echo is None else subprocess.PIPE,
                process_group=0,
            )
        except OSError as error:
            raise InspectError(f"cannot start the decoder: {error.strerror}") from error
        self.text = text
        self._echo = echo
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._gone = self._loop.create_future()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._loop.add_reader(self._pidfd, self._ended)
        if self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)
            self._loop.add_reader(self._process.stdout, self._receive)

    @property
    def ended(self) -> bool:
        """True when the process is gone."""
        return self._gone.done()

    async def close(self, patience: float) -> None:
        """Let it finish what is captured, for at most `patience` seconds, and end."""
        self._closing = True
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        await asyncio.wait([self._gone], timeout=patience)
        if not self._gone.done():
            self._process.kill()
            await self._gone

    def _receive(self) -> None:
        if self._process.stdout is None or self._echo is None:
            return
        try:
            data = os.read(self._process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._process.stdout)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(lines) > LINES_AT_ONCE:
            left_out = len(lines) - LINES_AT_ONCE
            lines[LINES_AT_ONCE:] = [f"... {left_out} more lines in {self.text}".encode()]
        if lines:
            self._echo(b"\n".join(lines).decode("utf-8", "backslashreplace"))

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        if self._process.stdout is not None:
            self._receive()
            self._loop.remove_reader(self._process.stdout)
            self._process.stdout.close()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._gone.set_result(None)
        if not self._closing:
            self._on_loss(f"the decoder is gone: {self.text} ends here; `trace ID on` starts another")
