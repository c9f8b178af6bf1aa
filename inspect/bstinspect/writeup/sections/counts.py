"""Section 5: system calls by process: how many, how many failed, and how the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Bars, Column, Figure, Paragraph, Point, Section, Table
from bstinspect.writeup.names import number, plain, typed

if TYPE_CHECKING:
    from bstinspect.findings.model import CallCount, Findings, ProcessFacts
    from bstinspect.writeup.document import Block, Cell
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_MOST_BARS: Final = 8
_MOST_COLUMNS: Final = 8
_MOST_ROWS: Final = 12
"""Processes in the main table: those with most calls."""


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where no call was recorded."""
    traced = [each for each in findings.processes if each.counts]
    if not traced:
        return None
    traced.sort(key=lambda each: -_calls(each))
    rows = [_row(each, words, names) for each in traced[:_MOST_ROWS]]
    table = Table(
        words.say("Calls and time by process"),
        (
            Column(words.say("Process")), Column(words.say("Calls"), numeric=True),
            Column(words.say("Errors"), numeric=True),
            Column(words.say("Working in calls, ms"), numeric=True),
            Column(words.say("Waiting in calls, ms"), numeric=True),
            Column(words.say("Outside of calls, ms"), numeric=True),
        ),
        tuple(rows),
        anchor="calls-table",
    )  # fmt: skip
    intro = words.text(
        "Times are sums over the threads of a process, measured while they were traced: a traced call "
        "takes longer than others. Waiting is the time in calls such as poll, epoll_wait and futex; outside "
        "of calls is the time in user space, or off the CPU."
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(intro), table, _bars(traced, words)]
    if len(traced) > _MOST_ROWS:
        left = words.count(len(traced) - _MOST_ROWS, "process")
        blocks.insert(
            2, Paragraph(words.text("{processes} with fewer calls are not listed.", processes=left))
        )
    return Section("calls", words.say("System calls by process"), tuple(blocks))


def appendix(findings: Findings, words: Language, names: Names, most: int) -> Section | None:
    """Return how often each process made each call, of those with most calls; at most so many rows."""
    busiest = sorted((each for each in findings.processes if each.counts), key=lambda each: -_calls(each))
    shown = busiest[:_MOST_COLUMNS]
    if not shown:
        return None
    by_name: dict[str, dict[int, CallCount]] = {}
    for index, process in enumerate(shown):
        for count in process.counts:
            by_name.setdefault(count.name, {})[index] = count
    order = sorted(by_name, key=lambda name: -sum(count.calls for count in by_name[name].values()))
    table = Table(
        words.say("How often each process made each call; failures behind the stroke"),
        (Column(words.say("Call")), *(Column(names.of(each), numeric=True) for each in shown)),
        tuple(_counts(name, by_name[name], len(shown), words) for name in order[:most]),
    )
    blocks: list[Block] = [table]
    if len(busiest) > len(shown):
        left = words.count(len(busiest) - len(shown), "process")
        blocks.append(Paragraph(words.text("{processes} with fewer calls are not listed.", processes=left)))
    return Section("all-calls", words.say("All calls"), tuple(blocks))


def _counts(name: str, found: dict[int, CallCount], columns: int, words: Language) -> tuple[Cell, ...]:
    cells = [typed(name)]
    for index in range(columns):
        count = found.get(index)
        if count is None:
            cells.append(number(0, "—"))
            continue
        failed = f"/{words.number(count.errors)}" if count.errors else ""
        cells.append(number(count.calls, words.number(count.calls) + failed))
    return tuple(cells)


def _row(process: ProcessFacts, words: Language, names: Names) -> tuple[Cell, ...]:
    calls = _calls(process)
    errors = sum(each.errors for each in process.counts)
    times = (
        sum(each.working_ns for each in process.threads),
        sum(each.waiting_ns for each in process.threads),
        sum(each.outside_ns for each in process.threads),
    )
    return (
        plain(names.of(process)),
        number(calls, words.number(calls)),
        number(errors, words.number(errors)),
        *(number(each, words.milliseconds(each)) for each in times),
    )


def _bars(traced: list[ProcessFacts], words: Language) -> Figure:
    totals: dict[str, int] = {}
    for process in traced:
        for count in process.counts:
            totals[count.name] = totals.get(count.name, 0) + count.calls
    most = sorted(totals.items(), key=lambda each: -each[1])[:_MOST_BARS]
    points = tuple(Point(name, calls, words.number(calls)) for name, calls in most)
    caption = words.say("The most frequent calls of all processes")
    alternative = ", ".join(f"{name}: {words.number(calls)}" for name, calls in most)
    return Figure(caption, Bars(words.say("Number of calls"), words.say("System call"), points), alternative)


def _calls(process: ProcessFacts) -> int:
    return sum(each.calls for each in process.counts)
