"""What the plugin keeps of one pytest session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from bstinspect.faults.plugin.options import Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    from bstinspect.faults.plugin.clusters import DirectedCluster, PlayedCluster
    from bstinspect.faults.plugin.playing import Playing
    from bstinspect.faults.run import Injection, Outcome, Scenario

    AnyCluster: TypeAlias = PlayedCluster | DirectedCluster

MOST_SHRUNK: Final = 3
"""So many different failures are made smaller."""


class FaultSession:
    """Settings, workers and counts."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises pytest.UsageError."""
        self.settings: Settings = read_settings(config)
        self._config = config
        self._playing: Playing | None = None
        self.problems: list[str] = []
        """Misuse that was found at collection, a line each."""
        self.tests = 0
        self.points = 0
        self.faults = 0
        self.pruned = 0
        self.told = ""
        """With xdist: the summary that a worker has sent."""
        self.shrunk: set[tuple[str, ...]] = set()

    @property
    def playing(self) -> Playing:
        """The workers: started when they are needed."""
        if self._playing is None:
            from bstinspect.faults.plugin.playing import Playing

            self._playing = Playing(getattr(self._config, "workerinput", {}).get("workerid", ""))
        return self._playing

    @property
    def directory(self) -> Path | None:
        """Where failing faults are kept; None where there is no place."""
        if self.settings.save is not None:
            return self.settings.save
        cache = getattr(self._config, "cache", None)
        return None if cache is None else cache.mkdir("faults")

    def shrinks(self, outcome: Outcome) -> bool:
        """Tell whether a failure is to be made smaller: the first ones of a kind."""
        kind = tuple(sorted({each.invariant for each in outcome.violations}))
        if not self.settings.shrink or not kind or kind in self.shrunk or len(self.shrunk) == MOST_SHRUNK:
            return False
        self.shrunk.add(kind)
        return True

    def count(self, faults: list[tuple[Injection, ...]], pruned: int) -> None:
        """Note what a test has."""
        self.tests += 1
        self.points += len({tuple(each.at for each in injections) for injections in faults})
        self.faults += len(faults)
        self.pruned += pruned

    def summary(self) -> str:
        """Return what was listed, in one line; empty where no test has crash points."""
        if not self.tests:
            return ""
        text = f"faults: {self.faults} at {self.points} points"
        whole = self.faults + self.pruned
        if self.pruned:
            share = 100 * self.pruned / whole
            text += (
                f", {self.pruned} of {whole} left out as like others ({share:.0f}%; --fault-all keeps them)"
            )
        return text

    def close(self) -> None:
        """End all workers."""
        if self._playing is not None:
            self._playing.close()
            self._playing = None


SESSION: Final[pytest.StashKey[FaultSession]] = pytest.StashKey()
CLUSTER: Final[pytest.StashKey[AnyCluster]] = pytest.StashKey()
"""Of an item: the cluster that is to be looked at when the test's body is over."""
FAULT: Final[pytest.StashKey[Scenario]] = pytest.StashKey()
"""Of an item: what it plays."""
