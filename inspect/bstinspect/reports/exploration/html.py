"""An exploration as one HTML file: the verdict, each failure, the matrix of points and invariants.

No network, no other file; what a script, a reply or stderr holds can do nothing (`bstinspect.reports.page`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from bstinspect.reports.drawing import SCREEN, draw
from bstinspect.reports.exploration.diagram import diagram
from bstinspect.reports.exploration.failures import failures
from bstinspect.reports.exploration.matrix import lay_out
from bstinspect.reports.exploration.trees import trees
from bstinspect.reports.exploration.verdict import address, count, faults, headline, name, some
from bstinspect.reports.markup import bounded
from bstinspect.reports.page import asset, environment, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from bstinspect.faults.run import Exploration, Reply, Run
    from bstinspect.reports.exploration.failures import Failure
    from bstinspect.reports.exploration.matrix import Matrix
    from bstinspect.writeup.document import Drawing

_MOST_FAILURES: Final = 20
"""Failures that are shown with drawings; the others are in one table."""
_MOST_NAMED: Final = 1000
"""Failures that are there at all."""
_MOST_POINTS: Final = 200
"""Points that are listed of each failure."""
_MOST_REPLIES: Final = 60
_MOST_COMMANDS: Final = 16
"""Commands of the run without a fault that are drawn."""
_MOST_STDERR: Final = 8000
"""Characters, the last ones."""
_MOST_WORDS: Final = 4000
"""Characters that say what a drawing shows."""


class Picture(msgspec.Struct, frozen=True):
    """A drawing in the page."""

    identity: str
    svg: Markup
    caption: str
    alternative: str


class Line(msgspec.Struct, frozen=True):
    """A line of a conversation; one without a reply is a fault at its place."""

    number: int
    reply: Reply | None = None
    fault: str = ""


class Point(msgspec.Struct, frozen=True):
    """An outcome by its name, and the id of its row in the matrix."""

    name: str
    anchor: str


class Shown(msgspec.Struct, frozen=True):
    """A failure with all that the page has of it."""

    number: int
    failure: Failure
    points: tuple[Point, ...]
    run: Run | None
    scenario: str
    """The faults of the run that is shown."""
    is_smallest: bool
    """Whether that run is the one of the smallest script."""
    pictures: tuple[Picture, ...]
    lines: tuple[Line, ...]
    stderr: str


def write_html(exploration: Exploration) -> str:
    """Return the text of the page."""
    found = failures(exploration)[:_MOST_NAMED]
    numbers = {
        each.injections: number for number, failure in enumerate(found, 1) for each in failure.outcomes
    }
    matrix = lay_out(exploration, numbers)
    counts = count(exploration)
    style = Markup("\n").join((asset("report.css"), asset("exploration.css")))
    script = Markup("\n").join((asset("report.js"), asset("exploration.js")))
    anchors = {row.address: row.anchor for block in matrix.blocks for row in block.rows}
    return (
        _environment()
        .get_template("exploration.html")
        .render(
            exploration=exploration,
            counts=counts,
            headline=headline(counts),
            faults=some(faults(exploration), 12),
            tallies=_tallies(exploration, matrix),
            shown=[_shown(number, each, anchors) for number, each in enumerate(found[:_MOST_FAILURES], 1)],
            others=list(enumerate(found[_MOST_FAILURES:], _MOST_FAILURES + 1)),
            matrix=matrix,
            golden=list(_golden(exploration.golden)),
            style=style,
            script=script,
            policy=policy(style, script),
        )
    )


def _tallies(exploration: Exploration, matrix: Matrix) -> list[tuple[str, int]]:
    """Return each invariant with the number of outcomes that violate it."""
    tallies = dict.fromkeys(matrix.invariants, 0)
    for outcome in exploration.outcomes:
        for invariant in {each.invariant for each in outcome.violations}:
            tallies[invariant] += 1
    return list(tallies.items())


def _shown(number: int, failure: Failure, anchors: dict[str, str]) -> Shown:
    run = failure.run
    points = tuple(
        Point(name(each.injections), anchors.get(address(each.injections), ""))
        for each in failure.outcomes[:_MOST_POINTS]
    )
    smallest = failure.smallest
    is_smallest = smallest is not None and run is smallest.outcome.run
    injections = run.scenario.injections if run is not None else failure.first.injections
    return Shown(
        number,
        failure,
        points,
        run,
        name(injections),
        is_smallest,
        tuple(_pictures(run, f"failure-{number}")) if run is not None else (),
        tuple(_conversation(run)) if run is not None else (),
        run.stderr[-_MOST_STDERR:] if run is not None else "",
    )


def _pictures(run: Run, identity: str) -> Iterator[Picture]:
    found = diagram(run)
    if found is not None:
        part = f"{found.shown} of {found.total} steps, " if found.shown < found.total else ""
        caption = f"Commands, messages and the fault; {part}times are milliseconds of the run's own clock"
        yield _picture(found.drawing, f"{identity}-messages", caption, found.alternative)
    pair = trees(run)
    if pair is not None:
        if pair.before is not None:
            yield _picture(pair.before, f"{identity}-before", pair.before_caption, pair.before_words)
        yield _picture(pair.after, f"{identity}-after", pair.after_caption, pair.after_words)


def _picture(drawing: Drawing, identity: str, caption: str, alternative: str) -> Picture:
    svg = Markup(draw(drawing, SCREEN, identity))  # noqa: S704 - escaped by its canvas
    return Picture(identity, svg, caption, bounded(alternative, _MOST_WORDS))


def _conversation(run: Run) -> Iterator[Line]:
    """Return the replies, each fault behind the command in flight; of many, those around the first."""
    struck = min((each.command for each in run.fired), default=0)
    begin = max(min(struck - _MOST_REPLIES // 2, len(run.replies) - _MOST_REPLIES), 0)
    yield from _faults_at(run, -1)
    for index, reply in enumerate(run.replies[begin : begin + _MOST_REPLIES], begin):
        yield Line(index + 1, reply)
        yield from _faults_at(run, index)


def _faults_at(run: Run, command: int) -> Iterator[Line]:
    for each in run.fired:
        if each.command == command:
            at = each.injection.at
            whose = f" of {each.who}" if at.who != each.who else ""
            place = f"{each.injection.fault} at {at}{whose}, pid {each.pid}"
            yield Line(0, fault=f"{place}, {each.time_ns / 1e6:.3f} ms after the start")


def _golden(run: Run) -> Iterator[Picture]:
    """Draw the run without a fault, command by command."""
    for index, reply in enumerate(run.replies[:_MOST_COMMANDS]):
        found = diagram(run, index)
        if found is not None:
            part = f" ({found.shown} of {found.total} steps)" if found.shown < found.total else ""
            yield _picture(
                found.drawing, f"golden-{index + 1}", f"{bounded(reply.command)}{part}", found.alternative
            )


@cache
def _environment() -> Environment:
    made = environment()
    made.filters.update(bounded=bounded)
    return made
