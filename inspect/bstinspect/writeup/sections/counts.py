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

_MOST_BARS: Final = 12
_MOST_ROWS: Final = 20
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
    """Return every call of every process, at most so many rows."""
    rows: list[tuple[Cell, ...]] = []
    total = 0
    for process in sorted(findings.processes, key=lambda each: -_calls(each)):
        for count in sorted(process.counts, key=lambda each: -each.calls):
            total += 1
            if len(rows) < most:
                rows.append(_count(process, count, words, names))
    if not rows:
        return None
    table = Table(
        words.say("Every call of every process"),
        (
            Column(words.say("Process")), Column(words.say("Call")), Column(words.say("Calls"), numeric=True),
            Column(words.say("Errors"), numeric=True), Column(words.say("Time in it, ms"), numeric=True),
            Column(words.say("Longest, ms"), numeric=True),
        ),
        tuple(rows),
    )  # fmt: skip
    left = total - len(rows)
    rest = Paragraph(
        words.text("{lines} more are left out, of the fewest calls.", lines=words.count(left, "line"))
    )
    return Section("all-calls", words.say("All calls"), (table, rest) if left else (table,))


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


def _count(process: ProcessFacts, count: CallCount, words: Language, names: Names) -> tuple[Cell, ...]:
    return (
        plain(names.of(process)),
        typed(count.name),
        number(count.calls, words.number(count.calls)),
        number(count.errors, words.number(count.errors)),
        number(count.total_ns, words.milliseconds(count.total_ns)),
        number(count.longest_ns, words.milliseconds(count.longest_ns)),
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
