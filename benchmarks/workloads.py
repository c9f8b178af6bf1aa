"""What is traced."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks import tracers
from benchmarks.runs import PROGRAMS, found

if TYPE_CHECKING:
    from benchmarks.runs import Shop
    from benchmarks.tracers import Tracer


@dataclass(frozen=True, slots=True)
class Workload:
    """A command, the tracers that it is run under, in turns, and how often."""

    name: str
    command: tuple[str, ...]
    tracers: tuple[Tracer, ...]
    rounds: int
    calls: int = 0
    """The number of calls, given as the last argument; 0 where it is what it is."""

    def with_calls(self, calls: int) -> tuple[str, ...]:
        """Return the command that makes so many calls."""
        return (*self.command, str(calls)) if self.calls else self.command


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done: for figures, or only to see that everything works."""

    calls: int
    folders: int
    each: int
    """Calls of each of the four processes."""
    rounds: int
    starts: int
    """Rounds of the start-up alone."""


FULL: Final = Sizes(calls=200_000, folders=2000, each=1000, rounds=5, starts=15)
QUICK: Final = Sizes(calls=5000, folders=200, each=100, rounds=3, starts=5)

CALLS: Final = "cheap calls"
FOUR: Final = "four computing"
START: Final = "start-up"


def workloads(shop: Shop, sizes: Sizes) -> list[Workload]:
    """Make what is traced: programs, files, folders."""
    strace, pinned = tracers.STRACE, tracers.pinned_strace()
    loop_pinned, loop = tracers.loops(shop)
    common = (tracers.BARE, strace, pinned, *tracers.BOTH, loop_pinned, loop)
    shutil.copy(PROGRAMS / "unit.c", shop.work)
    rounds = sizes.rounds
    return [
        Workload(
            CALLS,
            (shop.program(PROGRAMS / "calls.c"),),
            (*common, tracers.python_ptrace()),
            rounds,
            sizes.calls,
        ),
        Workload("find", (found("find"), shop.tree(sizes.folders, 5)), common, rounds),
        Workload("python3", (found("python3"), "-c", "import asyncio, json"), common, rounds),
        # -save-temps: how often it asks for random bytes to name its temporary files by is chance
        Workload("cc -c", (found("cc"), "-c", "-save-temps", "unit.c"), common, rounds),
        Workload(
            FOUR,
            (shop.program(PROGRAMS / "four.c"), str(sizes.each)),
            (tracers.BARE, strace, pinned, *tracers.BOTH),
            min(rounds, 3),
        ),
        Workload(
            START,
            (found("true"),),
            (tracers.BARE, strace, pinned, *tracers.BOTH, tracers.PYTHON),
            sizes.starts,
        ),
    ]
