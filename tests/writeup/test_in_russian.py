"""A whole report in Russian has no English in it, but for names of programs, calls and protocols."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.findings.reading import find
from bstinspect.findings.requirements import ASSIGNMENT, read_requirements
from bstinspect.findings.survey import Survey
from bstinspect.reports.html import write_html
from bstinspect.writeup.compose import Particulars, compose
from bstinspect.writeup.document import (
    Bars,
    Code,
    Excerpt,
    Figure,
    Gantt,
    Listing,
    Note,
    Paragraph,
    Program,
    Sequence,
    Table,
    Tree,
)  # fmt: skip
from bstinspect.writeup.language import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bstinspect.findings.model import Findings
    from bstinspect.writeup.document import Block, Document, Drawing, Section, Span, Twig

COMMAND: Final = str(Path(sys.executable).with_name("bstrace"))
COMMANDS: Final = (
    "trace all on; create 10; create 5; create 15; create 3; pingall; exec 3 2 1 2; create 3; crash 5; "
    "pingall; exec 15 1 4; exec 3 1 1; kill 5; pingall"
)
PROGRAM: Final = "cat /nonexistent; sleep 0 & wait; sh -c 'kill -9 $$'; true"

NAMES: Final = {
    "programs": ["bstrace", "strace", "sh", "cat", "sleep", "Linux", "Python", "ZeroMQ", "libzmq"],
    "commands": ["create", "id", "exec", "n", "k1", "kn", "pingall", "crash", "kill", "hello", "send"],
    "calls": [
        "accept4", "bind", "clone", "connect", "epoll_wait", "eventfd2", "futex", "listen", "poll", "read",
        "recvfrom", "sendto", "socket", "wait", "waitid", "write",
    ],
    "kinds": ["epoll", "eventfd", "file", "ipc", "pidfd", "pipe", "signalfd", "tcp"],
    "terms": ["pid", "tid", "SHA", "x86_64", "aarch64"],
    "options": ["f", "tt", "T"],
}  # fmt: skip
"""All Latin words that may stand in a Russian text."""
ALLOWED: Final = {word for words in NAMES.values() for word in words}
SIGNAL_OR_ERROR: Final = re.compile(r"SIG[A-Z]+|E[A-Z]+\d*")
FILE_OR_VERSION: Final = re.compile(r"\b[\w-]+\.(?:c|bst)\b|\b\d+\.\S*")
REPLY: Final = re.compile(r"Ok: -1|Already exists|Not found|Node is unavailable")
"""What the assignment makes nodes reply, and the requirements quote."""
LATIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """A small session with a crash, all of it traced."""
    directory = tmp_path_factory.mktemp("session")
    _run("--session", str(directory), "-c", COMMANDS)
    return _findings(directory)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """A program that is no session: processes, errors, and one of them killed."""
    capture = tmp_path_factory.mktemp("program") / "program.bst"
    _run("trace", "-f", "--record", str(capture), "--", "sh", "-c", PROGRAM)
    return _findings(capture)


def _run(*arguments: str) -> None:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _findings(path: Path) -> Findings:
    source = find(path)
    requirements = read_requirements(ASSIGNMENT) if source.log is not None else []
    return Survey(source, requirements, io.BytesIO(), []).run(lambda *_: None)


@pytest.mark.parametrize("template", ["lab", "mai"])
def test_a_session(template: str, session: Findings) -> None:
    """Nothing of a session's report is in English, in either template."""
    document = _document(template, session)
    anchors = {each.anchor for each in _all(document.sections)}
    assert {"environment", "requirements", "trees", "sequences", "calls", "excerpts", "deaths"} <= anchors
    assert _english(document) == []


@pytest.mark.parametrize("template", ["lab", "mai"])
def test_a_program(template: str, program: Findings) -> None:
    """Nor is anything of a report on any other program."""
    document = _document(template, program)
    assert {"environment", "trees", "calls", "deaths"} <= {each.anchor for each in _all(document.sections)}
    assert _english(document) == []


def test_decimals_in_drawings(session: Findings) -> None:
    """Drawings write their numbers as the text around them does: with a comma."""
    numbers = re.findall(r"<text[^>]*>(\d+[.,]\d+)</text>", write_html(_document("lab", session)))
    assert len(numbers) > 10
    assert [each for each in numbers if "." in each] == []


def test_english_would_be_seen(session: Findings) -> None:
    """The same report in English is full of what is looked for here."""
    document = compose("lab", session, Particulars(), Language("en"))
    assert len(_english(document)) > 100


def _document(template: str, findings: Findings) -> Document:
    particulars = Particulars("", "Иванов И.И.", "М8О-209Б-22", "Петров П.П.", "", (("main.c", "int main;"),))
    return compose(template, findings, particulars, Language("ru"))


def _english(document: Document) -> list[str]:
    """Return each text with a Latin word that is no name."""
    return [text for text in _said(document) if any(map(_is_english, _words(text)))]


def _words(text: str) -> list[str]:
    return LATIN.findall(REPLY.sub("", FILE_OR_VERSION.sub("", text)))


def _is_english(word: str) -> bool:
    return word not in ALLOWED and SIGNAL_OR_ERROR.fullmatch(word) is None


def _all(sections: Iterable[Section]) -> Iterator[Section]:
    for each in sections:
        yield each
        yield from _all(each.inside)


def _said(document: Document) -> Iterator[str]:
    page = document.title_page
    yield from (*page.top, page.title, page.subtitle, page.bottom, *(name for name, _ in page.fields))
    for block in document.summary:
        yield from _of_block(block)
    for section in _all((*document.sections, *document.appendices)):
        yield section.title
        for block in section.blocks:
            yield from _of_block(block)


def _of_block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text) | Note(text):
            yield _plain(text)
        case Listing(points):
            yield from map(_plain, points)
        case Table():
            yield from (block.caption, *(column.title for column in block.columns))
            yield from (_plain(cell.text) for row in block.rows for cell in row)
        case Excerpt():
            yield from (block.caption, block.rule)
            yield from (line.text for line in block.lines if line.folded)
            yield from (line.note for line in block.lines if ":" not in line.note)  # else a message
        case Program():
            yield block.caption
        case Figure():
            yield block.caption
            yield from _of_drawing(block.drawing)


def _of_drawing(drawing: Drawing) -> Iterator[str]:
    match drawing:
        case Sequence():
            yield drawing.axis
            yield from (text for lane in drawing.lanes for text in (lane.title, lane.detail))
        case Tree():
            yield from _of_twigs(drawing.roots)
        case Gantt():
            yield from (drawing.axis, *(row.title for row in drawing.rows))
            yield from (title for _, title in drawing.kinds)
            yield from (text for row in drawing.rows for _, text in row.moments)
        case Bars():
            yield from (drawing.axis, drawing.across, *(point.label for point in drawing.points))


def _of_twigs(twigs: Iterable[Twig]) -> Iterator[str]:
    for each in twigs:
        yield from (each.title, each.detail)
        yield from _of_twigs(each.below)


def _plain(text: Iterable[Span]) -> str:
    """Return a text without its code."""
    return "".join(
        each if isinstance(each, str) else each.text for each in text if not isinstance(each, Code)
    )
