"""The replies of a sound tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.grade.checks.asking import pingall
from bstinspect.grade.reading import Failure, Sum

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def replies(exam: Examination) -> None:
    """Every command of the assignment, once or twice."""
    exam.grow(10, 5)
    exam.create(20, mark="create-with-parent", parent=10)
    exam.expect("create-twice", "create 5", Failure("Already exists"))
    exam.expect("wrong-sum", "exec 10 3 1 2 3", Sum(10, 6))
    exam.expect("wrong-sum", "exec 5 1 7", Sum(5, 7))
    exam.expect("wrong-sum", "exec 20 4 1 -2 3 -4", Sum(20, -2))
    exam.expect("exec-of-unknown-id", "exec 99 1 1", Failure("Not found", 99))
    pingall(exam, "pingall-of-available", frozenset())
    if exam.subject.strict:
        exam.stay_quiet()
        exam.passed("extra-output")


def spelling(exam: Examination) -> None:
    """The command as the assignment's example spells it."""
    exam.create(10)
    exam.expect("exes-unknown", "exes 10 2 4 5", Sum(10, 9))
