"""Lists the faults of a test at collection: at the points without a fault, and at those that faults open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.faults.run import Injection, Scenario
from bstinspect.faults.selection import after, equals, is_of_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.address import Address
    from bstinspect.faults.plugin.options import Settings
    from bstinspect.faults.plugin.playing import Playing
    from bstinspect.faults.run import Run
    from bstinspect.faults.selection import Selection


class Listed(msgspec.Struct):
    """The faults of one test."""

    faults: list[tuple[Injection, ...]] = msgspec.field(default_factory=list)
    pruned: int = 0
    """So many more are like one of these."""


class Lister:
    """Lists the same in the same order whenever it is asked, in every process."""

    def __init__(
        self, playing: Playing, script: tuple[str, ...], seed: int, selection: Selection, settings: Settings
    ) -> None:
        self._playing = playing
        self._script = script
        self._seed = seed
        self._selection = selection
        self._settings = settings
        self._known: set[Address] = set()
        self._like: dict[tuple[Injection, ...], tuple[Injection, ...]] = {}

    def listed(self) -> Listed:
        """List them. Raises PoolError, ExploreError."""
        everything = list(self._chains())
        frontier = list(self._at(self._playing.golden(self._script, self._seed), ()))
        everything += frontier
        while frontier and (self._settings.follow or self._settings.pairs):
            runs = [(each, self._run(each)) for each in self._expected(frontier)]
            frontier = [found for before, run in runs for found in self._opened_by(before, run)]
            everything += frontier
        everything = list(dict.fromkeys(everything))
        part, parts = self._settings.shard or (0, 1)
        ours = [each for index, each in enumerate(everything, 1) if index % parts == part % parts]
        faults = [each for each in ours if each not in self._like]
        return Listed(faults, len(ours) - len(faults))

    def _chains(self) -> Iterator[tuple[Injection, ...]]:
        """Yield the faults that were named one after the other, and are not looked for."""
        for target in self._settings.targets:
            if target.before:
                for fault in self._selection.faults if target.fault is None else (target.fault,):
                    yield (*target.before, Injection(target.at, fault))

    def _at(self, run: Run, before: tuple[Injection, ...]) -> Iterator[tuple[Injection, ...]]:
        """Yield a fault at each point of a run that was not seen before."""
        like = {} if self._settings.all or self._settings.targets else equals(run.points)
        new = [each.at for each in run.points if each.at not in self._known]
        self._known.update(new)
        for at in dict.fromkeys(new):
            for injection in self._injections(at):
                other = like.get(at)
                found = (*before, injection)
                if other is not None and is_of_process(injection.fault) and self._selection.fits(other):
                    self._like[found] = (*before, Injection(other, injection.fault))
                yield found

    def _injections(self, at: Address) -> list[Injection]:
        targets = self._settings.targets
        if not targets:
            return self._selection.injections(at) if self._selection.fits(at) else []
        fitting = [each for each in targets if not each.before and each.at.fits(at)]
        named = [Injection(at, each.fault) for each in fitting if each.fault is not None]
        if any(each.fault is None for each in fitting):
            named += self._selection.injections(at)
        return list(dict.fromkeys(named))

    def _opened_by(self, before: tuple[Injection, ...], run: Run | None) -> Iterator[tuple[Injection, ...]]:
        if run is None or run.unfired:
            return
        if self._settings.follow:
            yield from self._at(run, before)
        if self._settings.pairs and len(before) == 1:
            for at in dict.fromkeys(each.at for each in after(run, before[0])):
                yield from ((*before, injection) for injection in self._injections(at))

    def _expected(self, faults: list[tuple[Injection, ...]]) -> list[tuple[Injection, ...]]:
        """Have these played side by side; return those that need to be."""
        wanted = [each for each in faults if each not in self._like]
        self._playing.expect(Scenario(self._script, each, self._seed) for each in wanted)
        return wanted

    def _run(self, injections: tuple[Injection, ...]) -> Run | None:
        return self._playing.play(Scenario(self._script, injections, self._seed)).run
