"""Lines that make no sense: one error each, and the next line is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.grade.checks.asking import pingall
from bstinspect.grade.reading import Failure, Sum

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def bad_number(exam: Examination) -> None:
    """A word among the numbers."""
    exam.create(10)
    exam.expect("bad-number", "exec 10 2 5 abc", Failure(""), hangs="bad-number")
    exam.stay_quiet()
    exam.passed("input-flood", "'exec 10 2 5 abc' is answered, and that is all")
    exam.expect("bad-number", "exec 10 1 4", Sum(10, 4), context="after 'exec 10 2 5 abc': ")


def no_numbers(exam: Examination) -> None:
    """No numbers at all. In the sense, their sum may be 0."""
    exam.create(10)
    reply = exam.ask("exec 10 0", "exec-of-no-numbers")
    is_zero = not exam.subject.strict and Sum(10, 0).fits(reply, strict=False)
    if is_zero or Failure("").fits(reply, strict=exam.subject.strict):
        exam.passed("exec-of-no-numbers", f"'exec 10 0': {reply}")
    else:
        exam.missed("exec-of-no-numbers", f"'exec 10 0': '{reply}', expected an error")
    exam.stay_quiet()
    exam.expect("exec-of-no-numbers", "exec 10 1 4", Sum(10, 4), context="after 'exec 10 0': ")


def bad_ids(exam: Examination) -> None:
    """What is no id, and the id that `Ok: -1` keeps for itself."""
    exam.create(10)
    for command in ("create -1", "create 7x", "create"):
        exam.expect("bad-id", command, Failure(""))
        exam.stay_quiet()


def bad_command(exam: Examination) -> None:
    """A word that is no command."""
    exam.create(10)
    exam.expect("bad-command", "frobnicate", Failure(""))
    exam.stay_quiet()
    exam.expect("bad-command", "exec 10 1 4", Sum(10, 4), context="after 'frobnicate': ")


def too_few(exam: Examination) -> None:
    """A line whose numbers are too few does not take the next one's words."""
    exam.create(10)
    exam.expect("line-eaten", "exec 10 3 1 2", Failure(""))
    pingall(exam, "line-eaten", frozenset(), context="after 'exec 10 3 1 2': ")
