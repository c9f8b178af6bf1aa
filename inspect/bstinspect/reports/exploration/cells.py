"""The cells of the matrix: in each a mark for each fault.

The marks are the most of the page, so each is as short an element as there is: their order says which fault
it is, and those of sound outcomes have no class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup, escape

from bstinspect.faults.fault import ON_CALLS, ON_MESSAGES
from bstinspect.reports.exploration.verdict import NO_FAULT, State, fault, state
from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bstinspect.faults.address import Address
    from bstinspect.faults.run import Injection, Outcome, Violation

_CLASSES: Final = {
    State.VIOLATED: "v", State.UNJUDGED: "e", State.PRUNED: "p", State.UNVISITED: "u", State.IMPOSSIBLE: "n",
}  # fmt: skip
_MARKS: Final = {
    kind: Markup("<i class={}>{}</i>").format(_CLASSES[kind], kind.value) if kind in _CLASSES
    else Markup("<i>{}</i>").format(kind.value)
    for kind in State
}  # fmt: skip
_LONGEST: Final = 160
"""Characters of evidence that a mark shows on hover."""


class Layout(msgspec.Struct, frozen=True):
    """What all rows share."""

    faults: tuple[str, ...]
    invariants: tuple[str, ...]
    events: dict[str, int]
    commands: Mapping[Address, str]
    """What was being answered when a point was passed."""
    numbers: Mapping[tuple[Injection, ...], int]
    """By what was injected, the number of the failure that it belongs to."""
    cut_short: bool
    unvisited: frozenset[tuple[Injection, ...]]
    """Those with an outcome that were not visited all the same."""


def cells(found: Mapping[str, Outcome], layout: Layout) -> Markup:
    """Return a cell for each invariant, of one point's outcomes by fault."""
    default = [_MARKS[_alike(each, found, layout)] for each in layout.faults]
    plain = Markup("<td>") + Markup("").join(default)
    violations = [(index, violation) for index, each in enumerate(layout.faults) if each in found
                  for violation in found[each].violations]  # fmt: skip
    if not violations:  # as most rows
        return plain * len(layout.invariants)
    written = []
    for invariant in layout.invariants:
        marks = list(default)
        for index, violation in reversed(violations):
            if violation.invariant == invariant:
                marks[index] = _violated(violation, found[layout.faults[index]], layout)
        written.append(Markup("<td>") + Markup("").join(marks))
    return Markup("").join(written)


def _alike(each: str, found: Mapping[str, Outcome], layout: Layout) -> State:
    """Return the state of one fault under all invariants that it does not violate."""
    outcome = found.get(each)
    if outcome is None:
        return State.UNVISITED if layout.cut_short and _is_possible(each, found) else State.IMPOSSIBLE
    kind = state(outcome)
    if outcome.injections in layout.unvisited:
        return State.UNVISITED
    if kind is State.VIOLATED:
        return State.PRUNED if outcome.like else State.SOUND
    return kind


def _is_possible(each: str, found: Mapping[str, Outcome]) -> bool:
    """Tell whether a fault of one kind could strike at the point of a row."""
    injections = next(iter(found.values())).injections
    if not injections:
        return False
    at, kind = injections[-1].at, each.partition(":")[0]
    if kind in ON_MESSAGES:
        return at.event == "send" and at.when == "entry" and bool(at.message)
    return kind not in ON_CALLS or at.when == "entry"


def _violated(violation: Violation, outcome: Outcome, layout: Layout) -> Markup:
    """Return a mark that leads to the failure; of an outcome that was not run, to that which it is like."""
    kind = State.PRUNED if outcome.like else State.VIOLATED
    number = layout.numbers.get(outcome.injections) or layout.numbers.get(outcome.like)
    text = escape(one_line(f"{fault(outcome.injections) or NO_FAULT}: {violation.text}")[:_LONGEST])
    if number is None:
        return Markup('<i class=v title="{}">{}</i>').format(text, kind.value)
    return Markup('<a class=v href="#failure-{}" title="{}">{}</a>').format(number, text, kind.value)
