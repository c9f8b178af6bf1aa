"""An exploration as the few lines that a command prints at its end: at most a screen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.reports.exploration.failures import failures
from bstinspect.reports.exploration.verdict import State, count, faults, headline, name, some, state
from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bstinspect.faults.run import Exploration, Outcome
    from bstinspect.reports.exploration.verdict import Counts

_RED: Final = "\x1b[31m"
_GREEN: Final = "\x1b[32m"
_YELLOW: Final = "\x1b[33m"
_PLAIN: Final = "\x1b[0m"
_MOST_KINDS: Final = 4
"""Invariants that are listed."""
_MOST_POINTS: Final = 3
"""Points that are listed of each, fewer where they do not fit."""
_MOST_FAULTS: Final = 4
_NO_VERDICT: Final = "no verdict"
_LONGEST_NAME: Final = 28


def write_text(exploration: Exploration, files: Sequence[str], *, width: int, color: bool) -> str:
    """Return the lines, no longer than `width` columns but for the command to copy, with a newline each.

    `files` are the names of those that were written.
    """
    counts = count(exploration)
    lines = [_colored(headline(counts), _GREEN if counts.is_sound else _RED, color=color), ""]
    lines += [_cut(line, width) for line in _numbers(exploration, counts)]
    wrong = [_cut(line, width) for line in _wrong(exploration, width)]
    if wrong:
        lines += ["", *(_colored(line, _RED if line[0] != " " else "", color=color) for line in wrong)]
    lines += _again(exploration, width, color=color)
    if files:
        lines += ["", _cut("wrote " + ", ".join(map(one_line, files)), width)]
    return "\n".join(lines) + "\n"


def _numbers(exploration: Exploration, counts: Counts) -> Iterator[str]:
    size = len(str(max(counts.asked, counts.run)))
    shard = f", shard {one_line(exploration.shard)}" if exploration.shard else ""
    at_a_time = f"{exploration.processors} at a time" if exploration.processors > 1 else "one at a time"
    yield f"asked for  {counts.asked:>{size}}  {some(faults(exploration), _MOST_FAULTS)}"
    how = f"in {exploration.seconds:.1f} s, {at_a_time}, seed {exploration.seed}{shard}"
    yield f"run        {counts.run:>{size}}  {how}"
    if counts.pruned:
        yield f"pruned     {counts.pruned:>{size}}  {counts.pruned_percent:.0f}%, each like one that was run"
    if counts.unvisited:
        yield f"unvisited  {counts.unvisited:>{size}}  the budget, or the sample, was used up"


def _wrong(exploration: Exploration, width: int) -> Iterator[str]:
    """List each violated invariant with its first points and the evidence, then what has no verdict."""
    kinds: dict[str, tuple[str, list[Outcome]]] = {}
    for outcome in exploration.outcomes:
        for violation in {each.invariant: each for each in reversed(outcome.violations)}.values():
            kinds.setdefault(one_line(violation.invariant), (violation.text, []))[1].append(outcome)
    listed = sorted(kinds.items(), key=lambda kind: -len(kind[1][1]))[:_MOST_KINDS]
    unjudged = [each for each in exploration.outcomes if state(each) is State.UNJUDGED]
    if unjudged:
        listed.append((_NO_VERDICT, (unjudged[0].error, unjudged)))
    longest = min(max((len(title) for title, _ in listed), default=0), _LONGEST_NAME)
    size = max((len(str(len(outcomes))) for _, (_, outcomes) in listed), default=0)
    for title, (evidence, outcomes) in listed:
        head = f"{_cut(title, longest):<{longest}}  {len(outcomes):>{size}}  "
        points = tuple(one_line(name(each.injections)) for each in outcomes)
        lines = (head + some(points, most) for most in range(_MOST_POINTS, 0, -1))
        yield next((line for line in lines if len(line) <= width), head + some(points, 1))
        yield " " * len(head) + one_line(evidence)
    if len(kinds) > _MOST_KINDS:
        yield f"and {len(kinds) - _MOST_KINDS} invariants more"


def _again(exploration: Exploration, width: int, *, color: bool) -> list[str]:
    """Return what there is to reproduce the failure that most points have: one line to copy."""
    found = next((each for each in failures(exploration) if each.smallest is not None), None)
    if found is None or found.smallest is None:
        return []
    steps = found.smallest.steps
    shrunk = f"shrunk in {steps} steps" if steps > 1 else "as small as it gets"
    title = f"the smallest that violates {one_line(some(found.invariants, 2))} ({shrunk}):"
    return ["", _colored(_cut(title, width), _YELLOW, color=color), one_line(found.smallest.command)]


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _colored(line: str, colour: str, *, color: bool) -> str:
    return f"{colour}{line}{_PLAIN}" if color and colour else line
