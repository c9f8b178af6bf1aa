r"""A case: a command and options that both tracers are given; and how it came out.

A program of ours says in its first comments how it is traced:

    /* trace: -f -e trace=openat,close */        one run; several such lines are several runs
    /* trace: -x -- one two */                   with the program's arguments after --
    /* compare: thread */                        not in order over all threads (see compare.Mode)
    /* mask: st_dev=makedev\((.*?)\) */           not compared: the groups of this expression, or all of it
    /* output: stderr */                         the trace goes there
    /* retry: timing */                          where a busy machine may come between a timer and its call
    /* skip: unprivileged */                     root only
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from .compare import Comparison, Mode, compare_runs
from .tracers import STRACE, Output, Run, Tracer, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROGRAMS: Final = Path(__file__).parent / "programs"
ATTEMPTS: Final = 5
RACES: Final = 24
_DIRECTIVE: Final = re.compile(r"^/\* (trace|compare|mask|output|retry|skip): *(.*?) \*/$", re.MULTILINE)
_FLAGS: Final = ("-O1", "-w", "-pthread", "-D_GNU_SOURCE")


@dataclass(frozen=True)
class Case:
    """What both tracers are to run."""

    command: tuple[str, ...]
    options: str = "-f"
    mode: Mode = "order"
    masks: tuple[str, ...] = ()
    output: Output = "file"
    prepare: Callable[[Path], None] | None = None
    stdin: bytes = b""
    timeout: float = 25
    timing: bool = False
    """A busy machine may make another run of it; so it has more than one try."""

    def __str__(self) -> str:
        """Return the case as one would type it."""
        return f"{self.options} {shlex.join(self.command)}".strip()

    def run(self, tracer: Tracer, base: Path) -> Run:
        """Run the case once."""
        return run(
            tracer,
            shlex.split(self.options),
            self.command,
            base,
            output=self.output,
            timeout=self.timeout,
            prepare=self.prepare,
            stdin=self.stdin,
        )

    def compare(self, a: Run, b: Run, names: Sequence[str] = ("strace", "bstrace")) -> Comparison:
        """Compare two runs of the case."""
        return compare_runs(a, b, self.mode, self.masks, names)


@dataclass
class Outcome:
    """How a case came out."""

    found: Comparison
    floor: float = 1.0
    """How alike two runs of strace are."""
    unsteady: list[str] = field(default_factory=list)
    """How runs of strace differ from one another where they should not."""


def steady(case: Case, ours: Tracer, base: Path) -> Outcome:
    """Compare a case that strace always traces alike.

    Where ours is the same as strace's, that is shown already; else strace runs once more, and where it
    disagrees with itself everything begins anew. So it does where only the order between threads is another:
    a busy machine may have held one of them up.
    """
    by_thread = replace(case, mode="thread")
    for _ in range(ATTEMPTS):
        theirs, mine = case.run(STRACE, base), case.run(ours, base)
        found = case.compare(theirs, mine, ("strace", ours.name))
        if not found.differences:
            return Outcome(found)
        proof = case.compare(theirs, case.run(STRACE, base), ("strace", "strace"))
        held_up = case.timing or not by_thread.compare(theirs, mine, ("strace", ours.name)).differences
        if not proof.differences and not held_up:
            return Outcome(found)
    if case.timing and not proof.differences:  # its threads race after all: as for those, each thread's lines
        return Outcome(by_thread.compare(theirs, mine, ("strace", ours.name)))
    if not proof.differences:
        return Outcome(found)
    return Outcome(found, proof.score, proof.differences)


def racing(case: Case, ours: Tracer, base: Path) -> Outcome:
    """Compare a case whose threads race: how like strace's ours is, and how alike strace's own runs are."""
    theirs = [case.run(STRACE, base), case.run(STRACE, base)]
    floor = case.compare(theirs[0], theirs[1]).score
    best = Comparison()
    for _ in range(RACES):
        mine = case.run(ours, base)
        for each in theirs:
            found = case.compare(each, mine, ("strace", ours.name))
            if not best.total or found.score > best.score:
                best = found
        if best.score >= floor:
            break
        theirs.append(case.run(STRACE, base))
        floor = min(floor, *(case.compare(theirs[-1], each).score for each in theirs[:-1]))
    return Outcome(best, floor)


def judge(case: Case, ours: Tracer, base: Path) -> Outcome:
    """Run and compare a case in the way its mode asks for."""
    return (racing if case.mode == "multiset" else steady)(case, ours, base)


def directives(source: Path) -> dict[str, list[str]]:
    """Return what the comments of a program ask for."""
    found: dict[str, list[str]] = {}
    for name, value in _DIRECTIVE.findall(source.read_text()):
        found.setdefault(name, []).append(value)
    return found


def program_cases(source: Path, binary: Path) -> list[Case]:
    """Return the runs that a program's comments ask for."""
    asked = directives(source)
    mode = cast("Mode", asked.get("compare", ["order"])[0])
    output = cast("Output", asked.get("output", ["file"])[0])
    masks = tuple(asked.get("mask", ()))
    cases = []
    for line in asked.get("trace", ["-f"]):
        options, _, words = f" {line}".partition(" -- ")
        cases.append(
            Case(
                (str(binary), *shlex.split(words)),
                options.strip(),
                mode,
                masks,
                output,
                timing="retry" in asked,
            )
        )
    return cases


def compile_program(source: Path, folder: Path) -> Path:
    """Compile a program; statically, so that the loader's calls are few, where that is possible."""
    binary = folder / source.stem
    command = ["cc", *_FLAGS, "-o", str(binary), str(source)]
    if subprocess.run([*command, "-static"], check=False, capture_output=True).returncode != 0:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{source.name} does not compile: {done.stderr}")
    return binary
