"""kill -9 of a node from outside, between two commands."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from bstinspect.grade.checks.asking import BELOW, TREE, adds_up, grow_tree, pingall
from bstinspect.grade.evidence import described
from bstinspect.grade.reading import Failure

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def leaf(exam: Examination) -> None:
    """The first to be asked is the dead node; then all others, one after the other."""
    context = _kill(exam, 20)
    _exec_of_dead(exam, 20, context)
    _survivors(exam, 20, "never-recovers", f"{context}and exec of it: ")
    pingall(exam, "pingall-wrong-after-kill", BELOW[20], hangs="hangs-after-kill", context=context)
    _no_zombie(exam, 20)


def inner(exam: Examination) -> None:
    """The first to be asked are those that live."""
    context = _kill(exam, 30)
    _survivors(exam, 30, "survivors-lost", context)
    may = BELOW[30]
    listed = pingall(exam, "pingall-wrong-after-kill", {30}, may, hangs="hangs-after-kill", context=context)
    _agrees(exam, listed or may, may - {30}, context)
    _exec_of_dead(exam, 30, context)
    _survivors(exam, 30, "never-recovers", f"{context}and exec of it: ")
    unavailable = Failure("Parent is unavailable")
    exam.expect("create-below-dead", "create 25", unavailable, hangs="hangs-after-kill", context=context)
    exam.create(60, mark="survivors-lost", context=context)
    _no_zombie(exam, 30)


def root(exam: Examination) -> None:
    """Nobody is left, and everything is answered by an error."""
    context = _kill(exam, 50)
    may = BELOW[50]
    listed = pingall(exam, "pingall-wrong-after-kill", {50}, may, hangs="hangs-after-kill", context=context)
    _agrees(exam, listed or may, may - {50}, context)
    _exec_of_dead(exam, 50, context)
    unavailable = Failure("Parent is unavailable")
    exam.expect("create-below-dead", "create 60", unavailable, hangs="hangs-after-kill", context=context)
    _no_zombie(exam, 50)


def _kill(exam: Examination, id_: int) -> str:
    grow_tree(exam)
    exam.send_signal(id_, signal.SIGKILL)
    return f"after kill -9 of {id_}: "


def _survivors(exam: Examination, dead: int, mark: str, context: str) -> None:
    for id_ in TREE:
        if id_ not in BELOW[dead]:
            hangs = mark if mark == "never-recovers" else "hangs-after-kill"
            adds_up(exam, id_, mark, hangs=hangs, context=context)


def _exec_of_dead(exam: Examination, dead: int, context: str) -> None:
    error = Failure("Node is unavailable", dead)
    if exam.expect("exec-of-dead", f"exec {dead} 1 1", error, hangs="exec-of-dead-hangs", context=context):
        exam.passed("exec-of-dead-hangs", f"{context}it is answered")
    exam.passed("hangs-after-kill", f"{context}every command was answered")


def _agrees(exam: Examination, listed: frozenset[int], below: frozenset[int], context: str) -> None:
    """What lives below the dead may be lost or not; `exec` is to agree with `pingall` about it."""
    for id_ in sorted(below):
        mark = "pingall-wrong-after-kill"
        if id_ in listed:
            error = Failure("Node is unavailable", id_)
            exam.expect(mark, f"exec {id_} 1 1", error, hangs="hangs-after-kill", context=context)
        else:
            adds_up(exam, id_, mark, hangs="hangs-after-kill", context=f"{context}not listed, but ")


def _no_zombie(exam: Examination, dead: int) -> None:
    pid = exam.nodes[dead].pid

    def is_gone() -> bool:
        return pid not in exam.processes()

    if exam.wait_until(is_gone):
        exam.passed("zombies", f"node {dead} (pid {pid}) was waited for")
    else:
        exam.missed("zombies", f"after kill -9 of {dead}: {described({pid: exam.processes()[pid]})} stays")
