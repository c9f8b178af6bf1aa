"""`bstrace report`: one pass over a capture, and a file for each format that was asked for."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from bstinspect.commandline import run
from bstinspect.errors import CaptureError
from bstinspect.linux import proc
from bstinspect.trace.ending import say
from bstinspect.trace.progress import Progress
from bstinspect.writeup.options import Options, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bstinspect.findings.model import Findings
    from bstinspect.findings.reading import Source
    from bstinspect.findings.requirements import Requirement
    from bstinspect.reports.perfetto import PerfettoWriter
    from bstinspect.writeup.compose import Particulars
    from bstinspect.writeup.document import Document
    from bstinspect.writeup.files import Files

_SUFFIXES: Final = {
    "html": ".html", "md": ".md", "docx": ".docx", "pdf": ".pdf", "perfetto": ".perfetto.json",
    "json": ".json",
}  # fmt: skip
_TRACE: Final = ".trace.txt"
_SESSION_STEM: Final = "report"
_READING: Final = 30
"""How much of the work is to read the capture,"""
_WEIGHTS: Final = {"html": 1, "md": 1, "docx": 8, "pdf": 40, "perfetto": 1, "json": 1}
"""and to make each format, for the progress bar. What weighs more than 1 takes a second or more."""
_MOST_CODE: Final = 1 << 20
"""Bytes of a file of code that are printed."""


def main(arguments: Sequence[str]) -> int:
    """Run `bstrace report`; return the exit status."""
    return run(lambda words: _report(parse(words)), arguments)


def _report(options: Options) -> int:
    from bstinspect.findings.reading import find
    from bstinspect.writeup.files import Files

    source = find(options.source or _newest())
    stem = _SESSION_STEM if source.is_session else source.capture.stem
    particulars = _particulars(options)
    files = Files(options.output, force=options.force)
    if "pdf" in options.formats:  # said before anything is read and written, which may take long
        from bstinspect.reports.pdf import ensure_possible

        ensure_possible()
    files.check([stem + _TRACE, *(stem + _SUFFIXES[each] for each in options.formats)])
    weights = {each: _WEIGHTS[each] for each in options.formats}
    progress = Progress(_READING + sum(weights.values()), visible=os.isatty(2), title="report")
    try:
        findings = _survey(options, source, files, stem, progress)
        document = _document(options, findings, particulars)
        done = _READING
        for each, weight in weights.items():
            if each != "perfetto":  # it was written while the capture was read
                if weight > 1:
                    progress.expect()
                progress.show(done)
                data = _made(each, findings, document)
                with files.write(stem + _SUFFIXES[each]) as stream:
                    stream.write(data)
            done += weight
            progress.close()
            _wrote(options.output / (stem + _SUFFIXES[each]))
    finally:
        progress.close()
    for gap in findings.gaps:
        say(f"the report says what is missing: {gap.kind} {gap.detail}".rstrip())
    return 0


def _survey(options: Options, source: Source, files: Files, stem: str, progress: Progress) -> Findings:
    """Read the capture once, and write what is written meanwhile: the full trace, the Perfetto trace."""
    from bstinspect.findings.survey import Survey
    from bstinspect.trace.rendering import collect_rarely

    collect_rarely()
    with contextlib.ExitStack() as stack:
        trace = stack.enter_context(files.write(stem + _TRACE))
        perfetto: PerfettoWriter | None = None
        if "perfetto" in options.formats:
            from bstinspect.reports.perfetto import PerfettoWriter

            perfetto = PerfettoWriter(stack.enter_context(files.write(stem + _SUFFIXES["perfetto"])))
        survey = Survey(source, _requirements(options, source), trace, [perfetto] if perfetto else [])
        size = max(source.capture.stat().st_size, 1)
        findings = survey.run(lambda position: progress.show(_READING * min(position, size) // size))
        findings.environment.trace = stem + _TRACE
        if perfetto is not None:
            perfetto.finish(findings)
    progress.close()
    _wrote(options.output / (stem + _TRACE))
    return findings


def _requirements(options: Options, source: Source) -> list[Requirement]:
    from bstinspect.findings.requirements import ASSIGNMENT, read_requirements

    if options.requirements is not None:
        return read_requirements(options.requirements)
    return read_requirements(ASSIGNMENT) if source.log is not None else []


def _made(kind: str, findings: Findings, document: Document) -> bytes:
    """Return a format's file."""
    if kind == "json":
        from bstinspect.reports.facts import write_facts

        return write_facts(findings)
    return _formats()[kind](document)


def _document(options: Options, findings: Findings, particulars: Particulars) -> Document:
    from bstinspect.writeup.compose import compose
    from bstinspect.writeup.language import Language

    words = Language("ru" if options.language == "ru" else "en")
    return compose(options.template, findings, particulars, words)


def _formats() -> dict[str, Callable[[Document], bytes]]:
    """Return what makes each format; its libraries are loaded when it is made."""

    def html(document: Document) -> bytes:
        from bstinspect.reports.html import write_html

        return write_html(document).encode("utf-8", "backslashreplace")

    def markdown(document: Document) -> bytes:
        from bstinspect.reports.markdown import write_markdown

        return write_markdown(document).encode("utf-8", "backslashreplace")

    def word(document: Document) -> bytes:
        from bstinspect.reports.word import write_docx

        return write_docx(document)

    def pdf(document: Document) -> bytes:
        from bstinspect.reports.pdf import write_pdf

        return write_pdf(document)

    return {"html": html, "md": markdown, "docx": word, "pdf": pdf}


def _particulars(options: Options) -> Particulars:
    from bstinspect.writeup.compose import Particulars

    code = tuple((each.name, _text(each)) for each in options.code)
    return Particulars(options.title, options.author, options.group, options.teacher, options.date, code)


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(_MOST_CODE).decode("utf-8", "backslashreplace")


def _newest() -> Path:
    """Return the newest session's directory. Raises CaptureError."""
    from bstinspect.findings.reading import CAPTURE
    from bstinspect.session import state_directory

    sessions = [each for each in (state_directory() / "sessions").glob("*") if (each / CAPTURE).exists()]
    if not sessions:
        raise CaptureError("there is no session yet; name a capture, or a session's directory")
    return max(sessions, key=lambda each: (each / CAPTURE).stat().st_mtime)


def _wrote(path: Path) -> None:
    try:
        os.write(1, f"Wrote {proc.printable(bytes(path))}\n".encode())
    except OSError as error:
        error.filename = "standard output"
        raise
