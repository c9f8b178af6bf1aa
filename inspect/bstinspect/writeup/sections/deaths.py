"""Section 9: the kill -9 experiment: what the victim was doing, who noticed and when, what was cut off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bstinspect.findings.witnesses import killer
from bstinspect.writeup.document import Code, Column, Paragraph, Section, Table
from bstinspect.writeup.names import number, plain, shown, typed

if TYPE_CHECKING:
    from bstinspect.findings.model import DeathFacts, Findings, Witness
    from bstinspect.writeup.document import Block, Cell, Text
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_MOST: Final = 5
"""Deaths told in full."""
_MOST_WITNESSES: Final = 12
_HOW: Final = {
    "end-of-connection": "its connection ended",
    "reset": "its connection was reset",
    "wait": "it waited for its child",
    "signal": "it was sent SIGCHLD",
}


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where nothing was killed."""
    if not findings.deaths:
        return None
    threads = (thread for process in findings.processes for thread in process.threads)
    first = min((each.first_call for each in threads if each.first_call is not None), default=0)
    inside = [_death(each, index, words, names, first) for index, each in enumerate(findings.deaths[:_MOST])]
    left = len(findings.deaths) - _MOST
    rest: tuple[Block, ...] = ()
    if left > 0:
        rest = (
            Paragraph(words.text("{processes} more were killed.", processes=words.count(left, "process"))),
        )
    title = (
        words.say("The kill -9 experiment") if any(map(_by_nine, findings.deaths)) else words.say("Deaths")
    )
    return Section("deaths", title, rest, tuple(inside))


def _by_nine(death: DeathFacts) -> bool:
    return death.status & 0x7F == 9


def _death(death: DeathFacts, index: int, words: Language, names: Names, first: int) -> Section:
    who = names.process(death.pid) if death.node is None else words.say("node {id}", id=death.node)
    blocks: list[Block] = [Paragraph(_told(death, who, words, first))]
    if death.threads:
        blocks.append(_autopsy(death, words))
    if death.descriptors:
        blocks.append(Paragraph(_open_then(death, words)))
    if death.witnesses:
        blocks.append(_witnesses(death, words, names))
    elif death.node is None:
        blocks.append(Paragraph(words.text("No traced process was seen to notice it.")))
    if death.unreachable:
        blocks.append(Paragraph(_cut_off(death, words)))
    title = words.say("{who} is killed by {signal}", who=who, signal=killer(death.status))
    if death.node is not None:  # a program keeps its name as it is
        title = title[:1].upper() + title[1:]
    return Section(f"death-{index + 1}", title, tuple(blocks))


def _told(death: DeathFacts, who: str, words: Language, first: int) -> Text:
    """Tell the death; its time is counted from the first call, as in the Gantt chart."""
    named = who if death.node is None else f"{who} (pid {death.pid})"
    told = words.text(
        "{time} after the first recorded call, {who} was killed by {signal}",
        time=words.duration(max(death.when - first, 0)), who=named, signal=killer(death.status),
    )  # fmt: skip
    if death.sender:
        told += words.text(", sent by {sender}", sender=_sender(death.sender, words))
    told += (".",)
    if death.age_ns:
        told += words.text(
            " It was {age} old and held {memory} KiB of memory.",
            age=words.duration(death.age_ns),
            memory=words.number(death.resident_kib),
        )
    return told


def _open_then(death: DeathFacts, words: Language) -> Text:
    """Tell what it had open: how many descriptors, and the ends of its sockets."""
    count = str(len(death.descriptors))
    sockets = [each.split(" ", 2) for each in death.descriptors if " socket:" in each]
    ends = [each[2] for each in sockets if len(each) > 2]
    if not ends:
        return words.text("Descriptors open at that moment: {count}.", count=count)
    told = words.text("Descriptors open at that moment: {count}, among them the sockets ", count=count)
    for index, end in enumerate(ends[:_MOST_WITNESSES]):
        short = re.sub(r"/[^ >\[\]]*/", "…/", end)
        told += (", " if index else "", Code(short, end))
    return (*told, ".")


def _sender(sender: str, words: Language) -> str:
    return sender.replace("this session", words.say("this session"))


def _autopsy(death: DeathFacts, words: Language) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (number(each.tid, str(each.tid)), typed(each.name), typed(each.call)) for each in death.threads
    ]
    return Table(
        words.say("Autopsy: what its threads were doing"),
        (Column("tid", numeric=True), Column(words.say("Thread")), Column(words.say("Call in progress"))),
        tuple(rows),
        sortable=False,
    )


def _witnesses(death: DeathFacts, words: Language, names: Names) -> Table:
    return Table(
        words.say("Who noticed the end, and when"),
        (
            Column(words.say("Process")), Column(words.say("How")),
            Column(words.say("After the death, ms"), numeric=True),
            Column(words.say("Call")), Column(words.say("Line"), numeric=True),
        ),
        tuple(_witness(each, words, names) for each in death.witnesses[:_MOST_WITNESSES]),
        sortable=False,
    )  # fmt: skip


def _witness(each: Witness, words: Language, names: Names) -> tuple[Cell, ...]:
    from bstinspect.writeup.document import Cell

    return (
        plain(names.process(each.pid)),
        plain(words.say(_HOW[each.how])),
        number(each.delay, words.milliseconds(each.delay)),
        Cell((shown(each.call, 48),)),
        number(each.call.line, str(each.call.line)),
    )


def _cut_off(death: DeathFacts, words: Language) -> Text:
    told = words.text(
        "Unreachable from then on: {ids}: the dead node and all below it.",
        ids=", ".join(map(str, death.unreachable)),
    )  # fmt: skip
    if not death.answered:
        return told
    answer = words.text(
        " The next pingall answered {answer}, {time} after the death",
        answer=Code(death.answered),
        time=words.duration(max((death.answered_at or death.when) - death.when, 0)),
    )  # fmt: skip
    return told + answer + _judgement(death, words)


def _judgement(death: DeathFacts, words: Language) -> Text:
    """Return how the answer of pingall compares with what the trees of the dead nodes say."""
    named = sorted(int(each) for each in re.findall(r"-?\d+", death.answered) if each != "-1")
    if named != sorted(death.cut_off):
        return words.text(", which is not what the search tree says.")
    if named == sorted(death.unreachable):
        return words.text(": exactly these.")
    return words.text(": these, and those of other deaths.")
