"""The matrix of points and invariants: a row for each point, by process, in the order of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.reports.exploration.cells import Layout, cells
from bstinspect.reports.exploration.verdict import (
    address,
    fault,
    faults,
    like,
    process,
    rank,
    unvisited_like,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from bstinspect.faults.address import Address
    from bstinspect.faults.run import Exploration, Injection, Outcome


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
    layout = Layout(
        kinds,
        _invariants(exploration),
        {event: index for index, event in enumerate(events)},
        _commands(exploration),
        numbers,
        exploration.unvisited > 0,
        unvisited_like(exploration),
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


def _row(anchor: str, where: str, found: Mapping[str, Outcome], layout: Layout) -> Row:
    wrong = [index for index, each in enumerate(layout.faults) if each in found and not found[each].is_sound]
    return Row(
        where,
        layout.events[_event(found)],
        _command(found, layout),
        cells(found, layout),
        _remark(found),
        f" {' '.join(map(str, wrong))} " if wrong else "",
        anchor if wrong else "",
    )


def _command(found: Mapping[str, Outcome], layout: Layout) -> str:
    """Return what was being answered in the run without a fault when the first of the points was passed."""
    injections = next(iter(found.values())).injections
    return layout.commands.get(injections[0].at, "") if injections else ""


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
