"""The `bstrace` command: its first word says which part of the program is needed, and only that is loaded."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run `bstrace`; return its exit status."""
    gc.disable()  # what is loaded now stays: looking through it costs a tenth of the start
    is_raised = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_raised:  # nothing is begun that had to be ended: Ctrl-C, half way into a module, ends it in silence
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    run = _load()
    gc.freeze()
    gc.enable()
    if is_raised:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _leave(status: int) -> NoReturn:
    """End here and now: to take the interpreter apart costs half as much as to start it.

    Nothing is buffered any more: what the commands print they flush, and say so where that fails.
    """
    os._exit(status)


def _load() -> Callable[[], int]:
    """Load the part that is asked for, and return what runs it."""
    word, arguments = sys.argv[1:2], sys.argv[2:]
    if word == ["trace"]:
        from bstinspect.trace.command import main as trace

        return lambda: _leave(trace(arguments))
    if word == ["replay"]:
        from bstinspect.trace.replay import main as replay

        return lambda: _leave(replay(arguments))
    if word == ["report"]:
        from bstinspect.writeup.command import main as report

        return lambda: _leave(report(arguments))
    if word == ["faults"]:
        from bstinspect.faults.command import main as faults

        return lambda: _leave(faults(arguments))
    if word == ["grade"]:
        from bstinspect.grade.command import main as grade

        return lambda: _leave(grade(arguments))
    from bstinspect.cli import main as controller

    return controller


if __name__ == "__main__":
    sys.exit(main())
