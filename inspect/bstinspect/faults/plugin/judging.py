"""The end of a test: its cluster is played or ended, judged, and a failure told and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bstinspect.faults.invariants import judge
from bstinspect.faults.plugin.clusters import DirectedCluster, PlayedCluster, judged
from bstinspect.faults.plugin.failing import told
from bstinspect.faults.plugin.keeping import Kept, keep
from bstinspect.faults.plugin.session import SESSION
from bstinspect.faults.run import Outcome
from bstinspect.faults.shrink import one_line, shrink

if TYPE_CHECKING:
    from pathlib import Path

    from bstinspect.faults.plugin.session import FaultSession
    from bstinspect.faults.run import Run, Scenario, Smallest


def look_at(item: pytest.Function, cluster: PlayedCluster | DirectedCluster) -> None:
    """Fail the test where its cluster has not survived."""
    if isinstance(cluster, PlayedCluster):
        _look_at_played(item, cluster)
    else:
        _look_at_directed(item, cluster)


def _look_at_played(item: pytest.Function, cluster: PlayedCluster) -> None:
    outcome, session = cluster.play(), item.config.stash[SESSION]
    if outcome.is_sound:
        return
    scenario = cluster.scenario
    smallest = _shrunk(cluster, session) if session.shrinks(outcome) else None
    kept = _kept(item.nodeid, scenario, outcome, session)
    golden = _without_fault(cluster, session)
    message = told(scenario, outcome, item.nodeid, kept=kept, smallest=smallest, golden=golden)
    pytest.fail(message, pytrace=False)


def _look_at_directed(item: pytest.Function, cluster: DirectedCluster) -> None:
    run = cluster.end()
    if run is None:
        return
    missed = ", ".join(map(str, cluster.unfired))
    held: Any = item.funcargs.get("invariants")
    violations = judge(run, tuple(held)) if held else ()
    outcome = Outcome((), violations, run, error=f"did not fire: {missed}" if missed else _trouble(run))
    if not outcome.is_sound:
        pytest.fail(told(run.scenario, outcome, item.nodeid), pytrace=False)


def _trouble(run: Run) -> str:
    """Return how a run ended that nobody has made end so."""
    struck = any(each.who in ("controller", "keeper") for each in run.fired)
    return f"it came to no end: {run.trouble}" if run.trouble and not struck else ""


def _kept(test: str, scenario: Scenario, outcome: Outcome, session: FaultSession) -> Path | None:
    """Keep a failure as a file, where that can be."""
    kept = Kept(test, scenario, outcome.violations, outcome.error, one_line(scenario))
    try:
        directory = session.directory
        return None if directory is None else keep(directory, kept)
    except OSError:  # a full disk costs the file, not the message
        return None


def _without_fault(cluster: PlayedCluster, session: FaultSession) -> Outcome:
    scenario = msgspec.structs.replace(cluster.scenario, injections=())
    return judged(scenario, session.playing.play(scenario), cluster.invariants)


def _shrunk(cluster: PlayedCluster, session: FaultSession) -> Smallest | None:
    def fails(scenario: Scenario) -> Outcome | None:
        outcome = judged(scenario, session.playing.play(scenario), cluster.invariants)
        return None if outcome.is_sound else outcome

    return shrink(cluster.scenario, fails)
