"""SIGSTOP of a node from outside, and SIGCONT after a while: what is stopped looks dead, and comes back."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from bstinspect.grade import reading
from bstinspect.grade.checks.asking import BELOW, TREE, adds_up, grow_tree, pingall
from bstinspect.grade.reading import Failure, Sum

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def leaf(exam: Examination) -> None:
    """A stopped leaf."""
    _stop(exam, 20)


def inner(exam: Examination) -> None:
    """A stopped node with two below it."""
    _stop(exam, 30)


def root(exam: Examination) -> None:
    """The stopped root: all is unavailable, and nothing hangs."""
    _stop(exam, 50)


def _stop(exam: Examination, id_: int) -> None:
    grow_tree(exam)
    exam.send_signal(id_, signal.SIGSTOP)
    context = f"while {id_} is stopped: "
    for each in TREE:
        if each not in BELOW[id_]:
            adds_up(exam, each, "survivors-lost-after-stop", hangs="freezes-after-stop", context=context)
    error = Failure("Node is unavailable", id_)
    exam.expect("exec-of-stopped", f"exec {id_} 2 100 23", error, hangs="freezes-after-stop", context=context)
    may = BELOW[id_]
    pingall(exam, "pingall-wrong-after-stop", {id_}, may, hangs="freezes-after-stop", context=context)
    exam.passed("freezes-after-stop", f"{context}every command was answered")
    exam.send_signal(id_, signal.SIGCONT)
    found_again(exam, id_, "lost-after-cont", f"after SIGCONT of {id_}: ")


def found_again(exam: Examination, id_: int, mark: str, context: str) -> None:
    """See that an old reply does not answer a new command, and wait until all are available again."""
    clock, strict = exam.clock(), exam.subject.strict
    reply = exam.ask(f"exec {id_} 1 7", mark, context=context)
    if Sum(id_, 123).fits(reply, strict=strict):
        exam.missed("late-reply", f"{context}'exec {id_} 1 7': '{reply}', which is the sum asked for before")
    else:
        exam.passed("late-reply", f"{context}'exec {id_} 1 7': '{reply}'")
    while (
        reading.unavailable(reply := exam.ask("pingall", mark, context=context), strict=strict) != frozenset()
    ):
        if exam.is_past(clock):
            exam.give_up(mark, f"{context}'pingall' still says '{reply}'")
    exam.passed(mark, f"{context}'pingall': '{reply}'")
    adds_up(exam, id_, mark, context=context)
