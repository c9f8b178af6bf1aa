"""The whole write-up: which sections, in which order, under which title. One function a template."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.writeup.document import Document, Listing, Paragraph, Program, Section, TitlePage
from bstinspect.writeup.names import Names
from bstinspect.writeup.sections import (
    conversations,
    counts,
    deaths,
    environment,
    excerpts,
    latencies,
    lives,
    points,
    problems,
    requirements,
    trees,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.findings.model import Findings
    from bstinspect.writeup.document import Block
    from bstinspect.writeup.language import Language

MOST_ROWS: Final = 120
"""Rows of a table in the appendix."""
MOST_DIAGRAMS: Final = 40
"""Sequence diagrams in the appendix."""


class Particulars(msgspec.Struct, frozen=True):
    """What the person says of the report; empty where nothing was said."""

    title: str = ""
    author: str = ""
    group: str = ""
    teacher: str = ""
    date: str = ""
    code: tuple[tuple[str, str], ...] = ()
    """Files of the program, by name, with their text."""


def lab(findings: Findings, particulars: Particulars, words: Language) -> Document:
    """Return the report in the order of its subject: where, what was asked, how it went, what follows."""
    names = Names(findings, words)
    sections = _present(
        environment.section(findings, words, environment.dialogue(findings, words)),
        requirements.section(findings, words),
        trees.section(findings, words, names),
        conversations.section(findings, words, names),
        counts.section(findings, words, names),
        excerpts.section(findings, words, names),
        lives.section(findings, words, names),
        latencies.section(findings, words, names),
        deaths.section(findings, words, names),
        problems.section(findings, words, names),
        problems.conclusion(findings, words, names),
    )
    code = _code(particulars, words)
    appendices = _appendices(findings, words, names) + ((code,) if code else ())
    title = particulars.title or _title(findings, words)
    page = TitlePage((), title, words.say("Report on a trace of system calls"), _fields(particulars, words))
    formal = bool(particulars.author or particulars.group or particulars.teacher)
    return Document(
        words.code, page, _summary(findings, words), sections, appendices, findings.environment.trace,
        formal=formal,
    )  # fmt: skip


def mai(findings: Findings, particulars: Particulars, words: Language) -> Document:
    """Return the report in the order of a write-up at the Moscow Aviation Institute."""
    names = Names(findings, words)
    of_cluster = bool(findings.parents)
    calls = Listing(tuple(words.text(each) for each in _CALLS))
    about = Section(
        "about", words.say("General information about the program"),
        (Paragraph(words.text(_ABOUT)), calls) if of_cluster else (Paragraph(words.text(_ABOUT_ANY)),),
        _present(environment.section(findings, words)),
    )  # fmt: skip
    steps = Listing(tuple(words.text(each) for each in _METHOD), ordered=True)
    method = Section(
        "method", words.say("General method and algorithm"), (steps,) if of_cluster else (),
        _present(trees.section(findings, words, names), conversations.section(findings, words, names)),
    )  # fmt: skip
    use = Section(
        "strace", words.say("Use of strace"),
        (Paragraph(words.text("The trace was recorded by bstrace, in the manner of strace -f -tt -T.")),),
        _present(
            counts.section(findings, words, names), excerpts.section(findings, words, names),
            lives.section(findings, words, names), problems.section(findings, words, names),
        ),
    )  # fmt: skip
    demonstration = Section(
        "demonstration", words.say("Demonstration of the program"), environment.dialogue(findings, words),
        _present(latencies.section(findings, words, names), deaths.section(findings, words, names)),
    )  # fmt: skip
    conclusion = problems.conclusion(findings, words, names)
    code = _code(particulars, words)
    task = (Paragraph(words.text(_TASK_SYSTEM)), Paragraph(words.text(_TASK_DEATH))) if of_cluster else ()
    sections = (
        Section("task", words.say("Task"), task, _present(requirements.section(findings, words))),
        about, method, *((code,) if code else ()), use, demonstration, conclusion,
    )  # fmt: skip
    page = TitlePage(
        tuple(words.say(each) for each in _UNIVERSITY),
        particulars.title or words.say("Laboratory work No. 5-7, course “Operating systems”"),
        words.say("Topology 3, command set 1, availability check 1")
        if of_cluster
        else _title(findings, words),
        _fields(particulars, words, graded=True),
        words.say("Moscow, {year}", year=time.localtime(findings.environment.started).tm_year),
    )
    return Document(
        words.code, page, environment.gaps(findings, words), sections, _appendices(findings, words, names),
        findings.environment.trace, formal=True,
    )  # fmt: skip


_UNIVERSITY: Final = (
    "Moscow Aviation Institute (National Research University)",
    "Faculty of Information Technologies and Applied Mathematics",
    "Department of Computational Mathematics and Programming",
)
_TASK_SYSTEM: Final = (
    "Build a distributed system that processes requests asynchronously. It has nodes of two kinds: one "
    "that controls and any number that compute. They are joined by message queues in a binary search tree."
)
_TASK_DEATH: Final = (
    "After kill -9 of any computing node the system keeps working as far as it can: all nodes below the "
    "dead one may become unavailable, every other node must stay in service."
)
_ABOUT: Final = (
    "Every node is a process of its own, forked by its parent in the search tree; nodes exchange messages "
    "over ZeroMQ. The system calls behind that:"
)
_ABOUT_ANY: Final = "What was recorded, where and how:"
_CALLS: Final = (
    "clone makes the process of a new node, waitid tells how it ended;",
    "socket, bind, listen, accept4 and connect make the connections of ZeroMQ;",
    "sendto and recvfrom carry its messages, in its I/O thread;",
    "poll and epoll_wait wait for whichever descriptor is ready first;",
    "eventfd2, write and read wake one thread from another.",
)
_METHOD: Final = (
    "The controller reads a command and sends a request to the root.",
    "A node that is asked for an id which is not its own hands the request to its left or right child.",
    "create is carried out by the node that will be the parent: it forks, and the child says hello.",
    "exec is carried out by the node itself; the reply goes up by its number.",
    "pingall floods down the tree, and each node answers once for all of its subtree.",
    "A dead child is known from SIGCHLD and from the end of its connection, and is not waited for.",
)
_TEMPLATES: Final = {"lab": lab, "mai": mai}


def compose(template: str, findings: Findings, particulars: Particulars, words: Language) -> Document:
    """Return the write-up in a template: ``lab`` or ``mai``."""
    return _TEMPLATES[template](findings, particulars, words)


def _present(*sections: Section | None) -> tuple[Section, ...]:
    return tuple(each for each in sections if each is not None)


def _appendices(findings: Findings, words: Language, names: Names) -> tuple[Section, ...]:
    return _present(
        conversations.appendix(findings, words, names, MOST_DIAGRAMS),
        counts.appendix(findings, words, names, MOST_ROWS),
        lives.appendix(findings, words, names, MOST_ROWS),
        points.appendix(findings, words, MOST_ROWS),
    )


def _code(particulars: Particulars, words: Language) -> Section | None:
    if not particulars.code:
        return None
    programs = tuple(Program(name, text) for name, text in particulars.code)
    return Section("code", words.say("Code of the program"), programs)


def _summary(findings: Findings, words: Language) -> tuple[Block, ...]:
    return (*environment.gaps(findings, words), Listing(problems.points(findings, words)))


def _title(findings: Findings, words: Language) -> str:
    if findings.parents:
        return words.say(
            "A cluster of {nodes} in a search tree", nodes=words.count(len(findings.parents), "node")
        )
    first = next((each for each in findings.processes if each.command), None)
    return (
        words.say("Trace of {command}", command=first.command) if first else words.say("Trace of a program")
    )


def _fields(
    particulars: Particulars, words: Language, *, graded: bool = False
) -> tuple[tuple[str, str], ...]:
    date = particulars.date or time.strftime("%d.%m.%Y" if words.code == "ru" else "%Y-%m-%d")
    fields: Iterable[tuple[str, str]] = (
        (words.say("Group"), particulars.group),
        (words.say("Student"), particulars.author),
        (words.say("Teacher"), particulars.teacher),
        (words.say("Grade"), "_____" if graded else ""),
        (words.say("Date"), date),
    )
    return tuple((name, value or "_____") for name, value in fields if value or (graded and name))
