"""The command line of `bstrace report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.commandline import BadLineError, Parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

FORMATS: Final = ("html", "md", "docx", "pdf", "perfetto", "json")
TEMPLATES: Final = ("lab", "mai")
LANGUAGES: Final = ("en", "ru")
_EXAMPLES: Final = """\
examples:
  bstrace report                            the newest session, as report.html and report.md
  bstrace report ~/s --lang ru --template mai --format docx --author 'Иванов И.И.' --group М8О-209Б-22
  bstrace report find.bst --format html,perfetto -o out
  bstrace report ~/s --format all --force   everything there is, over what was there

The full trace is written beside the report. A session reports most when it begins with `trace all on`.
ui.perfetto.dev opens what --format perfetto makes.
"""


class Options(msgspec.Struct):
    """What was asked for."""

    source: Path | None
    """A session's directory or a capture; None: the newest session."""
    formats: tuple[str, ...]
    language: str
    template: str
    title: str
    author: str
    group: str
    teacher: str
    date: str
    code: tuple[Path, ...]
    requirements: Path | None
    output: Path
    force: bool
    debug: bool


def parse(arguments: Sequence[str]) -> Options:
    """Parse a command line. Raises BadLineError; ends the program where only help was asked for."""
    given = parser().parse_args(arguments)
    return Options(
        source=given.source,
        formats=_formats(given.format),
        language=given.lang,
        template=given.template,
        title=given.title,
        author=given.author,
        group=given.group,
        teacher=given.teacher,
        date=given.date,
        code=tuple(each for several in given.code for each in several),
        requirements=given.requirements,
        output=given.output,
        force=given.force,
        debug=given.debug,
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser, for its help and for completion."""
    from rich_argparse import RawDescriptionRichHelpFormatter

    made = Parser(
        prog="bstrace report",
        description="Make a report of a session, or of any capture of bstrace trace --record.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    RawDescriptionRichHelpFormatter.group_name_formatter = str
    add_options(made)
    return made


def add_options(to: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    import shtab

    source = to.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="SESSION|CAPTURE",
        help="a session's directory, or a capture (default: the newest session)",
    )
    source.complete = shtab.FILE  # type: ignore[attr-defined]
    to.add_argument(
        "--format",
        default="html,md",
        metavar="LIST",
        help=f"of {', '.join(FORMATS)}, with commas between them; or all (default: html,md)",
    )
    to.add_argument("--lang", choices=LANGUAGES, default="en", help="the report's language (default: en)")
    to.add_argument(
        "--template",
        choices=TEMPLATES,
        default="lab",
        help="its order: lab (default), or mai, the usual write-up of that university",
    )
    to.add_argument("--title", default="", help="instead of one that is made from what was traced")
    to.add_argument("--author", default="", help="who hands it in")
    to.add_argument("--group", default="", help="the author's group")
    to.add_argument("--teacher", default="", help="who gets it")
    to.add_argument("--date", default="", help="as it is to stand there (default: today)")
    code = to.add_argument(
        "--code",
        nargs="+",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="files of the program, to be printed in the report",
    )
    code.complete = shtab.FILE  # type: ignore[attr-defined]
    table = to.add_argument(
        "--requirements",
        type=Path,
        metavar="TOML",
        help="the task's requirements (default: the assignment's, for its cluster)",
    )
    table.complete = shtab.FILE  # type: ignore[attr-defined]
    output = to.add_argument(
        "-o", "--output", default=Path(), type=Path, metavar="DIR", help="where the files go (default: here)"
    )
    output.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    to.add_argument("--force", action="store_true", help="overwrite files that are there")
    to.add_argument("--debug", action="store_true", help="show tracebacks")


def _formats(text: str) -> tuple[str, ...]:
    words = [word.strip() for word in text.split(",")]
    if words == ["all"]:
        return FORMATS
    for word in words:
        if word not in FORMATS:
            raise BadLineError(f"there is no format '{word}'; there are: {', '.join(FORMATS)}, or all")
    return tuple(dict.fromkeys(words))
