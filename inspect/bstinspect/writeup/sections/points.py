"""Appendix: the address of each message as a crash point, to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.writeup.document import Code, Column, Paragraph, Section, Table
from bstinspect.writeup.names import number, plain, typed

if TYPE_CHECKING:
    from bstinspect.findings.model import Findings, MessageFacts
    from bstinspect.writeup.document import Block, Cell
    from bstinspect.writeup.language import Language


def appendix(findings: Findings, words: Language, most: int) -> Section | None:
    """Return the section with at most so many rows, None where no message has an address."""
    messages = [each for each in findings.messages if each.sent_at or each.received_at]
    if not messages:
        return None
    messages.sort(key=lambda each: each.when)
    intro = words.text(
        "An address names a process, a message and its number among those of that name, counted from where "
        "the process begins to be traced. With {entry} behind it the call has not happened yet, with {exit} "
        "it has; so {command} takes it.",
        entry=Code("@entry"), exit=Code("@exit"), command=Code("crash 20 --at"),
    )  # fmt: skip
    table = Table(
        words.say("Crash points of the messages"),
        (
            Column(words.say("Message")), Column(words.say("Sent at")), Column(words.say("Received at")),
            Column(words.say("Line"), numeric=True),
        ),
        tuple(_row(each) for each in messages[:most]),
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(intro), table]
    if len(messages) > most:
        left = words.count(len(messages) - most, "message")
        blocks.append(Paragraph(words.text("{messages} more are left out.", messages=left)))
    return Section("points", words.say("Crash points"), tuple(blocks))


def _row(message: MessageFacts) -> tuple[Cell, ...]:
    seen = message.sent or message.received
    line = seen.line if seen else 0
    return (
        typed(message.label), _address(message.sent_at), _address(message.received_at),
        number(line, str(line)),
    )  # fmt: skip


def _address(text: str) -> Cell:
    return typed(text) if text else plain("")
