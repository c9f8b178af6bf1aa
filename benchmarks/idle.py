"""A thousand idle tracees and a busy one: what a call costs must not depend on how many are asleep."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks import equality, machine, tracers
from benchmarks.errors import Mismatch
from benchmarks.figures import Figure, timed
from benchmarks.progress import Stages
from benchmarks.runs import PROGRAMS, Shop

if TYPE_CHECKING:
    from benchmarks.tracers import Tracer

THREADS: Final = 1000
CALLS: Final = 20_000
ROUNDS: Final = 5
_COMPARED: Final = ("getppid", "pause", "clone", "clone3", "exit_group")
"""Other calls of the program, futex say, depend on how its threads race."""
_OF_NONE: Final = 1.3
_OF_STRACE: Final = 1 / 3


@dataclass(slots=True)
class _Times:
    """Seconds of the busy loop, by the program's own clock, and of whole runs."""

    loop: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


def run(*, quick: bool) -> list[Figure]:
    """Measure as many as the target names, or fewer."""
    machine.need("cc", "strace", "taskset")
    return measure(100, 2000, 3) if quick else measure(THREADS, CALLS, ROUNDS)


def measure(threads: int, calls: int, rounds: int) -> list[Figure]:
    """Measure bstrace and pinned strace, with and without idle tracees, in turns.

    Raises Mismatch where calls are missing.
    """
    strace = tracers.pinned_strace()
    ways = [(tracer, idle) for tracer in (tracers.BSTRACE, strace) for idle in (0, threads)]
    times = {way: _Times() for way in ways}
    with Shop() as shop, Stages() as stages:
        program = shop.program(PROGRAMS / "idle.c")
        stages.stage(f"{threads} idle tracees", rounds * len(ways))
        for number in range(rounds):
            seen = {}
            for index, (tracer, idle) in enumerate(ways):
                stages.at(number * len(ways) + index)
                command = (program, str(idle), str(calls))
                seen[tracer, idle] = _once(shop, tracer, command, times[tracer, idle])
            for idle in (0, threads):
                _compare(seen[strace, idle], seen[tracers.BSTRACE, idle], calls, idle)
    none, many = times[tracers.BSTRACE, 0], times[tracers.BSTRACE, threads]
    theirs_none, theirs = times[strace, 0], times[strace, threads]
    return [
        _figure(f"{threads} idle: busy loop", many.loop, "with none", none.loop, _OF_NONE),
        _figure(f"{threads} idle: busy loop", many.loop, strace.name, theirs.loop, _OF_STRACE),
        _figure(f"{threads} idle: whole run", many.whole, strace.name, theirs.whole, _OF_STRACE),
        _figure("none idle: busy loop", none.loop, strace.name, theirs_none.loop),
        _figure(f"strace, {threads} idle: loop", theirs.loop, "with none", theirs_none.loop),
    ]


def _once(shop: Shop, tracer: Tracer, command: tuple[str, ...], times: _Times) -> bytes:
    """Run once, note the times, and return the trace."""
    to = shop.folder / "trace"
    to.unlink(missing_ok=True)
    run = shop.run(tracer.command(to, command))
    times.loop.append(float(run.out.split()[1]))
    times.whole.append(run.seconds)
    return to.read_bytes()


def _compare(theirs: bytes, ours: bytes, calls: int, idle: int) -> None:
    """Raise Mismatch where calls are missing."""
    a, b = equality.names(theirs), equality.names(ours)
    found = [f"{name} {b[name]} times, strace has {a[name]}" for name in _COMPARED if a[name] != b[name]]
    if b["getppid"] != calls:
        found.append(f"getppid {b['getppid']} times, made {calls} times")
    if found:
        raise Mismatch(f"{idle} idle: {found[0]}")


def _figure(
    name: str, ours: list[float], beside: str, theirs: list[float], target: float = math.inf
) -> Figure:
    per = statistics.median(theirs)
    return timed(name, ours, f"{beside}, {per * 1e3:.3g} ms", per, target)
