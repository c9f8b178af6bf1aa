"""The command line of `bstrace faults`."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.commandline import BadLineError, Parser
from bstinspect.errors import UsageError
from bstinspect.faults.address import Address
from bstinspect.faults.fault import PLAIN
from bstinspect.faults.run import Injection, Scenario
from bstinspect.faults.selection import Selection, injection
from bstinspect.linux import proc

if TYPE_CHECKING:
    from collections.abc import Sequence


FORMATS: Final = ("html", "junit", "json")
_SHARD: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_MOST_SCRIPT: Final = 1 << 20
_EXAMPLES: Final = """\
examples:
  bstrace faults run scenario.txt              every node killed and stopped at every point of the script
  bstrace faults run --script 'create 10; create 20; exec 20 1 5' --faults kill,stop:200ms,drop -o out
  bstrace faults run --script 'create 10; exec 10 1 5' --fault '10.1:send(exec-reply)#1@exit=kill'
                                               one fault, and what came of it
  bstrace faults run scenario.txt -- ./server  any program that speaks the assignment's language
  bstrace faults points scenario.txt           the crash points of a run without a fault

A scenario is a file with commands, a line each. A crash point is named by process, event, message and number:
20.1:send(exec-reply)#1@exit is node 20 in its first life, after it has sent its first reply to an exec.
Exit status: 0 every invariant holds, 1 one does not, or a fault did not fire; 2 usage.

faults:
"""


class Options(msgspec.Struct):
    """What was asked for."""

    command: str
    """``run`` or ``points``."""
    scenario: Scenario
    selection: Selection
    injections: tuple[Injection, ...]
    only: tuple[Address, ...]
    budget: float | None
    shard: tuple[int, int] | None
    follows: bool
    pairs: bool
    sample: int | None
    prunes: bool
    processors: int
    formats: tuple[str, ...]
    output: Path
    force: bool


def parse(arguments: Sequence[str]) -> Options:
    """Parse a command line. Raises BadLineError; ends the program where only help was asked for."""
    own, program = _divided(arguments)
    given = parser().parse_args(own)
    if given.command is None:
        raise BadLineError("what is to be done? run or points (faults -h)")
    try:
        return Options(
            command=given.command,
            scenario=Scenario(_script(given), (), given.seed, program, given.driver),
            selection=Selection.parse(given.nodes, given.events, given.at, given.faults),
            injections=tuple(map(injection, given.fault)),
            only=tuple(map(Address.parse, given.fault_at)),
            budget=given.budget,
            shard=shard(given.shard),
            follows=not given.no_follow,
            pairs=given.pairs,
            sample=given.sample,
            prunes=not given.all,
            processors=given.jobs,
            formats=_formats(given.format),
            output=given.output,
            force=given.force,
        )
    except UsageError as error:
        raise BadLineError(str(error), advice=error.advice) from error


def _divided(arguments: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return our own words, and those behind ``--``: the program and its arguments."""
    if "--" not in arguments:
        return arguments, ()
    at = list(arguments).index("--")
    if not any(arguments[at + 1 : at + 2]):
        raise BadLineError("which program? -- is followed by COMMAND")
    return arguments[:at], tuple(arguments[at + 1 :])


def parser() -> argparse.ArgumentParser:
    """Return the parser, for its help and for completion."""
    from rich_argparse import RawDescriptionRichHelpFormatter

    RawDescriptionRichHelpFormatter.group_name_formatter = str
    made = Parser(
        prog="bstrace faults",
        description="Kill and stop the cluster's nodes at every message, and see that it survives.",
        epilog=_EXAMPLES + "".join(f"  {kind:<15} {what}\n" for kind, what in PLAIN.items()),
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    add_options(made)
    return made


def add_options(to: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    commands = to.add_subparsers(title="commands", dest="command", metavar="COMMAND", prog="bstrace faults")
    for name, what in (
        ("run", "play a script with a fault at each of its crash points"),
        ("points", "list the crash points of a script"),
    ):
        one = commands.add_parser(
            name,
            help=what,
            usage=f"bstrace faults {name} [OPTIONS] (SCENARIO | --script COMMANDS) [-- PROGRAM ...]",
            description=f"{what[0].upper()}{what[1:]}. PROGRAM takes the place of our own cluster.",
            formatter_class=to.formatter_class,
        )
        _add_scenario(one)
        _add_course(one)


def _add_scenario(to: argparse.ArgumentParser) -> None:
    """What is played, and with which faults."""
    import shtab

    scenario = to.add_argument(
        "scenario", nargs="?", type=Path, metavar="SCENARIO", help="a file of commands"
    )
    scenario.complete = shtab.FILE  # type: ignore[attr-defined]
    to.add_argument("--script", metavar="COMMANDS", help="the commands themselves, ; between them")
    to.add_argument(
        "--nodes",
        default="*",
        metavar="LIST",
        help="whose points: ids as patterns, controller, keeper (default: *, every node)",
    )
    to.add_argument(
        "--events",
        default="",
        metavar="LIST",
        help="send, recv, bind, connect, listen, fork, unlink, wait, exit (default: all)",
    )
    to.add_argument("--at", default="", metavar="LIST", help="entry, exit (default: both)")
    to.add_argument("--faults", default="kill,stop", metavar="LIST", help="which faults (default: kill,stop)")
    to.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="ADDRESS=FAULT",
        help="play the script once, with this fault; may be given several times",
    )
    to.add_argument(
        "--fault-at",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="only at this point; may be given several times",
    )
    to.add_argument(
        "--driver",
        default="",
        metavar="MODULE:CLASS",
        help="a conversation of your own in the place of the examination (docs/fault-testing.md)",
    )


def _add_course(to: argparse.ArgumentParser) -> None:
    """How far it goes, and what becomes of the results."""
    import shtab

    to.add_argument(
        "--seed",
        type=_natural,
        default=0,
        metavar="N",
        help="in which order what can happen happens (default: 0, as it became possible)",
    )
    to.add_argument("--budget", type=_seconds, metavar="SECONDS", help="begin no run after so long")
    to.add_argument("--sample", type=_natural, metavar="N", help="no more than N runs, chosen by the seed")
    to.add_argument("--shard", metavar="K/N", help="the K-th of N parts")
    to.add_argument("--no-follow", action="store_true", help="leave out points that only a fault opens")
    to.add_argument("--pairs", action="store_true", help="a second fault at every later point too")
    to.add_argument("--all", action="store_true", help="visit points that nothing tells apart one by one")
    to.add_argument(
        "-j", "--jobs", type=_natural, default=0, metavar="N", help="how many CPUs (default: all)"
    )
    to.add_argument(
        "--format",
        default="html,junit,json",
        metavar="LIST",
        help=f"of {', '.join(FORMATS)} (default: all); none for no files",
    )
    output = to.add_argument(
        "-o", "--output", default=Path(), type=Path, metavar="DIR", help="where the files go (default: here)"
    )
    output.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    to.add_argument("--force", action="store_true", help="overwrite files that are there")
    to.add_argument("--debug", action="store_true", help="show tracebacks")


def shard(text: str | None) -> tuple[int, int] | None:
    """Read ``2/8``. Raises UsageError."""
    if text is None:
        return None
    found = _SHARD.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"{text!r} is no part such as 2/8", advice=False)
    return int(found[1]), int(found[2])


def _script(given: argparse.Namespace) -> tuple[str, ...]:
    """Return the lines of the script: no empty ones, no comments. Raises BadLineError, OSError."""
    if (given.scenario is None) == (given.script is None):
        raise BadLineError("one script is needed: a SCENARIO, or --script COMMANDS")
    if given.script is not None:
        text = given.script.replace(";", "\n")
    else:
        with given.scenario.open("rb") as stream:
            data = stream.read(_MOST_SCRIPT + 1)
        if len(data) > _MOST_SCRIPT:
            raise BadLineError(f"{given.scenario}: more than 1 MiB is no script")
        text = data.decode("utf-8-sig", "surrogateescape")
    lines = (line.strip() for line in text.split("\n"))
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise BadLineError("the script has no command")
    for line in found:
        if any("\ud800" <= each <= "\udfff" for each in line):
            raise BadLineError(f"the script is not UTF-8: {proc.printable(os.fsencode(line))[:60]}")
    return found


def _formats(text: str) -> tuple[str, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["none"]:
        return ()
    for word in words:
        if word not in FORMATS:
            raise BadLineError(f"there is no format '{word}'; there are: {', '.join(FORMATS)}, or none")
    return tuple(dict.fromkeys(words))


def _natural(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return number


def _seconds(text: str) -> float:
    number = float(text) if _DECIMAL.fullmatch(text) else 0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no time in seconds")
    return number
