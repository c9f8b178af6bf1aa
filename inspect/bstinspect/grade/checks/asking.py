"""What several checks ask: the tree they grow, `pingall`, a sum of one node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.grade import reading
from bstinspect.grade.evidence import quoted
from bstinspect.grade.reading import Sum

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from bstinspect.grade.examination import Examination

TREE: Final = (50, 30, 70, 20, 40)
"""In the order of their creation: 50 has 30 and 70 below it, 30 has 20 and 40."""
BELOW: Final = {20: frozenset({20}), 30: frozenset({30, 20, 40}), 50: frozenset(TREE)}
"""The subtree of each node that gets a fault."""


def grow_tree(exam: Examination) -> None:
    """Create the tree, and see that each node adds up: a fault is not blamed for what was so before."""
    exam.grow(*TREE)
    for id_ in TREE:
        adds_up(exam, id_, "wrong-sum")


def adds_up(exam: Examination, id_: int, mark: str, *, hangs: str = "", context: str = "") -> bool:
    """Have a node add two numbers, that depend on it."""
    want = Sum(id_, id_ + 3)
    return exam.expect(mark, f"exec {id_} 2 {id_} 3", want, hangs=hangs, context=context)


def pingall(
    exam: Examination,
    mark: str,
    must: AbstractSet[int],
    may: AbstractSet[int] | None = None,
    *,
    hangs: str = "",
    context: str = "",
) -> frozenset[int] | None:
    """Ask which nodes are unavailable: at least `must`, and none beside `may`. Return what was listed."""
    reply = exam.ask("pingall", hangs or mark, context=context)
    listed = reading.unavailable(reply, strict=exam.subject.strict)
    may = must if may is None else may
    evidence = f"{context}'pingall': {quoted(reply)}"
    if listed is not None and must <= listed <= may:
        exam.passed(mark, evidence)
        exam.passed("pingall-lists-available", evidence)
        return listed
    wanted = "Ok: " + (";".join(map(str, sorted(may))) or "-1")
    exam.missed(mark, f"{evidence}, expected {quoted(wanted)}")
    if listed and listed in ({*exam.nodes} - must, {*exam.nodes} - may):
        exam.missed("pingall-lists-available", f"{evidence}: these are available")
    return listed
