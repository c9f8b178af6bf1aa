"""An exploration as JUnit XML: a test case for each point and fault, for the tools that know tests.

The form is that which Ant's junitreport task writes, as far as the schemas in use agree on it: one of
``failure``, ``error`` and ``skipped`` in a case, and what the whole suite printed at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bstinspect.reports.exploration.verdict import State, count, like, name, process, state
from bstinspect.reports.visible import one_line, visible

if TYPE_CHECKING:
    from datetime import datetime

    from bstinspect.faults.run import Exploration, Outcome, Run, Smallest

_LONGEST: Final = 20_000
"""Characters of stderr that are kept, the last ones."""
_SUITE: Final = "bstrace.faults"


def write_junit(exploration: Exploration, began: datetime) -> bytes:
    """Return the XML in UTF-8. A case's time is that of its run's own clock, the suite's is real time."""
    counts = count(exploration)
    suites = Element("testsuites")
    suite = SubElement(
        suites,
        "testsuite",
        id="0",
        package=_SUITE,
        name="faults",
        timestamp=began.strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(exploration.outcomes)),
        failures=str(counts.violated),
        errors=str(counts.unjudged),
        skipped=str(sum(state(each) is State.PRUNED for each in exploration.outcomes)),
        time=f"{exploration.seconds:.3f}",
    )
    _properties(suite, exploration)
    smallest = {each.outcome.injections: each for each in exploration.smallest}
    for outcome in exploration.outcomes:
        _case(suite, outcome, smallest.get(outcome.injections))
    SubElement(suite, "system-out").text = visible("\n".join(_commands(exploration)))
    SubElement(suite, "system-err")
    indent(suites, " ")
    data: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _properties(suite: Element, exploration: Exploration) -> None:
    properties = SubElement(suite, "properties")
    values = {
        "script": "; ".join(map(one_line, exploration.script)),
        "seed": str(exploration.seed),
        "shard": exploration.shard or "all",
        "invariants": ", ".join(exploration.invariants),
        "asked for": str(exploration.points),
        "unvisited": str(exploration.unvisited),
        "processors": str(exploration.processors),
    }
    for key, value in values.items():
        SubElement(properties, "property", name=key, value=one_line(value))


def _case(suite: Element, outcome: Outcome, smallest: Smallest | None) -> None:
    who = process(outcome.injections) or "any"
    case = SubElement(
        suite,
        "testcase",
        classname=one_line(f"{_SUITE}.{who}"),
        name=one_line(name(outcome.injections)),
        time=f"{_seconds(outcome.run):.3f}",
    )
    kind = state(outcome)
    if kind is State.VIOLATED:
        first = outcome.violations[0]
        failure = SubElement(
            case,
            "failure",
            message=one_line(f"{first.invariant}: {first.text}"),
            type=one_line(first.invariant),
        )
        failure.text = visible("\n".join(_told(outcome, smallest)))
    elif kind is State.UNJUDGED:
        error = SubElement(case, "error", message=one_line(outcome.error), type="no verdict")
        error.text = visible("\n".join(_told(outcome, smallest)))
    elif kind is State.PRUNED:
        SubElement(case, "skipped", message=one_line(f"like {like(outcome)}"))


def _told(outcome: Outcome, smallest: Smallest | None) -> list[str]:
    """Return all that is known of what went wrong, in lines."""
    lines = [f"{each.invariant}: {each.text}" for each in outcome.violations]
    lines += [outcome.error] if outcome.error else []
    if outcome.like:
        lines.append(f"taken over from {name(outcome.like)}")
    if outcome.run is not None:
        lines += ["", *(f"{each.command} -> {_answer(each.line)}" for each in outcome.run.replies)]
        if outcome.run.stderr:
            lines += ["", "standard error:", outcome.run.stderr[-_LONGEST:]]
    if smallest is not None:
        lines += ["", "smallest:", smallest.command]
    return lines


def _answer(line: str | None) -> str:
    return "no reply" if line is None else line


def _commands(exploration: Exploration) -> list[str]:
    """Return the command lines that reproduce what failed."""
    return [each.command for each in exploration.smallest]


def _seconds(run: Run | None) -> float:
    """Return how long a run took by its own clock."""
    if run is None:
        return 0.0
    return max((each.sent_ns + each.took_ns for each in run.replies), default=0) / 1e9
