"""The harness for programs and tests: play one scenario again, or explore a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.faults.custom import invariants_of
from bstinspect.faults.explore import Explorer, Plan, verdict
from bstinspect.faults.invariants import OURS
from bstinspect.faults.pool import Pool
from bstinspect.faults.run import Outcome, Scenario, Smallest
from bstinspect.faults.selection import injection
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bstinspect.faults.invariants import Invariant


__all__ = ["Explorer", "Plan", "Pool", "injection", "outcome_of", "replay", "shrunk"]


def replay(
    script: Sequence[str],
    faults: Sequence[str] = (),
    seed: int = 0,
    invariants: Sequence[Invariant] | None = None,
    pool: Pool | None = None,
    *,
    command: Sequence[str] = (),
    driver: str = "",
) -> Outcome:
    """Play a scenario and judge it; the outcome keeps its run. Raises UsageError, DriverError, PoolError.

    `command` is the program, in place of our cluster; `driver` a conversation, ``module:Class``. Without
    `invariants` those of the driver are asked, else ours.
    """
    scenario = Scenario(tuple(script), tuple(map(injection, faults)), seed, tuple(command), driver)
    held = invariants_of(driver) if invariants is None else invariants
    if pool is not None:
        return outcome_of(scenario, pool, held)
    with Pool(1) as own:
        return outcome_of(scenario, own, held)


def outcome_of(scenario: Scenario, pool: Pool, invariants: Sequence[Invariant] = OURS) -> Outcome:
    """Play a scenario with a pool's workers, and judge it; the outcome keeps its run. Raises PoolError."""
    answer = pool.play(Task(scenario))
    if answer.run is None:
        return Outcome(scenario.injections, error=answer.error)
    found = verdict(answer.run, invariants)
    return Outcome(found.injections, found.violations, answer.run, error=found.error)


def shrunk(
    outcome: Outcome, scenario: Scenario, pool: Pool, invariants: Sequence[Invariant] = OURS
) -> Smallest:
    """Return the smallest scenario found that fails like `scenario`, whose outcome is known.

    Raises PoolError.
    """
    from bstinspect.faults.shrink import as_test, one_line, shrink

    def fails(smaller: Scenario) -> Outcome | None:
        found = outcome_of(smaller, pool, invariants)
        return None if found.is_sound else found

    found = shrink(scenario, fails)
    if found is not None:
        return found
    return Smallest(outcome, scenario, one_line(scenario), as_test(scenario, outcome), 0)
