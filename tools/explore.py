"""Explore the sound cluster with scripts that chance has written: all must hold (`make explore`).

    python tools/explore.py [--runs 3000] [--seed 1] [--jobs 0]

Each script has up to seven nodes and a dozen commands, and is played with another seed and other faults. What
is found is shrunk and printed with the command that plays it again; then the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time

import msgspec

from bstinspect.faults.harness import Explorer, Plan, Pool, shrunk
from bstinspect.faults.progress import progress
from bstinspect.faults.run import Scenario
from bstinspect.faults.selection import Selection

RUNS_EACH = 40
"""Runs of one script."""
FAULTS = (
    "kill,stop", "kill,stop:200ms", "stop,signal:TERM", "delay:300ms,kill", "drop,twice,truncate", "kill",
    "stop:700ms,delay:1200ms", "no-descriptors,disk-full", "errno:EINTR,errno:ECONNRESET",
)  # fmt: skip
IDS = (50, 25, 75, 10, 30, 60, 90, -7, 0, 2**40)


def script(chance: random.Random) -> tuple[str, ...]:
    """Write a script: nodes first, then anything."""
    nodes = chance.sample(IDS, chance.randint(2, 7))
    lines = [f"create {node}" for node in nodes]
    for _ in range(chance.randint(3, 7)):
        node = chance.choice(nodes)
        numbers = [chance.randint(-(10**6), 10**6) for _ in range(chance.randint(1, 5))]
        lines.append(
            chance.choice(
                (
                    f"exec {node} {len(numbers)} {' '.join(map(str, numbers))}",
                    f"exec {node} {len(numbers)} {' '.join(map(str, numbers))}",
                    "pingall",
                    f"create {node}",
                    f"kill {node}",
                    f"crash {node}",
                    f"stop {node}",
                    f"cont {node}",
                    f"exec {node} 2 1",
                )
            )
        )
    return tuple(lines)


def main() -> int:
    """Explore until so many runs were made; return 1 where something was found wrong."""
    parser = argparse.ArgumentParser(description="Explore the sound cluster with scripts made by chance.")
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=0)
    options = parser.parse_args()
    done = wrong = scripts = 0
    began = time.monotonic()
    with Pool(options.jobs) as pool, progress(visible=os.isatty(2)) as show:
        while done < options.runs:
            seed = options.seed * 1_000_003 + scripts
            chance = random.Random(seed)  # noqa: S311 - no secret
            plan = Plan(
                Scenario(script(chance), (), scripts),
                Selection.parse(
                    chance.choice(("*", "*", "*,keeper,controller")), faults=FAULTS[scripts % len(FAULTS)]
                ),
                sample=min(RUNS_EACH, options.runs - done),
            )
            exploration = Explorer(pool, plan).explore()
            scripts += 1
            done += sum(not each.like for each in exploration.outcomes)
            show(done, options.runs)
            for outcome in [each for each in exploration.outcomes if not each.is_sound][:1]:
                wrong += 1
                failing = msgspec.structs.replace(plan.scenario, injections=outcome.injections)
                found = shrunk(outcome, failing, pool)
                reasons = [f"{each.invariant}: {each.text}" for each in found.outcome.violations]
                print("\n".join([*(reasons or [outcome.error]), found.command, ""]), flush=True)
    seconds = time.monotonic() - began
    print(f"{done} runs of {scripts} scripts in {seconds:.0f} s; something is wrong in {wrong or 'none'}")
    return 1 if wrong or not done else 0


if __name__ == "__main__":
    sys.exit(main())
