"""The matrix of points and invariants: a row for each point, in a cell a mark for each fault.

The marks are the most of the page, so each is as short an element as there is: their order says which fault
it is, and those of sound outcomes have no class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup, escape

from bstinspect.faults.fault import ON_CALLS, ON_MESSAGES
from bstinspect.reports.exploration.verdict import (
    NO_FAULT,
    State,
    address,
    fault,
    faults,
    like,
    process,
    rank,
    state,
)
from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bstinspect.faults.address import Address
    from bstinspect.faults.run import Exploration, Injection, Outcome, Violation

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


class Row(msgspec.Struct, frozen=True):
    """A point."""

    address: str
    event: int
    """Index in the matrix's events."""
    command: str
    """What was being answered when the point was passed."""
    cells: Markup
    remark: str
    wrong: str
    """Indices of the faults that are not sound here, with a space around each."""
    anchor: str


class Block(msgspec.Struct, frozen=True):
    """The points of one process."""

    process: str
    rows: tuple[Row, ...]

    @property
    def wrong(self) -> int:
        """How many points are not sound."""
        return sum(bool(row.wrong) for row in self.rows)


class Matrix(msgspec.Struct, frozen=True):
    """All points. Columns are `invariants`; in a cell the marks stand in the order of `faults`."""

    faults: tuple[str, ...]
    invariants: tuple[str, ...]
    events: tuple[str, ...]
    blocks: tuple[Block, ...]


class _Layout(msgspec.Struct, frozen=True):
    """What all rows share."""

    faults: tuple[str, ...]
    invariants: tuple[str, ...]
    events: dict[str, int]
    commands: Mapping[Address, str]
    """What was being answered when a point was passed."""
    numbers: Mapping[tuple[Injection, ...], int]
    """By what was injected, the number of the failure that it belongs to."""
    cut_short: bool


def lay_out(exploration: Exploration, numbers: Mapping[tuple[Injection, ...], int]) -> Matrix:
    """Return the matrix; `numbers` are those of the failures that outcomes belong to."""
    kinds = faults(exploration) or ("",)
    points: dict[str, dict[str, Outcome]] = {}
    owners: dict[str, str] = {}
    for outcome in _in_order(exploration):
        where = address(outcome.injections)
        marked = (fault(outcome.injections),) if outcome.injections else kinds
        points.setdefault(where, {}).update(dict.fromkeys(marked, outcome))
        owners[where] = process(outcome.injections)
    events = dict.fromkeys(_event(found) for found in points.values())
    layout = _Layout(
        kinds,
        _invariants(exploration),
        {event: index for index, event in enumerate(events)},
        _commands(exploration),
        numbers,
        exploration.unvisited > 0,
    )
    blocks: dict[str, list[Row]] = {}
    for index, (where, found) in enumerate(points.items()):
        blocks.setdefault(owners[where], []).append(_row(f"p{index}", where, found, layout))
    return Matrix(
        layout.faults,
        layout.invariants,
        tuple(events),
        tuple(Block(who, tuple(blocks[who])) for who in sorted(blocks, key=rank)),
    )


def _in_order(exploration: Exploration) -> list[Outcome]:
    """Return the outcomes as their points were passed in the run without a fault, those that it lacks last.

    One that was not run is as wrong as the one that it is like.
    """
    run = {each.injections: each for each in exploration.outcomes if not each.like}
    passed = {each.at: index for index, each in enumerate(exploration.golden.points)}
    found = []
    for outcome in exploration.outcomes:
        same = run.get(outcome.like) if outcome.like else None
        if same is None or outcome.violations:
            found.append(outcome)
        else:
            error = outcome.error or same.error
            found.append(msgspec.structs.replace(outcome, violations=same.violations, error=error))
    return sorted(
        found,
        key=lambda each: (len(each.injections), [passed.get(one.at, len(passed)) for one in each.injections]),
    )


def _invariants(exploration: Exploration) -> tuple[str, ...]:
    """Return those that were looked at, and any other that is said to be violated."""
    violated = (each.invariant for outcome in exploration.outcomes for each in outcome.violations)
    return tuple(dict.fromkeys((*exploration.invariants, *violated)))


def _commands(exploration: Exploration) -> dict[Address, str]:
    replies = exploration.golden.replies
    return {
        each.at: replies[each.command].command if 0 <= each.command < len(replies) else "at the start"
        for each in exploration.golden.points
    }


def _event(found: Mapping[str, Outcome]) -> str:
    injections = next(iter(found.values())).injections
    return injections[-1].at.event if injections else "-"


def _row(anchor: str, where: str, found: Mapping[str, Outcome], layout: _Layout) -> Row:
    wrong = [index for index, each in enumerate(layout.faults) if each in found and not found[each].is_sound]
    return Row(
        where,
        layout.events[_event(found)],
        _command(found, layout),
        _cells(found, layout),
        _remark(found),
        f" {' '.join(map(str, wrong))} " if wrong else "",
        anchor if wrong else "",
    )


def _command(found: Mapping[str, Outcome], layout: _Layout) -> str:
    """Return what was being answered in the run without a fault when the first of the points was passed."""
    injections = next(iter(found.values())).injections
    return layout.commands.get(injections[0].at, "") if injections else ""


def _cells(found: Mapping[str, Outcome], layout: _Layout) -> Markup:
    """Return a cell for each invariant. Most rows are as good all over, and made quickly."""
    default = [_MARKS[_alike(each, found, layout)] for each in layout.faults]
    plain = Markup("<td>") + Markup("").join(default)
    violations = [(index, violation) for index, each in enumerate(layout.faults) if each in found
                  for violation in found[each].violations]  # fmt: skip
    if not violations:
        return plain * len(layout.invariants)
    cells = []
    for invariant in layout.invariants:
        marks = list(default)
        for index, violation in reversed(violations):
            if violation.invariant == invariant:
                marks[index] = _violated(violation, found[layout.faults[index]], layout)
        cells.append(Markup("<td>") + Markup("").join(marks))
    return Markup("").join(cells)


def _alike(each: str, found: Mapping[str, Outcome], layout: _Layout) -> State:
    """Return the state of one fault under all invariants that it does not violate."""
    outcome = found.get(each)
    if outcome is None:
        return State.UNVISITED if layout.cut_short and _is_possible(each, found) else State.IMPOSSIBLE
    kind = state(outcome)
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


def _violated(violation: Violation, outcome: Outcome, layout: _Layout) -> Markup:
    """Return a mark that leads to the failure; of an outcome that was not run, to that which it is like."""
    kind = State.PRUNED if outcome.like else State.VIOLATED
    number = layout.numbers.get(outcome.injections) or layout.numbers.get(outcome.like)
    text = escape(one_line(f"{fault(outcome.injections) or NO_FAULT}: {violation.text}")[:_LONGEST])
    if number is None:
        return Markup('<i class=v title="{}">{}</i>').format(text, kind.value)
    return Markup('<a class=v href="#failure-{}" title="{}">{}</a>').format(number, text, kind.value)


def _remark(found: Mapping[str, Outcome]) -> str:
    """Return what the marks do not say: like what, and why there is no verdict."""
    remarks: dict[str, list[str]] = {}
    for each, outcome in found.items():
        if outcome.like:
            remarks.setdefault(f"like {like(outcome)}", []).append(each)
        if outcome.error:
            remarks.setdefault(outcome.error, []).append(each)
    return "; ".join(
        remark if len(whose) == len(found) else f"{', '.join(whose)}: {remark}"
        for remark, whose in remarks.items()
    )
