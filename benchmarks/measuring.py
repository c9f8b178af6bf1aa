"""One workload under several tracers, in turns: A B C A B C, so that the machine's moods hit all alike."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks import equality
from benchmarks.errors import Mismatch
from benchmarks.tracers import pinned_strace

if TYPE_CHECKING:
    from benchmarks.progress import Stages
    from benchmarks.runs import Run, Shop
    from benchmarks.tracers import Tracer
    from benchmarks.workloads import Workload

_LONGEST: Final = 5.0
"""Seconds that one run may take; a slower tracer is given fewer calls, and the rest is reckoned."""
_PROBE: Final = 2000
_FEW: Final = 5000
"""So many calls every tracer is given."""


@dataclass(slots=True)
class Timing:
    """What a tracer took, run by run, in seconds for all calls of the workload."""

    tracer: Tracer
    calls: int
    """System calls in one run, as strace counts them."""
    given: int = 0
    """Cheap calls in one run, where fewer than the workload's: seconds are then reckoned from these."""
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)


class Measuring:
    """Measures a workload, and compares the outputs."""

    def __init__(self, shop: Shop, workload: Workload, stages: Stages) -> None:
        self._shop = shop
        self._workload = workload
        self._stages = stages
        self._references: dict[int, tuple[bytes, Counter[str]]] = {}
        self._same: set[tuple[Tracer, int]] = set()

    def run(self) -> list[Timing]:
        """Measure all tracers. Raises Mismatch where one of them leaves something out."""
        work = self._workload
        self._stages.stage(work.name, work.rounds * len(work.tracers))
        self._shop.run(work.with_calls(work.calls))  # what it reads is in memory, what it makes is there
        calls = self._reference(work.calls)[1].total()
        timings = [Timing(tracer, calls) for tracer in work.tracers]
        starts = [self._probe(timing) if self._many(timing.tracer) else None for timing in timings]
        for number in range(work.rounds):
            for index, (timing, start) in enumerate(zip(timings, starts, strict=True)):
                self._stages.at(number * len(timings) + index)
                run = self._once(timing.tracer, timing.given or work.calls)
                factor = work.calls / timing.given if timing.given else 1.0
                seconds, cpu = (start.seconds, start.cpu) if start else (0.0, 0.0)
                timing.seconds.append(seconds + (run.seconds - seconds) * factor)
                timing.cpu.append(cpu + (run.cpu - cpu) * factor)
        return timings

    def _many(self, tracer: Tracer) -> bool:
        """Say whether these may be too many calls for a tracer."""
        return self._workload.calls > _FEW or 0 < tracer.most < self._workload.calls

    def _probe(self, timing: Timing) -> Run:
        """Find out how many calls the tracer can be given; return a run with none."""
        full = self._workload.calls
        start = min((self._once(timing.tracer, 0) for _ in range(2)), key=lambda run: run.seconds)
        few = min(full, _PROBE)
        some = min(self._once(timing.tracer, few).seconds for _ in range(3))
        each = (some - start.seconds) / few
        most = min(timing.tracer.most or full, int(_LONGEST / max(each, 1e-9)))
        if most < full:
            timing.given = max(1, int(float(f"{most:.0e}")))
        return start

    def _once(self, tracer: Tracer, calls: int) -> Run:
        """Run once, and look at the output."""
        to = self._shop.folder / "trace"
        to.unlink(missing_ok=True)
        run = self._shop.run(tracer.command(to, self._workload.with_calls(calls)))
        if tracer.output != "nothing" and (found := self._compare(tracer, calls, to.read_bytes())):
            raise Mismatch(f"{self._workload.name}, {tracer.name}: {found}")
        return run

    def _compare(self, tracer: Tracer, calls: int, trace: bytes) -> str:
        """Return the first difference from strace's output; all of the text is looked at once."""
        text, names = self._reference(calls)
        if tracer.output == "count":
            seen = int(trace)
            return "" if seen == names.total() else f"{seen} calls, strace has {names.total()}"
        found = equality.names(trace)
        if tracer.output == "cheap":
            return equality.missing(Counter(getppid=names["getppid"]), Counter(getppid=found["getppid"]))
        if difference := equality.missing(names, found):
            return difference
        if equality.lines(text) != equality.lines(trace):
            return equality.difference(text, trace) or "another number of lines"
        if (tracer, calls) in self._same:
            return ""
        self._same.add((tracer, calls))
        return equality.difference(text, trace)

    def _reference(self, calls: int) -> tuple[bytes, Counter[str]]:
        """Return strace's output for so many calls, made once more than what is timed."""
        if calls not in self._references:
            to = self._shop.folder / "reference"
            self._shop.run(pinned_strace().command(to, self._workload.with_calls(calls)))
            trace = to.read_bytes()
            self._references[calls] = trace, equality.names(trace)
        return self._references[calls]
