"""Programs to be graded, and what grades them within this process: only with the checks that matter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from bstinspect.grade.checks.all import CHECKS
from bstinspect.grade.marks import GROUPS, Verdict, verdicts
from bstinspect.grade.running import Grading
from bstinspect.grade.subject import LENIENT, PIPE, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS: Final = Path(__file__).parent / "programs"
QUICK: Final = (sys.executable, "-S", "-E")
"""Starts in a few milliseconds."""
SOUND: Final = (*QUICK, str(PROGRAMS / "tiny.py"))


def wrong(name: str) -> tuple[str, ...]:
    """Return the command that is wrong in this way: a class of wrong.py."""
    return (*QUICK, str(PROGRAMS / "wrong.py"), name)


class Graded(Protocol):
    """What grades."""

    def __call__(
        self,
        command: Sequence[str],
        *checks: str,
        profile: str = LENIENT,
        deadline: float = 0.7,
        points: int = 0,
        through: str = PIPE,
        sandboxed: bool = True,
    ) -> dict[str, Verdict]:
        """Return the verdicts by the names of their marks."""


@pytest.fixture
def graded() -> Graded:
    """Return what grades a command with checks by their names, and gives the verdicts by theirs."""

    def grade(
        command: Sequence[str],
        *checks: str,
        profile: str = LENIENT,
        deadline: float = 0.7,
        points: int = 0,
        through: str = PIPE,
        sandboxed: bool = True,
    ) -> dict[str, Verdict]:
        subject = Subject(command[0], tuple(command), profile, deadline, through, sandboxed, points)
        chosen = [check for check in CHECKS if check.name in checks]
        assert len(chosen) == len(checks)
        grading = Grading(subject, chosen, 2 if sandboxed else 1, at_points=points > 0)
        grading.run(lambda _done, _total: None)
        return {each.mark.name: each for each in verdicts(grading.judgements, GROUPS, grading.subject)}

    return grade


def missed(found: dict[str, Verdict]) -> set[str]:
    """Return the names of the marks that are missed."""
    return {name for name, each in found.items() if each.state == "missed"}
