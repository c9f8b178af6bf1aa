"""Section 10: errors and what they mean, what was left behind, and a conclusion with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.findings.leaks import UNSURE
from bstinspect.writeup.document import Cell, Code, Column, Listing, Note, Paragraph, Section, Table
from bstinspect.writeup.names import number, plain, typed
from bstinspect.writeup.sections import latencies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.findings.model import DeathFacts, ErrorFacts, Findings
    from bstinspect.writeup.document import Block, Text, Tone
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

_MOST: Final = 14
_MOST_LEAKS: Final = 8
_NATURES: Final[dict[str, tuple[str, Tone]]] = {
    "real": ("worth a look", "bad"),
    "normal": ("normal", "good"),
    "looks": ("normal: the file may be absent", "good"),
    "loader": ("normal: the loader looks elsewhere", "good"),
}
_MEANINGS: Final = {
    "EAGAIN": "nothing to read yet, or no room to write: a non-blocking descriptor says so at once, "
    "and the program waits in poll or epoll_wait",
    "EINTR": "a signal came while the call waited",
    "EINPROGRESS": "the connection is being made; poll tells when it is there",
    "ERESTARTSYS": "a signal came; the kernel begins the call anew",
    "ERESTART_RESTARTBLOCK": "a signal came, or the tracer attached; the kernel goes on with the call",
    "ERESTARTNOHAND": "a signal came while the call waited",
    "ETIMEDOUT": "the time to wait was over",
    "ENOENT": "there is no such file",
    "ENOTTY": "the descriptor is no terminal: that was the question",
    "ESPIPE": "a pipe or socket has no position: that was the question",
    "ECHILD": "there is no child left to wait for",
    "EBADF": "there is no such descriptor",
    "ECONNRESET": "the other end is gone, with data still on its way",
    "ECONNREFUSED": "nobody listens there",
    "EPIPE": "the other end is closed",
    "EADDRINUSE": "somebody else has this address",
    "EACCES": "no permission",
    "EPERM": "not allowed",
    "EEXIST": "it is there already",
    "ENODATA": "there is no such attribute",
    "EINVAL": "an argument does not fit, or this kernel cannot do it",
}
_LEAKS: Final = {
    "process": "{who} still ran when the recording ended.",
    "zombie": "{who} ended, and its parent never waited for it.",
    "descriptor": "{who} ended with descriptors open ({what}); the kernel closed them.",
}


def section(findings: Findings, words: Language, names: Names) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    if findings.errors:
        blocks.append(_errors(findings, words))
        if len(findings.errors) > _MOST:
            left = words.count(len(findings.errors) - _MOST, "line")
            blocks.append(
                Paragraph(words.text("{lines} more are left out, of the fewest calls.", lines=left))
            )
    else:
        blocks.append(Paragraph(words.text("No call failed.")))
    blocks.append(_leaks(findings, words, names))
    return Section("problems", words.say("Errors and leaks"), tuple(blocks))


def conclusion(findings: Findings, words: Language, names: Names) -> Section:
    """Return the conclusion: the numbers, and what follows from them."""
    told = (*points(findings, words), *_measured(findings, words, names))
    return Section("conclusion", words.say("Conclusion"), (Listing(told),))


def _measured(findings: Findings, words: Language, names: Names) -> Iterator[Text]:
    """Yield what only the conclusion says: how fast it went, and where the time was."""
    medians = latencies.medians(findings, words)
    if medians:
        yield words.text("Median times, while traced: {medians}.", medians=", ".join(medians))
    for death in findings.deaths[:1]:
        if death.witnesses:
            first = min(death.witnesses, key=lambda each: each.delay)
            yield words.text("The death was noticed first by {who}, {time} after it.",
                             who=names.process(first.pid), time=words.duration(first.delay))  # fmt: skip
    threads = [thread for process in findings.processes for thread in process.threads]
    waiting = sum(each.waiting_ns for each in threads)
    total = waiting + sum(each.working_ns for each in threads)
    if total:
        waited = round(100 * waiting / total)
        yield words.text(
            "Of the time inside of calls the processes waited {waited} %, and worked {worked} %.",
            waited=str(waited), worked=str(100 - waited),
        )  # fmt: skip


def points(findings: Findings, words: Language) -> tuple[Text, ...]:
    """Return what was found, a sentence each."""
    where = findings.environment
    traced = sum(each.traced for each in findings.processes)
    found = [
        words.text(
            "{calls} of {processes} were recorded in {time}.", calls=words.count(where.calls, "call"),
            processes=words.count(traced, "process"), time=words.duration(where.length),
        )
    ]  # fmt: skip
    if findings.commands:
        answered = sum(each.ended is not None for each in findings.commands)
        given = words.count(len(findings.commands), "command")
        told = words.text(
            "{commands} were given, and {answered} answered.", commands=given, answered=str(answered)
        )
        found.append(told)
    if findings.messages:
        total = len(findings.messages) + findings.messages_omitted
        found.append(
            words.text("{messages} went from process to process.", messages=words.count(total, "message"))
        )
    if findings.requirements:
        met = [each for each in findings.requirements if each.status == "met"]
        rest = [each for each in findings.requirements if each.status == "unmet"]
        found.append(words.text("Requirements: {met} met, {unmet} not met, {untried} not tried.",
                                met=str(len(met)), unmet=str(len(rest)),
                                untried=str(len(findings.requirements) - len(met) - len(rest))))  # fmt: skip
    found += [_cut_off(each, findings, words) for each in findings.deaths[:1] if each.node is not None]
    real = sum(each.count for each in findings.errors if each.nature == "real")
    total = sum(each.count for each in findings.errors)
    found.append(words.text("{total} were returned by calls; {real} of them are worth a look.",
                            total=words.count(total, "error"), real=words.number(real)))  # fmt: skip
    return tuple(found)


def _cut_off(death: DeathFacts, findings: Findings, words: Language) -> Text:
    """Tell what a death cut off, and of the others what the next pingall said."""
    below = ", ".join(str(node) for node in death.unreachable if node != death.node)
    dead, others = str(death.node), below or words.say("nobody else")
    if not set(findings.parents) - set(death.unreachable):
        return words.text(
            "kill -9 of node {id} cut off {others}; no other node was left.", id=dead, others=others
        )
    if death.answered == "Ok: " + (";".join(map(str, death.cut_off)) or "-1"):
        return words.text(
            "kill -9 of node {id} cut off {others}; all others stayed in service.", id=dead, others=others
        )
    return words.text("kill -9 of node {id} cut off {others}.", id=dead, others=others)


def _errors(findings: Findings, words: Language) -> Table:
    return Table(
        words.say("Errors and what they mean"),
        (
            Column(words.say("Call")), Column(words.say("Error")), Column(words.say("Times"), numeric=True),
            Column(words.say("Judgement")), Column(words.say("What it means")),
            Column(words.say("First, line"), numeric=True),
        ),
        tuple(_error(each, words) for each in findings.errors[:_MOST]),
    )  # fmt: skip


def _error(each: ErrorFacts, words: Language) -> tuple[Cell, ...]:
    judgement, tone = _NATURES[each.nature]
    meaning = words.say(_MEANINGS[each.error]) if each.error in _MEANINGS else ""
    return (
        typed(each.name),
        typed(each.error),
        number(each.count, words.number(each.count)),
        plain(words.say(judgement), tone),
        plain(meaning),
        Cell((Code(str(each.first.line), each.first.text),), each.first.line),
    )


def _leaks(findings: Findings, words: Language, names: Names) -> Block:
    if not findings.leaks and any(gap.kind in UNSURE for gap in findings.gaps):
        return Note(words.text("What was left behind cannot be told: the recording is not whole."), "warn")
    if not findings.leaks:
        return Note(
            words.text("Checked of all that was traced: each process was followed to its end, or was let go; "
                       "each child that ended was waited for by its parent where that lived on; no process "
                       "ended by itself with a descriptor open."), "good",
        )  # fmt: skip
    told = [
        words.text(_LEAKS[each.kind], who=names.process(each.pid), what=Code(each.what))
        for each in findings.leaks[:_MOST_LEAKS]
    ]
    left = len(findings.leaks) - _MOST_LEAKS
    if left > 0:
        told.append(words.text("{lines} more are left out.", lines=words.count(left, "line")))
    return Listing(tuple(told))
