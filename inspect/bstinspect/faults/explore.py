"""Every point by every fault, each on a cluster of its own, side by side on all CPUs; and what that opens."""

from __future__ import annotations

import random
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from bstinspect.errors import InspectError
from bstinspect.faults.invariants import OURS, judge
from bstinspect.faults.run import Exploration, Injection, Outcome, Run, Scenario
from bstinspect.faults.selection import Selection, after, equals, is_of_process
from bstinspect.faults.worker import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bstinspect.faults.address import Address
    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.pool import Pool
    from bstinspect.faults.worker import Answer


class ExploreError(InspectError):
    """An exploration cannot begin."""


class Plan(msgspec.Struct, frozen=True):
    """What is to be explored, and how far."""

    scenario: Scenario
    """Without a fault."""
    selection: Selection = Selection()
    budget: float | None = None
    """Seconds after which no further run is begun."""
    shard: tuple[int, int] | None = None
    """``(2, 8)``: the second of eight parts."""
    only: tuple[Address, ...] = ()
    """Points asked for by address; without any, all that the selection fits."""
    follows: bool = True
    """Whether points that only a fault opens are visited too, until there are no new ones."""
    pairs: bool = False
    """Whether a second fault is put at every later point of each run."""
    sample: int | None = None
    """No more than so many runs, chosen by the seed."""
    prunes: bool = True
    """Whether points that nothing observable tells apart are visited once."""


class Explorer:
    """One exploration."""

    def __init__(
        self,
        pool: Pool,
        plan: Plan,
        invariants: Sequence[Invariant] = OURS,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """`on_progress` is told how many runs are done, and how many are known of."""
        self._pool = pool
        self._plan = plan
        self._invariants = invariants
        self._on_progress = on_progress
        self._waiting: deque[tuple[Injection, ...]] = deque()
        self._outcomes: list[Outcome] = []
        self._known: set[Address] = set()
        """Points that were seen in any run so far."""
        self._listed = 0
        self._asked = 0
        """Of those listed, how many belong to our shard."""
        self._begun = 0
        self._done = 0
        self._until = float("inf")

    def explore(self) -> Exploration:
        """Play the golden run, then all others. Raises PoolError, ExploreError."""
        plan, began = self._plan, time.monotonic()
        if plan.budget is not None:
            self._until = began + plan.budget
        golden = golden_run(self._pool, plan.scenario)
        without = verdict(golden, self._invariants)
        if not without.is_sound:
            self._outcomes.append(without)
        self._list(golden, ())
        if not self._listed and without.is_sound:
            raise ExploreError("no crash point of this script is one of those asked for")
        for task, answer in self._pool.play_all(self._tasks()):
            self._take(task.scenario.injections, answer)
        self._look_for_missing()
        self._outcomes.sort(key=lambda each: (len(each.injections), each.injections))
        return Exploration(
            plan.scenario.script,
            plan.scenario.seed,
            "/".join(map(str, plan.shard or ())),
            golden,
            tuple(each.name for each in self._invariants),
            tuple(self._outcomes),
            time.monotonic() - began,
            self._pool.processors,
            self._asked,
            len(self._waiting),
        )

    def _tasks(self) -> Iterator[Task]:
        """Give out what is waiting; more may come as runs end, so the end is never final."""
        plan = self._plan
        chance = random.Random(plan.scenario.seed)  # noqa: S311 - no secret
        while self._waiting and time.monotonic() < self._until:
            if plan.sample is not None:
                if self._begun == plan.sample:
                    return
                self._waiting.rotate(-chance.randrange(len(self._waiting)))
            self._begun += 1
            yield Task(msgspec.structs.replace(plan.scenario, injections=self._waiting.popleft()))

    def _take(self, injections: tuple[Injection, ...], answer: Answer) -> None:
        self._done += 1
        run = answer.run
        if run is None:
            self._outcomes.append(Outcome(injections, error=answer.error))
        else:
            self._outcomes.append(verdict(run, self._invariants))
            if not run.unfired and self._plan.follows:
                self._list(run, injections)
            if not run.unfired and self._plan.pairs and len(injections) == 1:
                self._pair(run, injections)
        if self._on_progress is not None:
            known, sample = self._begun + len(self._waiting), self._plan.sample
            self._on_progress(self._done, known if sample is None else min(known, sample))

    def _list(self, run: Run, before: tuple[Injection, ...]) -> None:
        """Put a fault at each point of a run that was not seen before."""
        new = [each for each in run.points if each.at not in self._known]
        self._known |= {each.at for each in new}
        like = equals(run.points) if self._plan.prunes else {}
        for passed in new:
            if not self._is_wanted(passed.at):
                continue
            for injection in self._plan.selection.injections(passed.at):
                self._ask((*before, injection), like)

    def _look_for_missing(self) -> None:
        """A point that was asked for by its address and never came is no success. Raises ExploreError."""
        if self._waiting or self._plan.shard:  # a run that was not ours may come to it
            return
        for asked in self._plan.only:
            if not any(asked.fits(each) for each in self._known):
                raise ExploreError(f"no run came to {asked}")

    def _is_wanted(self, at: Address) -> bool:
        only = self._plan.only
        return any(each.fits(at) for each in only) if only else self._plan.selection.fits(at)

    def _pair(self, run: Run, injections: tuple[Injection, ...]) -> None:
        """Put a second fault at every later point, in an order that the seed decides."""
        later = [each.at for each in after(run, injections[0]) if self._is_wanted(each.at)]
        random.Random(self._plan.scenario.seed).shuffle(later)  # noqa: S311 - no secret
        for at in later:
            for injection in self._plan.selection.injections(at):
                self._ask((*injections, injection), {})

    def _ask(self, injections: tuple[Injection, ...], like: dict[Address, Address]) -> None:
        """Note what is to be run; a point that is like another is left to that one."""
        part, parts = self._plan.shard or (0, 1)
        if len(injections) == 1:  # what a run of ours opens is ours
            self._listed += 1
            if self._listed % parts != part % parts:
                return
        self._asked += 1
        last = injections[-1]
        other = like.get(last.at)
        if other is not None and is_of_process(last.fault) and self._is_wanted(other):
            same = (*injections[:-1], Injection(other, last.fault))
            self._outcomes.append(Outcome(injections, like=same))
            return
        self._waiting.append(injections)


def golden_run(pool: Pool, scenario: Scenario) -> Run:
    """Play a scenario without a fault. Raises PoolError, ExploreError."""
    answer = pool.play(Task(scenario))
    if answer.run is None:
        raise ExploreError(f"the run without a fault: {answer.error}")
    return answer.run


def verdict(run: Run, invariants: Iterable[Invariant]) -> Outcome:
    """Judge a run."""
    missed = ", ".join(str(each) for each in run.unfired)
    violations = judge(run, tuple(invariants))
    outcome = Outcome(run.scenario.injections, violations, error=f"did not fire: {missed}" if missed else "")
    return outcome if outcome.is_sound else msgspec.structs.replace(outcome, run=run)
