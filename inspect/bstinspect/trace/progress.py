"""How far a replay or a report has come, for a person who waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE_NS: Final = 1_000_000_000


class Progress:
    """A bar on standard error, once it takes longer than a second."""

    def __init__(self, total: int, *, visible: bool, title: str = "replay") -> None:
        """`total`: the file's size in bytes; `title` stands before the bar."""
        self._total = total
        self._title = title
        self._due = time.monotonic_ns() + _PATIENCE_NS if visible else None
        self._bar: tuple[Bar, TaskID] | None = None

    def show(self, position: int) -> None:
        """So many bytes are done."""
        if self._bar is None and self._due is not None and time.monotonic_ns() > self._due:
            self._bar = self._start()
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, completed=position)

    def expect(self) -> None:
        """What comes now takes longer than a second: the bar is shown at once."""
        if self._due is not None:
            self._due = 0

    def close(self) -> None:
        """Remove the bar; `show` may bring it back."""
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None

    def _start(self) -> tuple[Bar, TaskID]:
        from rich.console import Console
        from rich.progress import Progress as Bar

        bar = Bar(console=Console(stderr=True), transient=True)
        task = bar.add_task(self._title, total=self._total)
        bar.start()
        return bar, task
