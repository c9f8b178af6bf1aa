"""bstrace beside strace, python-ptrace and a bare C loop: the same programs, the same output, in turns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks import machine, tracers
from benchmarks.figures import INFINITE, Figure, summary, timed
from benchmarks.measuring import Measuring
from benchmarks.progress import Stages
from benchmarks.runs import Shop
from benchmarks.workloads import CALLS, FOUR, FULL, QUICK, START, workloads

if TYPE_CHECKING:
    from benchmarks.measuring import Timing
    from benchmarks.workloads import Sizes

_OF_PINNED: Final = 1.0
_OF_STRACE: Final = 1.0
_FOUR_OF_STRACE: Final = 1.05
_START: Final = 0.120
_SLOW: Final = 100e-6
"""Seconds a call; where strace as run costs so much, bstrace takes at most an eighth of its time."""
_OF_SLOW: Final = 1 / 8

_COMPARED: Final = (
    "Every trace has strace's calls, by name and number, and the text of one for each tracer is strace's but "
    "for pids, times and addresses; of the C loop the number of calls, of strace.py that of the cheap ones."
)

Timings = dict[str, list["Timing"]]


def run(*, quick: bool) -> tuple[list[Figure], dict[str, object]]:
    """Measure everything and print the tables; return the figures with targets, and the details.

    Raises BenchmarkError, and Mismatch where an output is not strace's.
    """
    machine.need("cc", "strace", "taskset", "find", "python3")
    before = machine.ticks()
    timings = measure(QUICK if quick else FULL)
    stolen = machine.stolen(before)
    for name, each in timings.items():
        Console(width=132).print(_table(name, each))
    print(
        f"{machine.cpu_model()}, frequency {machine.frequency()}, strace {machine.strace_version()}; "
        f"stolen {stolen:.1%}, load now {os.getloadavg()[0]:.1f}"
    )
    print(_condition(timings[CALLS]))
    print(_COMPARED)
    return _figures(timings), {
        "stolen": stolen,
        "load at the end": os.getloadavg(),
        "timings": [_plain(name, each, timings[name]) for name in timings for each in timings[name]],
    }


def measure(sizes: Sizes) -> Timings:
    """Measure all workloads."""
    with Shop() as shop, Stages() as stages:
        return {work.name: Measuring(shop, work, stages).run() for work in workloads(shop, sizes)}


def _named(timings: list[Timing], name: str) -> Timing:
    return next(each for each in timings if each.tracer.name == name)


def _strace(timings: list[Timing]) -> Timing:
    return _named(timings, tracers.STRACE.name)


def _pinned(timings: list[Timing]) -> Timing:
    return _named(timings, tracers.pinned_strace().name)


def _per_call(timing: Timing, timings: list[Timing]) -> float:
    """Return the seconds that tracing adds to a call, the tracer's start included."""
    return (timing.median - _named(timings, tracers.BARE.name).median) / timing.calls


def _table(name: str, timings: list[Timing]) -> Table:
    table = Table(title=f"{name}: {timings[0].calls:,} system calls, {len(timings[0].seconds)} rounds")
    for column in ("", "median", "slowest", "CPU time", "a call", "of strace, one CPU", "of strace, as run"):
        table.add_column(column, justify="right" if column else "left")
    counts = name not in {FOUR, START}  # there a call's share of the time is noise
    for each in timings:
        given = f" (from {each.given:,})" if each.given else ""
        traced = each.tracer.output != "nothing" and counts
        table.add_row(
            each.tracer.name + given,
            f"{each.median:.3f} s",
            f"{max(each.seconds):.3f} s",
            f"{summary(each.cpu)[0]:.3f} s",
            f"{_per_call(each, timings) * 1e6:.1f} µs" if traced else "",
            f"{each.median / _pinned(timings).median:.2f}",
            f"{each.median / _strace(timings).median:.2f}",
        )
    return table


def _condition(calls: list[Timing]) -> str:
    """Say whether this is a machine on which strace as run is very slow."""
    each = _per_call(_strace(calls), calls)
    held = "asked here" if each >= _SLOW else "not asked here"
    limit = f"from {_SLOW * 1e6:.0f} µs on bstrace is to be 8 times faster"
    return f"strace as run costs {each * 1e6:.0f} µs a call; {limit}: {held}"


def _figures(timings: Timings) -> list[Figure]:
    figures = []
    for name, each in timings.items():
        ours, strace, pinned = _named(each, tracers.BSTRACE.name), _strace(each), _pinned(each)
        beside = f"strace, as run, {strace.median:.3g} s"
        if name == START:
            python = _named(each, tracers.PYTHON.name).median
            figures.append(timed(name, ours.seconds, f"{_START * 1e3:.0f} ms", _START, 1.0))
            figures.append(
                timed(name, ours.seconds, f"python -c pass, {python * 1e3:.3g} ms", python, INFINITE)
            )
            figures.append(timed(name, ours.seconds, beside, strace.median, INFINITE))
            continue
        if name == FOUR:
            figures.append(timed(name, ours.seconds, beside, strace.median, _FOUR_OF_STRACE))
            continue
        on_one = f"strace, one CPU, {pinned.median:.3g} s"
        figures.append(timed(name, ours.seconds, on_one, pinned.median, _OF_PINNED))
        figures.append(timed(name, ours.seconds, beside, strace.median, _OF_STRACE))
        if name == CALLS and _per_call(strace, each) >= _SLOW:
            figures.append(timed(f"{name}, slow strace", ours.seconds, beside, strace.median, _OF_SLOW))
    return figures


def _plain(name: str, timing: Timing, timings: list[Timing]) -> dict[str, object]:
    """Return what the table says, for JSON."""
    return {
        "workload": name,
        "tracer": timing.tracer.name,
        "calls": timing.calls,
        "reckoned from": timing.given or None,
        "median": timing.median,
        "seconds": timing.seconds,
        "cpu seconds": timing.cpu,
        "microseconds a call": round(_per_call(timing, timings) * 1e6, 3),
        "of strace, one CPU": timing.median / _pinned(timings).median,
        "of strace, as run": timing.median / _strace(timings).median,
    }
