"""Section 8: how long commands took, and who was busy when."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Bar, Bars, Figure, Gantt, Paragraph, Point, Row, Section

if TYPE_CHECKING:
    from bstinspect.findings.model import Activity, CommandFacts, Findings, Slice
    from bstinspect.writeup.document import Block
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_MOST_BARS: Final = 30
_MOST_ROWS: Final = 24
_SECOND: Final = 1_000_000_000
_MILLISECOND: Final = 1_000_000
_KINDS: Final = {
    "network": "network",
    "processes": "processes",
    "files": "files and descriptors",
    "memory": "memory",
    "signals": "signals",
    "time": "time",
    "other": "other calls",
}
_OWN: Final = frozenset({"create", "exec", "pingall", "kill", "crash", "stop", "cont"})
"""Commands that somebody waits for; the others only look."""


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where nothing took any time."""
    blocks: list[Block] = []
    timed = _timed(findings)
    if timed:
        blocks.append(_commands(timed[:_MOST_BARS], words))
        if told := medians(findings, words):
            text = words.text(
                "Medians of those that succeeded: {medians}. While it is traced, a node is slower than "
                "otherwise.", medians=", ".join(told),
            )  # fmt: skip
            blocks.append(Paragraph(text))
        if len(timed) > _MOST_BARS:
            left = words.count(len(timed) - _MOST_BARS, "command")
            blocks.append(Paragraph(words.text("{commands} more are not drawn.", commands=left)))
    gantt = _gantt(findings, words, names)
    if gantt is not None:
        blocks.append(gantt)
    title = words.say("Latencies") if timed else words.say("Activity over time")
    return Section("latencies", title, tuple(blocks)) if blocks else None


def _commands(timed: list[CommandFacts], words: Language) -> Figure:
    points = []
    for each in timed:
        duration = each.duration or 0
        failed = each.reply.startswith("Error")
        label = words.say("{time} ms", time=words.milliseconds(duration))
        points.append(Point(each.line, duration / _MILLISECOND, label, each.reply, "muted" if failed else ""))
    caption = words.say("Time from each command to its reply")
    alternative = "; ".join(f"{point.title}: {point.label}" for point in points)
    return Figure(caption, Bars(words.say("Time, ms"), words.say("Command"), tuple(points)), alternative)


def medians(findings: Findings, words: Language) -> list[str]:
    """Return each kind of command with the median time of those that succeeded."""
    done = [each for each in _timed(findings) if not each.reply.startswith("Error")]
    told = []
    for verb in dict.fromkeys(each.verb for each in done):
        times = [each.duration or 0 for each in done if each.verb == verb]
        told.append(f"{verb} {words.duration(round(statistics.median(times)))}")
    return told


def _timed(findings: Findings) -> list[CommandFacts]:
    return [each for each in findings.commands if each.duration is not None and each.verb in _OWN]


def _gantt(findings: Findings, words: Language, names: Names) -> Figure | None:
    activity = sorted(findings.activity, key=lambda each: -sum(map(_spent, each.slices)))[:_MOST_ROWS]
    if not activity:
        return None
    order = {process.pid: index for index, process in enumerate(findings.processes)}
    activity.sort(key=lambda each: order.get(each.pid, len(order)))
    zero = min(each.slices[0].begin for each in activity)
    end = max(each.slices[-1].begin + each.slices[-1].length for each in activity)
    length = activity[0].slices[0].length
    rows = tuple(_row(each, zero, findings, words, names) for each in activity)
    unit = _SECOND if end - zero > 10 * _SECOND else _MILLISECOND
    axis = words.say("Time, s") if unit == _SECOND else words.say("Time, ms")
    used = {kind for each in activity for piece in each.slices for kind in piece.families}
    kinds = tuple((kind, words.say(title)) for kind, title in _KINDS.items() if kind in used)
    caption = words.say(
        "Who was inside of calls when: in each slice of {length} a bar as long as the time spent in calls",
        length=words.duration(length),
    )  # fmt: skip
    alternative = words.say(
        "{rows} over {time}; waiting is left blank.",
        rows=words.count(len(rows), "process"), time=words.duration(end - zero),
    )  # fmt: skip
    return Figure(caption, Gantt(axis, unit, end - zero, rows, kinds), alternative, anchor="gantt")


def _row(activity: Activity, zero: int, findings: Findings, words: Language, names: Names) -> Row:
    bars = []
    for piece in activity.slices:
        at = piece.begin - zero
        for kind, spent in sorted(piece.families.items(), key=lambda each: -each[1]):
            hover = f"{words.say(_KINDS[kind])}: {words.duration(spent)}"
            bars.append(Bar(at, at + min(spent, piece.length), kind, hover))
            at += min(spent, piece.length)
    moments = tuple(
        (death.when - zero, words.say("killed")) for death in findings.deaths
        if death.pid == activity.pid and death.when >= zero
    )  # fmt: skip
    return Row(names.process(activity.pid), tuple(bars), moments)


def _spent(piece: Slice) -> int:
    return sum(piece.families.values())
