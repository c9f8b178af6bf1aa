"""How the program ends, and what is left of it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from bstinspect.grade.checks.asking import adds_up
from bstinspect.grade.dialogue import FloodError
from bstinspect.grade.evidence import described

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination


def on_exit(exam: Examination) -> None:
    """`exit`, beside a process that is not the program's but has a node's name."""
    exam.grow(10, 5, 20)
    exam.passed("fork-bomb", f"{len(exam.processes())} processes for 3 nodes")
    decoy = exam.house.decoy(exam.process_of(5).pid)
    exam.program.dialogue.say("exit")
    _end(exam, "exit-hangs", "'exit'")
    status = os.waitstatus_to_exitcode(exam.program.status() or 0)
    if status:
        exam.missed("exit-status", f"'exit': {exam.program.how_it_ended()}")
    else:
        exam.passed("exit-status", "0")
    _nothing_is_left(exam, "'exit'")
    _decoy_lives(exam, decoy, "'exit'")


def at_end_of_input(exam: Examination) -> None:
    """The end of the input, beside a decoy."""
    exam.grow(10, 5)
    exam.suspicion = "end-of-input-loop"
    decoy = exam.house.decoy(exam.process_of(5).pid)
    exam.program.dialogue.end_input()
    _end(exam, "end-of-input-loop", "end of input")
    _nothing_is_left(exam, "end of input")
    _decoy_lives(exam, decoy, "end of input")


def controller_killed(exam: Examination) -> None:
    """After a kill -9 of the controller its nodes end by themselves, and disturb no other."""
    exam.grow(10, 5, 20)
    exam.program.kill()
    exam.program.dialogue.until_end(exam.clock())
    are_gone = exam.wait_until(lambda: not exam.processes())
    mark, event = "orphans-after-kill-of-controller", "kill -9 of the controller"
    if are_gone:
        exam.passed(mark, f"{event}: all its processes are gone")
    else:
        exam.missed(mark, f"{event}: {described(exam.processes())} still there")
    exam.again()
    for id_ in (10, 5, 20):
        exam.create(id_, mark="next-session-fails", context=f"after {event}: ")
    adds_up(exam, 5, "next-session-fails", context=f"after {event}: ")


def _end(exam: Examination, mark: str, event: str) -> None:
    try:
        has_ended = exam.program.dialogue.until_end(exam.clock())
    except FloodError:
        exam.give_up(mark, f"{event}: output without end")
    if not has_ended:
        exam.give_up(mark, f"{event}: it still runs after {exam.subject.deadline:g} s")
    exam.passed(mark, f"{event}: {exam.program.how_it_ended()}")


def _nothing_is_left(exam: Examination, event: str) -> None:
    if exam.wait_until(lambda: not exam.processes()):
        exam.passed("orphans-after-exit", f"{event}: all its processes are gone")
    else:
        exam.missed("orphans-after-exit", f"{event}: {described(exam.processes())} still there")
    if not exam.house.is_sandboxed:
        return  # others use the same files and ports
    for mark, left in (
        ("files-left", exam.house.left()),
        ("ports-left", [f"port {each}" for each in exam.house.ports()]),
    ):
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            exam.missed(mark, f"{event}: {left[0]}{more}")
        else:
            exam.passed(mark, f"{event}: none")


def _decoy_lives(exam: Examination, decoy: int, event: str) -> None:
    fate = exam.house.fate(decoy)
    if fate is None:
        exam.passed("kills-strangers", f"{event}: a stranger by the name of a node lives on")
    else:
        name = signal.Signals(os.WTERMSIG(fate)).name if os.WIFSIGNALED(fate) else "an exit"
        exam.missed("kills-strangers", f"{event}: a stranger by the name of a node was ended by {name}")
