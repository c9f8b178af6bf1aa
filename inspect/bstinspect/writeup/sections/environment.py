"""Section 1: where and when it was recorded, the exact commands, and the hashes of what was recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Code, Column, Note, Paragraph, Program, Section, Table
from bstinspect.writeup.names import plain, typed

if TYPE_CHECKING:
    from bstinspect.findings.model import Findings, Gap
    from bstinspect.writeup.document import Block, Text
    from bstinspect.writeup.language import Language

_MOST_COMMANDS: Final = 200
_WIDTH: Final = 32
"""Replies stand in one column, unless a command is longer."""
_GAPS: Final = {
    "lost": "{count} records could not be written while it was recorded ({detail}): calls are missing there.",
    "damaged": "The capture cannot be read any further at some place: {detail}. All before it is reported.",
    "cut": "The capture ends within a record, at byte {detail}: it was cut. All before it is reported.",
    "no-log": "The session's log is missing: commands, replies and ids of nodes are unknown.",
    "log-damaged": "{count} lines of the session's log make no sense, and were left out.",
    "filtered": "Only some system calls were recorded, as was asked for: what was left open, and whether "
    "somebody waited for each child, cannot be told.",
}


def section(findings: Findings, words: Language, also: tuple[Block, ...] = ()) -> Section:
    """Return the section; `also` stands at its end."""
    where = findings.environment
    rows: list[tuple[str, str, bool]] = [
        (words.say("Recorded"), time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(where.started)), False),
        (words.say("Length"), words.duration(where.length), False),
        (words.say("Machine"), _machine(findings, words), False),
        (words.say("Software"), _software(findings), False),
        (words.say("Command line"), "; ".join(where.arguments), True),
        (words.say("Recorded calls"), _recorded(findings, words), False),
        (words.say("Capture"), f"{where.capture}, {words.count(where.capture_bytes, 'byte')}", False),
        (words.say("SHA-256 of the capture"), where.capture_sha256, True),
        (words.say("SHA-256 of the full trace"), where.trace_sha256 if where.trace else "", True),
    ]
    table = Table(
        words.say("Environment of the recording"),
        (Column(words.say("What")), Column(words.say("Value"))),
        tuple((plain(name), typed(text) if code else plain(text)) for name, text, code in rows if text),
        sortable=False,
    )
    return Section("environment", words.say("Environment"), (table, *also))


def gaps(findings: Findings, words: Language) -> tuple[Note, ...]:
    """Return what is missing in what was recorded, for the top of the report."""
    return tuple(Note(_gap(each, words), "warn") for each in findings.gaps)


def dialogue(findings: Findings, words: Language) -> tuple[Block, ...]:
    """Return the commands of a session with their replies, as they would stand on a terminal."""
    if not findings.commands:
        return ()
    commands = findings.commands[:_MOST_COMMANDS]
    width = min(max(len(each.line) for each in commands), _WIDTH)
    lines = [f"> {each.line.ljust(width)}  {each.reply}".rstrip() for each in commands]
    program = Program(words.say("The commands of the session and their replies"), "\n".join(lines))
    left = len(findings.commands) - _MOST_COMMANDS
    if left <= 0:
        return (program,)
    return program, Paragraph(words.text("{count} more are not shown.", count=words.count(left, "command")))


def _gap(gap: Gap, words: Language) -> Text:
    return words.text(_GAPS[gap.kind], count=words.number(gap.count), detail=Code(gap.detail))


def _software(findings: Findings) -> str:
    where = findings.environment
    known = (
        ("Linux", where.kernel),
        ("bstrace", where.bstrace),
        ("Python", where.python),
        ("libzmq", where.libzmq),
    )
    return ", ".join(f"{name} {version}" for name, version in known if version)


def _machine(findings: Findings, words: Language) -> str:
    where = findings.environment
    return (
        words.say("{machine}, {cpus} CPUs", machine=where.machine, cpus=where.cpus)
        if where.cpus
        else where.machine
    )


def _recorded(findings: Findings, words: Language) -> str:
    traced = sum(each.traced for each in findings.processes)
    return words.say(
        "{calls} of {processes}",
        calls=words.count(findings.environment.calls, "call"),
        processes=words.count(traced, "process"),
    )
