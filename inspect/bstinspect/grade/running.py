"""All runs of a grading: several at a time, each ended where it takes too long."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import InspectError
from bstinspect.grade.checks.all import CONTACT
from bstinspect.grade.checks.points import GOLDEN, chosen
from bstinspect.grade.runs import Running, begin
from bstinspect.grade.sandbox import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.grade.marks import Judgement
    from bstinspect.grade.runs import Check, Point, Told
    from bstinspect.grade.subject import Subject

_COMMANDS: Final = 40
"""No run has more: it may take as many deadlines, and"""
_BESIDE: Final = 30.0
"""so many seconds."""


class GradingError(InspectError):
    """A defect of ours stands in the way."""


class Grading:
    """The runs, and what they have told."""

    def __init__(self, subject: Subject, checks: Sequence[Check], jobs: int, *, at_points: bool) -> None:
        """`at_points`: faults at messages too, as many as the subject says."""
        self.subject = subject
        """With the streams that the first contact has found."""
        self.judgements: list[Judgement] = []
        self._jobs = jobs
        self._running: list[tuple[Running, float]] = []
        self._left = list(checks)
        self._done = 0
        self.fired: list[bool] = []
        """Of each fault at a point whether it took effect."""
        self._points: list[Point] | None = [] if at_points and subject.points else None

    @property
    def passed(self) -> int:
        """How many points there are."""
        return len(self._points or ())

    @property
    def total(self) -> int:
        """How many runs there are."""
        return self._done + len(self._running) + len(self._left)

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Make all runs; `progress` is told how many of how many are done. Raises SandboxError."""
        try:
            self._make([CONTACT], 1, progress)
            if self._points is not None:
                self._make([GOLDEN], 1, progress)
                self._left += chosen(self._points, self.subject.points)
            self._make(self._left, self._jobs, progress)
        finally:
            for each, _ in self._running:
                each.put_down()
            self._running = []

    def _make(self, checks: list[Check], jobs: int, progress: Callable[[int, int], None]) -> None:
        while checks or self._running:
            while checks and len(self._running) < jobs:
                limit = time.monotonic() + _COMMANDS * self.subject.deadline + _BESIDE
                self._running.append((begin(checks.pop(0), self.subject), limit))
            self._hear()
            progress(self._done, self.total)

    def _hear(self) -> None:
        poll = select.poll()
        for each, _ in self._running:
            poll.register(each, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(500)}
        for each, limit in list(self._running):
            told = each.told() if each.fileno() in ready else []
            if told is None or time.monotonic() > limit:
                if told is not None:
                    each.put_down()
                self._running.remove((each, limit))
                self._done += 1
            for line in told or []:
                self._note(line, each.check)

    def _note(self, told: Told, check: Check) -> None:
        if told.no_sandbox:
            raise SandboxError(told.no_sandbox)
        if told.trouble:
            raise GradingError(f"internal, in '{check.name}': {told.trouble.strip().splitlines()[-1]}")
        if told.through:
            self.subject = msgspec.structs.replace(self.subject, through=told.through)
        if self._points is not None:
            self._points += told.points
        if told.fired is not None:
            self.fired.append(told.fired)
        if told.judgement is not None:
            self.judgements.append(told.judgement)
