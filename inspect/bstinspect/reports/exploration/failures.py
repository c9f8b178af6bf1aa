"""Failures that say the same but for numbers, as one: what a person has to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from bstinspect.reports.exploration.verdict import name

if TYPE_CHECKING:
    from bstinspect.faults.run import Exploration, Outcome, Run, Smallest

_NUMBERS: Final = re.compile(r"[+-]?\d+(?:[.;:,\s]+[+-]?\d+)*")
"""A number, or several side by side."""
_Shape: TypeAlias = frozenset[tuple[str, str]]
"""Of all violations: the invariant, and its text with the numbers taken out."""


class Failure(msgspec.Struct, frozen=True):
    """Outcomes that went wrong in the same way. `first` is the one to look at."""

    first: Outcome
    outcomes: tuple[Outcome, ...]
    """All of them; empty for one that only came out of shrinking another."""
    smallest: Smallest | None

    @property
    def invariants(self) -> tuple[str, ...]:
        """The invariants that do not hold; empty where there is no verdict."""
        return tuple(dict.fromkeys(each.invariant for each in self.first.violations))

    @property
    def text(self) -> str:
        """What is wrong, in one line."""
        violations = self.first.violations
        return violations[0].text if violations else self.first.error

    @property
    def first_name(self) -> str:
        """Where the first one fails: its point and fault."""
        return name(self.first.injections)

    @property
    def run(self) -> Run | None:
        """The run to show: the smallest one that fails, if it is known."""
        if self.smallest is not None and self.smallest.outcome.run is not None:
            return self.smallest.outcome.run
        return self.first.run


def failures(exploration: Exploration) -> tuple[Failure, ...]:
    """Return the failures; violations first, and those with most points first."""
    groups: dict[_Shape, list[Outcome]] = {}
    for outcome in exploration.outcomes:
        if not outcome.is_sound:
            groups.setdefault(_shape(outcome), []).append(outcome)
    smallest = _shared_out(exploration.smallest, groups)
    found = [Failure(_clearest(group), tuple(group), smallest.pop(shape, None))
             for shape, group in groups.items()]  # fmt: skip
    found += [Failure(each.outcome, (), each) for each in smallest.values()]
    return tuple(sorted(found, key=lambda each: (not each.first.violations, -len(each.outcomes))))


def _shape(outcome: Outcome) -> _Shape:
    texts = [(each.invariant, each.text) for each in outcome.violations] or [("", outcome.error)]
    return frozenset((invariant, _plain(text, outcome)) for invariant, text in texts)


def _plain(text: str, outcome: Outcome) -> str:
    """Take out of a text what tells one point from another."""
    for injection in outcome.injections:
        text = text.replace(str(injection), "@").replace(str(injection.at), "@")
    return _NUMBERS.sub("#", text)


def _clearest(group: list[Outcome]) -> Outcome:
    """Choose one that was really run, where there is one."""
    return next((each for each in group if each.run is not None), group[0])


def _shared_out(
    smallest: tuple[Smallest, ...], groups: dict[_Shape, list[Outcome]]
) -> dict[_Shape, Smallest]:
    """Give each failure its smallest form: the one of its shape, else one that violates the same."""
    given: dict[_Shape, Smallest] = {}
    homeless: list[Smallest] = []
    for each in smallest:
        shape = _shape(each.outcome)
        if shape in groups:
            given.setdefault(shape, each)
        else:
            homeless.append(each)
    for each in homeless:
        shape = _shape(each.outcome)
        akin = [other for other in groups if other not in given and _invariants(other) & _invariants(shape)]
        akin.sort(key=lambda other: (-len(_invariants(other) & _invariants(shape)), -len(groups[other])))
        given.setdefault(next(iter(akin), shape), each)
    return given


def _invariants(shape: _Shape) -> set[str]:
    return {invariant for invariant, _ in shape}
