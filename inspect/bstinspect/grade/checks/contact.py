"""The first run: whether the program answers at all, and through what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.grade.dialogue import FloodError, GoneError
from bstinspect.grade.subject import PIPE, TERMINAL

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def contact(exam: Examination) -> None:
    """Say one command in a pipe; where nothing comes back, through a pseudo-terminal."""
    exam.through = exam.subject.through
    if _answers(exam):
        if exam.through == PIPE:
            exam.passed("silent-in-a-pipe", "it answers in a pipe")
        return
    if exam.through == TERMINAL:
        return
    exam.again(TERMINAL)
    if _answers(exam):
        exam.through = TERMINAL
        wait = f"{exam.subject.deadline:g} s"
        exam.missed(
            "silent-in-a-pipe", f"nothing within {wait} in a pipe; through a pseudo-terminal it answers"
        )


def _answers(exam: Examination) -> bool:
    """Tell whether there is an answer, or an end: then there is nothing to wait for elsewhere."""
    exam.program.dialogue.say("create 10")
    until = exam.clock()
    try:
        while (line := exam.line(until)) is not None:
            if exam.understands(line, "create 10") is not None:
                return True
    except (GoneError, FloodError):
        return True
    return False
