"""Regular expressions that somebody wrote for a table of requirements, tried with patience that ends.

`(a+)+$` takes time that doubles with each letter; `re` cannot be told to give up, but looks for signals.
"""

from __future__ import annotations

import re
import signal
import threading
from typing import TYPE_CHECKING, Final

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

PATIENCE: Final = 2.0
"""Seconds of computing for one text, which is a line of a trace: others need microseconds."""


class PatternError(InspectError):
    """A regular expression that takes for ever."""

    exit_code = 2


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern is somewhere in a text. Raises PatternError, in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        return re.search(pattern, text) is not None

    def give_up(_number: int, _frame: FrameType | None) -> NoReturn:
        raise PatternError(f"the pattern {pattern!r} takes too long: it can match in too many ways")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    try:
        return re.search(pattern, text) is not None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
