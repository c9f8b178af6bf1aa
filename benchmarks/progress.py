"""Progress, on standard error: a bar on a terminal, a line for each stage elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType


class Stages:
    """Shows how far each stage of a benchmark is. A context manager; what it drew is gone at the end."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = None if self._bars.disable else self._bars.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def stage(self, name: str, steps: int) -> None:
        """Begin a stage of so many steps."""
        if self._task is None:
            print(f"{name} ...", file=sys.stderr, flush=True)
        else:
            self._bars.reset(self._task, description=name, total=steps)

    def at(self, step: int) -> None:
        """Say how many steps of the stage are done."""
        if self._task is not None:
            self._bars.update(self._task, completed=step)
