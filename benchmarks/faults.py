"""The fault harness: every point of a script killed and stopped, and runs that are played again.

The yardstick of a run on the stage is the same script in a pipe, without a stage, in real time.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.errors import BenchmarkError, Mismatch
from benchmarks.figures import INFINITE, Figure, limited
from benchmarks.progress import Stages
from bstinspect.faults.harness import Explorer, Plan, Pool, injection
from bstinspect.faults.run import Scenario
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from bstinspect.faults.run import Exploration, Run

SCENARIO: Final = Path(__file__).parents[1] / "examples" / "faults" / "four-nodes.txt"
_SECONDS: Final = 120.0
_REPLAYS: Final = 100
_FAULTS: Final = ("", "30.1:send(exec-reply)#1@entry=kill", "20.1:send(exec)#1@exit=stop:200ms")
"""What is played again: nothing, a death, a stop that ends."""
_SEEDS: Final = (0, 7)
_PIPES: Final = 5


def run(*, quick: bool) -> tuple[list[Figure], dict[str, object]]:
    """Explore, and play again; return figures and details.

    Raises Mismatch where an invariant is violated, or where a run that is played again is another.
    """
    lines = SCENARIO.read_text().splitlines()
    scenario = Scenario(tuple(line for line in lines if line and not line.startswith("#")))
    with Pool() as pool, Stages() as stages:
        stages.stage("every point of four nodes and eight commands, one by one", 1)
        single = _explored(pool, Plan(scenario, follows=False, prunes=False, sample=40 if quick else None))
        stages.stage("the same, and every point that a fault opens", 1)
        whole = _explored(pool, Plan(scenario, sample=40 if quick else None))
        stages.stage("scenarios played again", len(_FAULTS) * len(_SEEDS))
        again = _replayed(pool, scenario, stages, 10 if quick else _REPLAYS)
    if again < 100:
        raise Mismatch(f"faults: {again:.4g}% of the runs that were played again were like the first")
    piped = _piped(scenario)
    each = single.seconds * single.processors / len(single.outcomes)
    figures = [
        limited("points killed and stopped, one by one", len(single.outcomes), "runs"),
        limited("… time", single.seconds, "s", _SECONDS),
        Figure("… a run", each, each, "s", f"a pipe, no stage {piped:.3g} s", each / piped, INFINITE),
        limited("with those that faults open", whole.points, "pairs"),
        limited("… of them run", sum(not one.like for one in whole.outcomes), "runs"),
        limited("… time", whole.seconds, "s"),
        limited("replays like the first, of those played", again, "%"),
    ]
    return figures, {"processors": single.processors, "points": len(single.golden.points)}


def _explored(pool: Pool, plan: Plan) -> Exploration:
    exploration = Explorer(pool, plan).explore()
    wrong = [one for one in exploration.outcomes if not one.is_sound]
    if wrong:
        raise Mismatch(f"faults: {len(wrong)} outcomes are not sound, the first at {wrong[0].injections}")
    return exploration


def _replayed(pool: Pool, scenario: Scenario, stages: Stages, times: int) -> float:
    """Return how many percent of the runs of each scenario were as its first one."""
    number = same = 0
    for seed in _SEEDS:
        for text in _FAULTS:
            faults = (injection(text),) if text else ()
            asked = msgspec.structs.replace(scenario, injections=faults, seed=seed)
            seen = [_transcript(each.run) for _, each in pool.play_all(Task(asked) for _ in range(times))]
            same += seen.count(seen[0])
            number += 1
            stages.at(number)
    return 100 * same / (number * times)


def _transcript(run: Run | None) -> bytes:
    """Return all that must be the same: replies, messages, points, and what was left."""
    if run is None:
        raise BenchmarkError("faults: a run could not be played")
    return msgspec.json.encode((run.replies, run.messages, run.points, run.left, run.status, run.trouble))


def _piped(scenario: Scenario) -> float:
    """Return the seconds that the script takes in a pipe."""
    text = "\n".join(scenario.script).encode()
    seconds = []
    for _ in range(_PIPES):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-P", "-m", "bstcluster"], input=text, capture_output=True, check=True
        )
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds)
