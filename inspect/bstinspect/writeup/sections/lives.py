"""Section 7: the life of sockets and other descriptors, and the part that each thread plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Column, Paragraph, Section, Table
from bstinspect.writeup.names import address, number, plain, typed

if TYPE_CHECKING:
    from bstinspect.findings.model import DescriptorLife, Findings, ThreadFacts
    from bstinspect.writeup.document import Block, Cell
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_MOST: Final = 8
"""Rows of a table in the main part."""
_ROLES: Final = {
    "listens": "listens",
    "accepted": "accepted",
    "connected": "connected",
}
_SOCKETS: Final = frozenset({"ipc", "tcp", "udp", "netlink", "socket"})
_TOLD_CALLS: Final = 3


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the section, None where neither descriptors nor threads are known."""
    sockets = [each for each in findings.descriptors if each.kind in _SOCKETS]
    blocks: list[Block] = []
    if sockets:
        sockets.sort(key=lambda each: -(each.sent_bytes + each.received_bytes))
        blocks.append(
            _lives(sockets[:_MOST], words.say("Sockets, those with most traffic first"), words, names)
        )
        if len(sockets) > _MOST:
            blocks.append(Paragraph(words.text("All descriptors are in the appendix.")))
    threads = _threads(findings, words, names)
    if threads is not None:
        blocks.append(threads)
    return Section("lives", words.say("Descriptors, sockets and threads"), tuple(blocks)) if blocks else None


def appendix(findings: Findings, words: Language, names: Names, most: int) -> Section | None:
    """Return all descriptors, at most so many."""
    if not findings.descriptors:
        return None
    blocks: list[Block] = [_lives(findings.descriptors[:most], words.say("Descriptors"), words, names)]
    left = len(findings.descriptors) - most + findings.descriptors_omitted
    if left > 0:
        blocks.append(Paragraph(words.text("{lines} more are left out.", lines=words.count(left, "line"))))
    files = [each for each in findings.files if each.opened][:most]
    if files:
        table = Table(
            words.say("Plain files, counted"),
            (Column(words.say("Process")), Column(words.say("Opened"), numeric=True),
             Column(words.say("Closed"), numeric=True)),
            tuple((plain(names.process(each.pid)), number(each.opened, words.number(each.opened)),
                   number(each.closed, words.number(each.closed))) for each in files),
        )  # fmt: skip
        blocks.append(table)
    return Section("all-descriptors", words.say("All descriptors"), tuple(blocks))


def _lives(lives: list[DescriptorLife], caption: str, words: Language, names: Names) -> Table:
    return Table(
        caption,
        (
            Column(words.say("Process")), Column(words.say("Number"), numeric=True),
            Column(words.say("Kind")), Column(words.say("Address")),
            Column(words.say("Opened, line"), numeric=True),
            Column(words.say("Closed, line"), numeric=True), Column(words.say("Sent, bytes"), numeric=True),
            Column(words.say("Received, bytes"), numeric=True),
        ),
        tuple(_life(each, words, names) for each in lives),
    )  # fmt: skip


def _life(life: DescriptorLife, words: Language, names: Names) -> tuple[Cell, ...]:
    role = words.say(_ROLES[life.role]) if life.role else ""
    kind = life.kind or words.say("there before")
    opened = (life.opened.line, str(life.opened.line)) if life.opened else (0, words.say("before"))
    closed = (life.closed.line, str(life.closed.line)) if life.closed else (0, "—")
    return (
        plain(names.process(life.pid)),
        number(life.number, str(life.number)),
        plain(f"{kind}, {role}" if role else kind),
        address(life.name),
        number(*opened),
        number(*closed),
        number(life.sent_bytes, words.number(life.sent_bytes)),
        number(life.received_bytes, words.number(life.received_bytes)),
    )


def _threads(findings: Findings, words: Language, names: Names) -> Table | None:
    threads = [
        (process, thread) for process in findings.processes for thread in process.threads if thread.calls
    ]
    if not threads:
        return None
    if len(threads) > _MOST:
        busiest = max(
            (process for process in findings.processes if process.threads),
            key=lambda each: sum(thread.calls for thread in each.threads),
        )
        threads = [(busiest, thread) for thread in busiest.threads if thread.calls][:_MOST]
        caption = words.say("The threads of {process}", process=names.of(busiest))
    else:
        caption = words.say("Threads and what they do")
    return Table(
        caption,
        (
            Column(words.say("Process")), Column(words.say("Thread")), Column("tid", numeric=True),
            Column(words.say("Calls"), numeric=True), Column(words.say("Mostly")),
            Column(words.say("Working in calls, ms"), numeric=True),
        ),
        tuple(
            (
                plain(names.of(process)), plain(names.thread(thread)), number(thread.tid, str(thread.tid)),
                number(thread.calls, words.number(thread.calls)), typed(_mostly(thread)),
                number(thread.working_ns, words.milliseconds(thread.working_ns)),
            )
            for process, thread in threads
        ),
    )  # fmt: skip


def _mostly(thread: ThreadFacts) -> str:
    counts = sorted(thread.main_calls.items(), key=lambda each: -each[1])[:_TOLD_CALLS]
    return ", ".join(f"{name} x {count}" for name, count in counts)
