"""How many runs are done, for a person who waits. No thread, as runs are forked from here."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Final

_PATIENCE: Final = 1.0


class Progress:
    """A line on standard error, once it takes longer than a second, where that is a terminal."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _PATIENCE if os.isatty(2) else None
        self._is_shown = False

    def show(self, done: int, total: int) -> None:
        """So many runs are done."""
        if self._due is not None and time.monotonic() > self._due:
            self._is_shown = True
            self._write(f"\r\x1b[Kgrade: {done} of {total} runs are done")

    def close(self) -> None:
        """Remove the line."""
        if self._is_shown:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(2, text.encode())
