"""Signals that end a command, as an exception: so that nothing is left behind."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import FrameType

_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class InterruptedBySignal(BaseException):
    """One of the signals that end a program has come."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def raise_at_signals() -> None:
    """Have SIGHUP, SIGINT and SIGTERM raise `InterruptedBySignal`; those that are ignored stay so (nohup)."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _ENDING:  # the clearing up is not to be interrupted by another one
        signal.signal(each, signal.SIG_IGN)
    raise InterruptedBySignal(number)
