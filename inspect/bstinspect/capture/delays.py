"""Threads that a rule of -e inject= holds in a stop for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bstinspect.capture.tracee import Thread


class Delays:
    """Threads that are held in a stop until their time has come."""

    def __init__(self) -> None:
        self._due: dict[Thread, int] = {}
        self._signals: dict[Thread, int] = {}

    def hold(self, thread: Thread, nanoseconds: int, signal: int) -> None:
        """Hold a thread; it gets `signal` when it goes on."""
        self._due[thread] = time.monotonic_ns() + nanoseconds
        self._signals[thread] = signal

    @property
    def next_ns(self) -> int | None:
        """How long until the next is due, nanoseconds; None where none is held."""
        return max(min(self._due.values()) - time.monotonic_ns(), 0) if self._due else None

    def expired(self, *, everything: bool = False) -> list[tuple[Thread, int]]:
        """Return the threads that may go on, with their signals, and forget them."""
        now = time.monotonic_ns()
        ready = [thread for thread, due in self._due.items() if everything or due <= now]
        for thread in ready:
            del self._due[thread]
        return [(thread, self._signals.pop(thread)) for thread in ready]
