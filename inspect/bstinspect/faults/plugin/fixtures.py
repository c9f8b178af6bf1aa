"""The fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.faults.plugin.reporting import BUDGET
from bstinspect.faults.plugin.session import CLUSTER, FAULT, SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.plugin.aiming import Faults
    from bstinspect.faults.plugin.clusters import DirectedCluster, PlayedCluster
    from bstinspect.faults.plugin.leaking import Leaks
    from bstinspect.faults.plugin.supervised import Supervised

SCRIPT = (
    "create 20",
    "create 10",
    "create 30",
    "create 25",
    "exec 25 3 1 2 3",
    "exec 10 2 4 5",
    "pingall",
    "kill 30",
)
"""Four nodes, eight commands: what is played where a test has no script of its own."""


@pytest.fixture
def script() -> list[str]:
    """Command lines for tests with crash points. Override it; it takes no other fixture."""
    return list(SCRIPT)


@pytest.fixture
def invariants() -> list[Invariant]:
    """What must hold in every run, ours by default. Override it, as by ``[*OURS, Invariant(...)]``."""
    from bstinspect.faults.invariants import OURS

    return list(OURS)


@pytest.fixture
def leaks(request: pytest.FixtureRequest) -> Iterator[Leaks]:
    """Fail a test that leaves a process, a zombie, a socket directory or a descriptor behind."""
    from bstinspect.faults.plugin.leaking import Leaks

    leaks = Leaks(request.config.stash[SESSION].playing)
    yield leaks
    left = leaks.found()
    if left:
        pytest.fail(f"left behind: {'; '.join(left)}", pytrace=False)


@pytest.fixture
def cluster(request: pytest.FixtureRequest, leaks: Leaks) -> Iterator[PlayedCluster | DirectedCluster]:
    """A cluster on the stage, where time and order are given; see docs/fault-testing.md.

    In a test with crash points it plays the script with the test's fault, and is judged by the invariants at
    the end at the latest. In any other test it is led by ``cluster.say("create 10")``.
    """
    from bstinspect.faults.plugin.clusters import DirectedCluster, PlayedCluster

    session, item = request.config.stash[SESSION], request.node
    scenario = item.stash.get(FAULT, None)
    if scenario is None:
        seed = session.settings.chosen.get("seed") or session.settings.usual.get("seed") or 0
        directed = item.stash[CLUSTER] = DirectedCluster(session.playing.director(), int(seed))
        yield directed
        for left in directed.close():
            leaks.tell(left)
        return
    budget = session.settings.budget
    if budget is not None and session.playing.seconds > budget:
        pytest.skip(f"{BUDGET}{budget:g} s is used up")
    held = request.getfixturevalue("invariants")
    played = item.stash[CLUSTER] = PlayedCluster(scenario, session.playing.play, held)
    yield played


@pytest.fixture
def supervisor(
    leaks: Leaks,  # noqa: ARG001 - looks behind it
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Supervised]:
    """A real cluster under supervision, in real time: for deaths, verdicts and autopsies.

    It is not on the stage: a process has one tracer, and there that is the stage itself.
    """
    from bstinspect.faults.plugin.supervised import Supervised

    with Supervised(tmp_path_factory.mktemp("supervisor")) as supervised:
        yield supervised


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> Faults:
    """Faults for the test's cluster: ``faults.kill(20)``, ``faults.at("20:send(ping)@exit").kill()``."""
    from bstinspect.faults.plugin.aiming import Faults

    names = request.fixturenames
    real = "supervisor" in names and "cluster" not in names
    return Faults(request.getfixturevalue("supervisor" if real else "cluster"))
