"""`bstrace faults`: play a script with faults, and say what does not hold."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.commandline import run
from bstinspect.faults.interruption import InterruptedBySignal, raise_at_signals
from bstinspect.faults.options import Options, parse
from bstinspect.linux import proc
from bstinspect.trace.ending import end, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.pool import Pool
    from bstinspect.faults.run import Exploration, Scenario, Smallest

_STEM: Final = "faults"
_SUFFIXES: Final = {"html": ".html", "junit": ".xml", "json": ".json"}
_MOST_SHRUNK: Final = 3
"""So many different failures are shrunk."""


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace faults`; return the exit status."""
    return run(_interruptible, arguments)


def _interruptible(arguments: Sequence[str]) -> int:
    try:
        raise_at_signals()
        return _do(parse(arguments))
    except InterruptedBySignal as interrupted:
        say("interrupted")
        if interrupted.number == signal.SIGINT:
            return 128 + signal.SIGINT
        return end(128 + interrupted.number, interrupted.number)


def _do(options: Options) -> int:
    from bstinspect.faults.pool import Pool

    with Pool(options.processors) as pool:
        if options.command == "points":
            return _points(options, pool)
        if options.injections:
            return _once(options, pool)
        return _explore(options, pool)


def _points(options: Options, pool: Pool) -> int:
    """List the points that the selection fits."""
    from bstinspect.faults.explore import golden_run

    run = golden_run(pool, options.scenario)
    for passed in run.points:
        if options.selection.fits(passed.at):
            command = run.replies[passed.command].command if passed.command >= 0 else ""
            print(f"{passed.at}\t{command}")
    print(end="", flush=True)
    return 0


def _once(options: Options, pool: Pool) -> int:
    """Play the script with the faults that were given."""
    from bstinspect.faults.custom import invariants_of
    from bstinspect.faults.harness import outcome_of
    from bstinspect.reports.exploration.conversation import write_conversation

    scenario = msgspec.structs.replace(options.scenario, injections=options.injections)
    outcome = outcome_of(scenario, pool, invariants_of(scenario.driver))
    print(write_conversation(outcome, color=_color()), end="", flush=True)
    return 0 if outcome.is_sound else 1


def _explore(options: Options, pool: Pool) -> int:
    from bstinspect.faults.custom import invariants_of
    from bstinspect.faults.explore import Explorer, Plan
    from bstinspect.faults.progress import progress
    from bstinspect.reports.exploration.text import write_text
    from bstinspect.writeup.files import Files

    files = Files(options.output, force=options.force)
    files.check([_STEM + _SUFFIXES[each] for each in options.formats])
    plan = Plan(
        options.scenario,
        options.selection,
        options.budget,
        options.shard,
        options.only,
        options.follows,
        options.pairs,
        options.sample,
        options.prunes,
    )
    began = datetime.now(UTC)
    with progress(visible=os.isatty(2)) as show:
        held = invariants_of(options.scenario.driver)
        exploration = Explorer(pool, plan, held, on_progress=show).explore()
        exploration = msgspec.structs.replace(
            exploration, smallest=_smallest(exploration, options.scenario, pool, held)
        )
    written = []
    for each in options.formats:
        with files.write(_STEM + _SUFFIXES[each]) as stream:
            stream.write(_made(each, exploration, began))
        written.append(proc.printable(bytes(options.output / (_STEM + _SUFFIXES[each]))))
    width = os.get_terminal_size(1).columns if os.isatty(1) else 100
    print(write_text(exploration, written, width=width, color=_color()), end="", flush=True)
    return 0 if all(each.is_sound for each in exploration.outcomes) else 1


def _smallest(
    exploration: Exploration, scenario: Scenario, pool: Pool, held: Sequence[Invariant]
) -> tuple[Smallest, ...]:
    """Shrink the first failure of each kind."""
    from bstinspect.faults.harness import shrunk

    seen: dict[tuple[str, ...], Smallest] = {}
    for outcome in exploration.outcomes:
        kind = tuple(sorted({each.invariant for each in outcome.violations}))
        if kind and kind not in seen and len(seen) < _MOST_SHRUNK:
            failing = msgspec.structs.replace(scenario, injections=outcome.injections)
            seen[kind] = shrunk(outcome, failing, pool, held)
    return tuple(seen.values())


def _made(kind: str, exploration: Exploration, began: datetime) -> bytes:
    if kind == "html":
        from bstinspect.reports.exploration.html import write_html

        return write_html(exploration).encode("utf-8", "backslashreplace")
    if kind == "junit":
        from bstinspect.reports.exploration.junit import write_junit

        return write_junit(exploration, began)
    from bstinspect.reports.exploration.jsonfile import write_json

    return write_json(exploration)


def _color() -> bool:
    return os.isatty(1) and "NO_COLOR" not in os.environ
