"""Tries mutants: plays one run after the other, until something does not hold."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from . import scenes
from .mutant import Mutant  # noqa: TC001 - msgspec reads the types
from .playing import Copy, Played

if TYPE_CHECKING:
    from types import TracebackType

    from bstinspect.faults.run import Run, Scenario


class Tried(msgspec.Struct, frozen=True):
    """What became of a mutant."""

    mutant: Mutant
    runs: int
    invariant: str = ""
    """Of the first violation; empty where there is none."""
    evidence: str = ""
    where: str = ""
    """The run that shows it, or shows the first change of behaviour."""
    change: str = ""
    """The first thing that is not as with the original; empty where everything is."""
    is_inside: bool = False
    """Whether nobody outside the cluster can see that change."""

    @property
    def is_caught(self) -> bool:
        """Whether an invariant does not hold."""
        return bool(self.invariant)

    @property
    def survives(self) -> bool:
        """Whether a user can see that it behaves in another way, and nothing is said against it."""
        return not self.invariant and bool(self.change) and not self.is_inside

    @property
    def differs_inside(self) -> bool:
        """Whether it behaves in another way that only the cluster itself sees."""
        return not self.invariant and bool(self.change) and self.is_inside


class Trial:
    """The original, played once for each run, and mutants against it."""

    def __init__(self, package: Path, faults: int) -> None:
        """`faults`: how many runs with a fault a mutant has to pass."""
        self._home = Path(tempfile.mkdtemp(prefix="mutant-"))
        self._original = Copy(package, self._home / "original")
        self._package = self._original.package
        self._known: dict[Scenario, Played] = {}
        self._scenarios = [*scenes.without_faults(), *scenes.with_faults(self._golden)[:faults]]

    def __enter__(self) -> Self:
        """Nothing more to begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self._original.__exit__(kind, error, trace)
        self._home.rmdir()

    def unsound(self) -> list[str]:
        """Return what is said against the original: it would be said against every mutant."""
        return [
            f"{_shown(scenario)}: {': '.join(violated)}"
            for scenario in self._scenarios
            if (violated := self._of_original(scenario).violated) is not None
        ]

    def trying(self, mutant: Mutant) -> Tried:
        """Play a mutant."""
        outside = inside = where = where_inside = ""
        with Copy(self._package, self._home / "mutant", mutant.file, mutant.source) as copy:
            for number, scenario in enumerate(self._scenarios, 1):
                played, original = copy.play(scenario), self._of_original(scenario)
                if played.violated is not None and original.violated is None:
                    return Tried(mutant, number, *played.violated, where=_shown(scenario))
                if scenario.seed:
                    continue  # an order made by chance is another with the least of changes
                if not outside and played.outside != original.outside:
                    outside, where = _difference(original.outside, played.outside), _shown(scenario)
                if not inside and played.inside != original.inside:
                    inside, where_inside = _difference(original.inside, played.inside), _shown(scenario)
        runs = len(self._scenarios)
        if outside:
            return Tried(mutant, runs, where=where, change=outside)
        return Tried(mutant, runs, where=where_inside, change=inside, is_inside=bool(inside))

    def _golden(self, scenario: Scenario) -> Run:
        run = self._of_original(scenario).run
        if run is None:
            raise RuntimeError(self._of_original(scenario).error)
        return run

    def _of_original(self, scenario: Scenario) -> Played:
        if scenario not in self._known:
            self._known[scenario] = self._original.play(scenario)
        return self._known[scenario]


def _shown(scenario: Scenario) -> str:
    scripts = {**scenes.WHOLE, **scenes.STRUCK}
    name = next((name for name, script in scripts.items() if script == scenario.script), "")
    words = [name, *map(str, scenario.injections), *([f"seed {scenario.seed}"] if scenario.seed else [])]
    return " ".join(words)


def _difference(ours: list[str], theirs: list[str]) -> str:
    """Return the first two lines that are not the same."""
    for one, other in zip([*ours, "the end"], [*theirs, "the end"], strict=False):
        if one != other:
            return f"{one[:100]} | {other[:100]}"
    return ""
