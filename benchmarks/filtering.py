"""`-e trace=network --seccomp-bpf` on programs without network calls: what is not asked for costs nothing."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from benchmarks import equality, machine, tracers
from benchmarks.errors import Mismatch
from benchmarks.figures import INFINITE, Figure, timed
from benchmarks.progress import Stages
from benchmarks.runs import PROGRAMS, Shop, found

if TYPE_CHECKING:
    from benchmarks.tracers import Tracer

ROUNDS: Final = 7
_OF_BARE: Final = 1.05
_FILTER: Final = ("-e", "trace=network", "--seccomp-bpf", *tracers.OPTIONS)
_BSTRACE: Final = tracers.Tracer("bstrace", (*tracers.OURS, *_FILTER))
_STRACE: Final = tracers.Tracer("strace", ("strace", *_FILTER))
_WAYS: Final = (tracers.BARE, _BSTRACE, _STRACE)


def run(*, quick: bool) -> list[Figure]:
    """Measure enough for figures, or less."""
    machine.need("cc", "strace", "python3")
    return measure(10_000, 200_000, 3) if quick else measure(50_000, 2_000_000, ROUNDS)


def measure(reads: int, calls: int, rounds: int) -> list[Figure]:
    """Measure the programs' own time, bare and filtered, in turns.

    Raises Mismatch where a call that was asked for is not shown.
    """
    with Shop() as shop, Stages() as stages:
        path = shop.folder / "read"
        path.write_bytes(bytes(16 << 10))
        files = (shop.program(PROGRAMS / "files.c"), str(reads), str(path))
        cheap = (shop.program(PROGRAMS / "calls.c"), str(calls))
        _shows_network(shop)
        return [
            figure
            for name, command, target in (
                ("reading files, filtered", files, _OF_BARE),
                ("cheap calls alone, filtered", cheap, INFINITE),  # the worst case: nothing but calls
            )
            for figure in _figures(name, _in_turns(shop, stages, name, command, rounds), target)
        ]


def _shows_network(shop: Shop) -> None:
    """Raise Mismatch unless the calls that are asked for are shown as strace shows them."""
    command = (found("python3"), "-c", "import socket; socket.socket().close()")
    traces = []
    for tracer in (_STRACE, _BSTRACE):
        shop.run(tracer.command(shop.folder / "trace", command))
        traces.append((shop.folder / "trace").read_bytes())
    difference = equality.difference(*traces)
    if difference or "socket" not in equality.names(traces[1]):
        raise Mismatch(f"seccomp: {difference or 'no call is shown'}")


def _in_turns(
    shop: Shop, stages: Stages, name: str, command: tuple[str, ...], rounds: int
) -> dict[Tracer, list[float]]:
    times: dict[Tracer, list[float]] = {tracer: [] for tracer in _WAYS}
    stages.stage(name, rounds * len(_WAYS))
    for number in range(rounds):
        for index, tracer in enumerate(_WAYS):
            stages.at(number * len(_WAYS) + index)
            times[tracer].append(_once(shop, tracer, command))
    return times


def _figures(name: str, times: dict[Tracer, list[float]], target: float) -> list[Figure]:
    bare, ours, strace = (times[tracer] for tracer in _WAYS)
    per = statistics.median(bare)
    beside = f"bare, {per * 1e3:.3g} ms"
    return [timed(name, ours, beside, per, target), timed(f"{name} by strace", strace, beside, per, INFINITE)]


def _once(shop: Shop, tracer: Tracer, command: tuple[str, ...]) -> float:
    """Run once; return the program's seconds by its own clock."""
    to = shop.folder / "trace"
    out = shop.run(tracer.command(to, command)).out
    done, seconds = out.split()
    if done != command[1]:
        raise Mismatch(f"{tracer.name}: {done} of {command[1]} calls were made")
    if tracer.output != "nothing" and "+++ exited with 0 +++" not in (shown := to.read_text()):
        raise Mismatch(f"{tracer.name}: the end is missing: {shown!r}")
    return float(seconds)
