"""Large sums, many numbers, ids that are no ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.grade.reading import Sum
from bstinspect.grade.subject import TERMINAL

if TYPE_CHECKING:
    from bstinspect.grade.examination import Examination

_MANY: Final = 5_000
_MANY_ON_A_LINE: Final = 1_500
"""A terminal's line has at most 4095 bytes (termios(3), "Canonical and noncanonical mode")."""


def sums(exam: Examination) -> None:
    """A sum past 2^31, and one of many numbers."""
    exam.create(10)
    exam.expect("sum-overflow", "exec 10 2 2147483647 2147483647", Sum(10, 4294967294))
    many = _MANY_ON_A_LINE if exam.subject.through == TERMINAL else _MANY
    exam.expect("sum-of-many", f"exec 10 {many} {' '.join(['2'] * many)}", Sum(10, 2 * many))


def wide_sums(exam: Examination) -> None:
    """A sum past 2^63."""
    exam.create(10)
    exam.expect("sum-past-64-bits", f"exec 10 2 {2**63 - 1} 1", Sum(10, 2**63))


def ids(exam: Examination) -> None:
    """Ids that make no port, added to 5050 or to anything else, or the port of another id."""
    exam.create(10)
    for id_ in (60_486, 10 + 65_536):
        _one(exam, id_, "ids-above-60485")
    exam.expect("ids-above-60485", "exec 10 1 3", Sum(10, 3))


def wide_ids(exam: Examination) -> None:
    """An id past 2^32."""
    _one(exam, 5_000_000_000, "ids-of-64-bits")


def negative_ids(exam: Examination) -> None:
    """An id below 0."""
    _one(exam, -5, "negative-ids")


def _one(exam: Examination, id_: int, mark: str) -> None:
    exam.create(id_, mark=mark)
    exam.expect(mark, f"exec {id_} 1 3", Sum(id_, 3))
