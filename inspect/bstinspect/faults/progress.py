"""How far an exploration is, on standard error."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(*, visible: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how many runs are done, and how many are known of."""
    if not visible:
        yield lambda _done, _known: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("faults"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("faults", total=None)

        def show(done: int, known: int) -> None:
            bar.update(task, completed=done, total=known)

        yield show
