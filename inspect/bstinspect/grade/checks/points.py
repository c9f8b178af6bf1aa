"""A kill or a stop of a node at one of its messages, while a command is being answered.

A run without a fault tells which messages there are; then some of them, spread over all, get one each. The
addresses are those of the fault harness (`bstinspect.faults.address`), in real time: a program that does not
do the same each time may not come to the point, and then the run says nothing.
"""

from __future__ import annotations

import functools
import signal
from typing import TYPE_CHECKING, Final

from bstinspect.faults.address import Address
from bstinspect.grade import reading
from bstinspect.grade.checks.asking import TREE, adds_up, grow_tree
from bstinspect.grade.checks.stops import found_again
from bstinspect.grade.evidence import quoted
from bstinspect.grade.runs import Check, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.grade.examination import Examination

_AFTER: Final = 0.1
"""Seconds after the reply in which a point may come: the exit of what brought the reply, for example."""
_COMMANDS: Final = ("exec 20 2 100 23", "pingall", "create 60")


def golden(exam: Examination) -> None:
    """Note which points are passed while each command is answered."""
    fence = exam.house.fence
    if fence is None:
        return
    grow_tree(exam)
    ids = {process.pid: id_ for id_, process in exam.nodes.items()}
    so_far = _counts({}, fence.passed())
    for command in _COMMANDS:
        exam.ask(command, "hangs-at-a-point")
        passed = fence.passed()
        for pid, event, connection, ordinal, when in dict.fromkeys(passed):
            if pid in ids:
                since = ordinal - so_far.get((pid, event, connection), 0)
                address = Address(str(ids[pid]), event, "", connection, since, when)
                exam.points.append(Point(command, ids[pid], str(address)))
        so_far = _counts(so_far, passed)


def _counts(
    so_far: dict[tuple[int, str, int], int], passed: list[tuple[int, str, int, int, str]]
) -> dict[tuple[int, str, int], int]:
    """Return how often each process has sent and received on each connection."""
    done = {(pid, event, number): ordinal for pid, event, number, ordinal, when in passed if when == "exit"}
    return so_far | done


GOLDEN: Final = Check("the messages", "points", golden, traced=True)


def chosen(points: Sequence[Point], most: int) -> list[Check]:
    """Return checks for so many of the points, spread over all of them; kills and stops in turns."""
    count = min(most, len(points))
    some = [points[index * len(points) // count] for index in range(count)]
    return [
        Check(
            f"{point.at}={('kill', 'stop')[index % 2]}",
            "points",
            functools.partial((_kill, _stop)[index % 2], point),
            traced=True,
        )
        for index, point in enumerate(some)
    ]


def _kill(point: Point, exam: Examination) -> None:
    context = _strike(exam, point, signal.SIGKILL, "hangs-at-a-point")
    if not context:
        return
    below = _below(point.id)
    reply = exam.ask("pingall", "hangs-at-a-point", context=context)
    listed = reading.unavailable(reply, strict=exam.subject.strict)
    if listed is None or not {point.id} <= listed <= below:
        wanted = ";".join(map(str, sorted(below & {*TREE})))
        exam.missed("wrong-at-a-point", f"{context}'pingall': {quoted(reply)}, expected 'Ok: {wanted}'")
    for id_ in TREE:
        if id_ not in below:
            adds_up(exam, id_, "wrong-at-a-point", hangs="hangs-at-a-point", context=context)
    exam.passed("wrong-at-a-point", f"{context}'pingall': {quoted(reply)}")
    exam.passed("hangs-at-a-point", f"{context}every command was answered")


def _stop(point: Point, exam: Examination) -> None:
    context = _strike(exam, point, signal.SIGSTOP, "freezes-at-a-point")
    if not context:
        return
    for id_ in TREE:
        if id_ not in _below(point.id):
            adds_up(exam, id_, "freezes-at-a-point", context=context)
    exam.passed("freezes-at-a-point", f"{context}every command was answered")
    exam.send_signal(point.id, signal.SIGCONT)
    found_again(exam, point.id, "lost-at-a-point", f"{context}then SIGCONT: ")


def _strike(exam: Examination, point: Point, number: int, mark: str) -> str:
    """Have the fault happen while the command is answered, by whatever reply.

    Return what is to stand before the evidence; empty where the point did not come.
    """
    fence = exam.house.fence
    if fence is None:
        return ""
    grow_tree(exam)
    exam.fired = False
    at = fence.arm(exam.nodes[point.id].pid, Address.parse(point.at), number)
    context = f"{at}={'kill' if number == signal.SIGKILL else 'stop'}, "
    try:
        reply = exam.ask(point.command, mark, context=context)
    finally:
        exam.fired = exam.wait_until(fence.has_fired, _AFTER)
    if not exam.fired:
        return ""
    exam.passed(mark, f"{context}{quoted(point.command)}: {quoted(reply)}")
    return context


def _below(id_: int) -> frozenset[int]:
    """Return the ids that may be lost with a node: those below it, and the one that is being created."""
    bounds = {50: (0, 100), 30: (0, 50), 70: (50, 100), 20: (0, 30), 40: (30, 50)}
    low, high = bounds[id_]
    return frozenset({id_, 60} | ({each for each in TREE if low < each < high} if id_ in (50, 30) else {id_}))
