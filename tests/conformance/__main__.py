"""Compares one command, or the programs of a decoder, by hand.

From the folder `tests` (`-m conformance.compare` is the same):

../.venv/bin/python -m conformance [--options='-f -v'] [--mode thread] [--self] -- CMD
../.venv/bin/python -m conformance [--self] --program NAME ...
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .cases import PROGRAMS, Case, compile_program, program_cases
from .tracers import OURS, STRACE, Tracer, become_subreaper

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> int:
    """Compare the traces of a command, and print what differs."""
    parser = argparse.ArgumentParser(prog="conformance", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ours", help="our command (default: bstrace trace beside this Python)")
    parser.add_argument("--options", help="the tracer's options (default: -f, or what the program says)")
    parser.add_argument("--self", action="store_true", dest="itself", help="strace against strace")
    parser.add_argument("--mode", choices=("order", "thread", "multiset"), default="order")
    parser.add_argument("--output", choices=("file", "stderr", "each"), default="file")
    parser.add_argument("--mask", action="append", default=[], help="a regular expression not to compare")
    parser.add_argument("--limit", type=int, default=80, help="show at most so many differences")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument(
        "--program", action="store_true", help="the words are programs in programs/, or files"
    )
    parser.add_argument("words", nargs="+")
    given = parser.parse_args()
    ours = Tracer("bstrace", tuple(shlex.split(given.ours))) if given.ours else OURS
    second = STRACE if given.itself else ours
    become_subreaper()
    perfect = True
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        folder = Path(name)
        for case in _cases(given, folder):
            theirs, other = case.run(STRACE, folder / "run"), case.run(second, folder / "run")
            found = case.compare(theirs, other, ("strace", second.name))
            print(f"== {str(case).replace(f'{folder}/', '')}: {theirs.seconds:.2f} s, {other.seconds:.2f} s")
            print(found.report(given.limit))
            perfect = perfect and not found.differences
    return 0 if perfect else 1


def _cases(given: argparse.Namespace, folder: Path) -> Iterator[Case]:
    if not given.program:
        words = [
            str(Path(word).resolve()) if "/" in word and Path(word).exists() else word for word in given.words
        ]
        options = "-f" if given.options is None else given.options
        yield Case(tuple(words), options, given.mode, tuple(given.mask), given.output, timeout=given.timeout)
        return
    for word in given.words:
        source = Path(word) if Path(word).exists() else PROGRAMS / f"{word.removesuffix('.c')}.c"
        for case in program_cases(source, compile_program(source, folder)):
            yield replace(case, options=given.options) if given.options else case


if __name__ == "__main__":
    sys.exit(main())
