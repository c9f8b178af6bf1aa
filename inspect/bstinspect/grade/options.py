"""The command line of `bstrace grade`."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.commandline import BadLineError, Parser
from bstinspect.grade.marks import GROUPS
from bstinspect.grade.subject import LENIENT, PIPE, STRICT, TERMINAL, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_JOBS: Final = 64
_LONGEST: Final = 600.0
_EXAMPLES: Final = f"""\
examples:
  bstrace grade -- ./server                       a student's program, in the sense
  bstrace grade --profile strict -- bstrace       to the letter
  bstrace grade --only kills,stops -- ./server    some of: {", ".join(GROUPS)}
  bstrace grade --csv marks.csv --json marks.json -- ./server --port 5000
  for d in */; do (cd "$d" && bstrace grade --csv ../"${{d%/}}".csv -- ./server); done

Each check starts the program anew, in namespaces of its own: processes, network, /tmp. What it does there to
others it does to decoys. A mark is the name of what goes wrong; docs/grading.md lists them.
Exit status: 0 nothing essential is missed, 1 something is, 2 usage, or no sandbox.
"""


class Options(msgspec.Struct):
    """What was asked for."""

    subject: Subject
    groups: tuple[str, ...]
    csv: Path | None
    json: Path | None
    force: bool
    jobs: int
    debug: bool


def parse(arguments: Sequence[str]) -> Options:
    """Parse a command line. Raises BadLineError; ends the program where only help was asked for."""
    given = parser().parse_args(arguments)
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        raise BadLineError("what is to be graded? bstrace grade -- COMMAND")
    return Options(
        subject=Subject(
            path=_find(command[0]),
            arguments=tuple(command),
            profile=given.profile,
            deadline=_seconds(given.deadline),
            through=TERMINAL if given.pty else PIPE,
            sandboxed=not given.no_sandbox,
            points=_count("--points", given.points, 0, 10_000),
        ),
        groups=_groups(given.only),
        csv=given.csv,
        json=given.json,
        force=given.force,
        jobs=1 if given.no_sandbox else _count("--jobs", given.jobs, 1, _MOST_JOBS),
        debug=given.debug,
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser, for its help and for completion."""
    from rich_argparse import RawDescriptionRichHelpFormatter

    made = Parser(
        prog="bstrace grade",
        usage="bstrace grade [OPTIONS] -- COMMAND [ARGUMENT ...]",
        description="Drive any program that speaks the assignment's language, and mark it: replies, bad "
        "input, kills and stops of its nodes, hangs, what is left behind.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    RawDescriptionRichHelpFormatter.group_name_formatter = str
    add_options(made)
    return made


def add_options(to: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    import shtab

    to.add_argument(
        "--profile",
        choices=(LENIENT, STRICT),
        default=LENIENT,
        help="replies in the sense (default: prompts, banners and other words will do), or to the letter",
    )
    to.add_argument(
        "--only", default="", metavar="GROUPS", help=f"of {', '.join(GROUPS)}, with commas between"
    )
    to.add_argument(
        "--deadline",
        default="5",
        metavar="SECONDS",
        help="what a command may take until it hangs (default: 5)",
    )
    to.add_argument(
        "--points", default="12", metavar="N", help="so many messages get a kill or a stop (default: 12)"
    )
    to.add_argument(
        "--pty", action="store_true", help="talk through a pseudo-terminal (default: where a pipe is mute)"
    )
    to.add_argument(
        "--no-sandbox",
        action="store_true",
        help="no namespaces: the program is traced, and sends no signals to strangers",
    )
    to.add_argument(
        "--jobs",
        default=str(min(4, os.cpu_count() or 1)),
        metavar="N",
        help="runs at the same time (default: 1 a CPU, at most 4)",
    )
    for name, what in (("--csv", "a row for each mark"), ("--json", "the marks, and how they were made")):
        written = to.add_argument(name, type=Path, metavar="FILE", help=f"write {what}")
        written.complete = shtab.FILE  # type: ignore[attr-defined]
    to.add_argument("--force", action="store_true", help="overwrite files that are there")
    to.add_argument("--debug", action="store_true", help="show tracebacks")
    command = to.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the program, and what it takes"
    )
    command.complete = shtab.FILE  # type: ignore[attr-defined]


def _find(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        reason = (
            "is no program that can be run"
            if Path(name).exists() and "/" in name
            else "there is no such program"
        )
        raise BadLineError(f"{name}: {reason}")
    return os.path.abspath(found)  # noqa: PTH100 - links are kept: a virtual environment's python is one


def _groups(text: str) -> tuple[str, ...]:
    words = [each.strip() for each in text.split(",") if each.strip()] or list(GROUPS)
    for word in words:
        if word not in GROUPS:
            raise BadLineError(f"there is no group '{word}'; there are: {', '.join(GROUPS)}")
    return tuple(each for each in GROUPS if each in words)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise BadLineError(f"--deadline: '{text}' is no number of seconds up to {_LONGEST:g}")
    return seconds


def _count(option: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most):
        raise BadLineError(f"{option}: '{text}' is no number from {least} to {most}")
    return int(text)
